// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Requests to disks", .serialized, .needsRoot, .needsLoopDevices)
struct DiskTests {
  private func perform(_ cause: DiskCause, on image: DiskImage) throws -> DoneCause {
    if let option = cause.mountOption {
      try shell("mount -o remount,\(option) \(image.mountPoint)")
    }
    var before = 0
    if !cause.before.isEmpty {
      let process = try PythonProcess(in: image.mountPoint)
      before = Int(process.pid)
      try process.end(cause.before)
    }
    try shell("sync -f \(image.mountPoint)")
    let culprit = try PythonProcess(
      in: image.mountPoint, "os.environ['DEVICE'] = '\(image.device)'")
    let third = try PythonProcess(in: image.mountPoint)
    let begin = Date().timeIntervalSince1970
    if cause.isLast { try culprit.end(cause.act) } else { try culprit.run(cause.act) }
    try third.run(cause.after)
    try shell("sync -f \(image.mountPoint)")
    let end = Date().timeIntervalSince1970
    if !cause.isLast { try culprit.end() }
    try third.end()
    return DoneCause(
      cause: cause, before: before, culprit: Int(culprit.pid), third: Int(third.pid), begin: begin,
      end: end)
  }

  private func shown(_ trace: Trace) throws -> [ShownRequest] {
    try zip(trace.objects(), trace.lines).compactMap { ShownRequest($0, line: $1) }
  }

  @Test("have their process, their file and their cause", arguments: DiskImage.FileSystem.allCases)
  func causes(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount()
      try PythonProcess(in: image.mountPoint, DiskCause.files).end()
      try image.unmount()
      var done: [DoneCause] = []
      let before = try image.settledStatistics()
      let trace = try Trace.of(["--disk", "--json", "-tt", "--device", image.device]) {
        try image.mount()
        done = try DiskCause.all.map { try perform($0, on: image) }
        try image.unmount()
      }
      let after = try image.settledStatistics()
      #expect(trace.ended.status == 0, trace.description)
      let shown = try shown(trace)
      expectBlame(shown, done, in: image.mountPoint, of: fileSystem, trace)
      try expectSums(trace, zip(before, after).map { $1 - $0 })
    }
  }

  /// Expects the right process and file for at least 19 of 20. The rest must be unknown: no process
  /// is blamed and no file is shown by guess.
  private func expectBlame(
    _ shown: [ShownRequest], _ done: [DoneCause], in directory: String,
    of fileSystem: DiskImage.FileSystem,
    _ trace: Trace
  ) {
    let missing = done.filter { !$0.isShown(shown, in: directory, of: fileSystem) }
    #expect(
      missing.count * 20 <= done.count,
      "\(missing.map { "\($0.cause.name) by \($0.culprit), third \($0.third)" })\n\(trace)")
    for (index, one) in done.enumerated() {
      let wrong = shown.filter {
        $0.time >= one.begin && $0.time <= one.end
          && one.isWrong($0, in: directory, earlier: Array(done[..<index]))
      }
      #expect(
        wrong.isEmpty, "\(one.cause.name) by \(one.culprit), third \(one.third): \(wrong)\n\(trace)"
      )
    }
  }

  /// Compares bytes with those that the disk has counted. The disk splits requests that are longer
  /// than its limit, and counts the parts.
  private func expectSums(_ trace: Trace, _ counted: [Int], on name: String? = nil) throws {
    var bytes: [String: Int] = [:]
    var requests: [String: Int] = [:]
    for record in try trace.objects() {
      guard let disk = record["disk"] as? String,
        name == nil || record["device_name"] as? String == name
      else { continue }
      bytes[disk, default: 0] += record["bytes"] as? Int ?? 0
      requests[disk, default: 0] += record["requests"] as? Int ?? 0
    }
    #expect(bytes["read"] ?? 0 == counted[2] * 512, trace.description)
    #expect(bytes["write"] ?? 0 == counted[6] * 512, trace.description)
    #expect(bytes["discard"] ?? 0 == counted[13] * 512, trace.description)
    // The disk counts a flush without data as a write. A request that was merged with another one
    // counts, too.
    let writes = (requests["write"] ?? 0) + (requests["flush"] ?? 0)
    #expect(requests["read"] ?? 0 <= counted[0] + counted[1], trace.description)
    #expect(writes <= counted[4] + counted[5], trace.description)
  }

  @Test("a request to a loop device counts once there and once at the disk below")
  func layers() throws {
    try Scratch.directory { directory in
      let outer = try DiskImage(in: directory, .ext4)
      try outer.mount()
      try shell("mkdir \(outer.mountPoint)/below")
      let inner = try DiskImage(in: "\(outer.mountPoint)/below", .ext4)
      try inner.mount()
      let writer = try PythonProcess(in: inner.mountPoint)
      try shell("sync -f \(inner.mountPoint) && sync -f \(outer.mountPoint)")
      let disks = [outer, inner]
      let before = try disks.map { try $0.settledStatistics() }
      let trace = try Trace.of(["--disk", "--json"]) {
        try writer.run(#"open("file", "wb").write(os.urandom(1 << 18))"#)
        try shell("sync -f \(inner.mountPoint) && sync -f \(outer.mountPoint)")
      }
      let after = try disks.map { try $0.settledStatistics() }
      try writer.end()
      for (index, disk) in disks.enumerated() {
        let counted = zip(before[index], after[index]).map { $1 - $0 }
        try expectSums(trace, counted, on: disk.name)
        let files = try trace.objects().filter {
          $0["device_name"] as? String == disk.name && $0["pid"] as? Int == Int(writer.pid)
        }.compactMap { $0["path"] as? String }
        let file = index == 0 ? "\(inner.directory)/image" : "\(inner.mountPoint)/file"
        #expect(files.contains(file), "\(disk.name): \(files) \(trace)")
      }
    }
  }

  @Test("writeback has the process that wrote the data, and the age of the data")
  func writeback() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount("-o commit=300")
      let options = ["--disk", "--json", "-n", "1", "-f", "W", "--under", image.mountPoint]
      let tracing = try Tracing(options)
      let writer = try PythonProcess(in: image.mountPoint, #"open("file", "w").write("x" * 5000)"#)
      let trace = try tracing.end()
      let record = try #require(trace.objects().first, trace.description)
      #expect(record["pid"] as? Int == Int(writer.pid), trace.description)
      #expect(record["path"] as? String == "\(image.mountPoint)/file", trace.description)
      // Another process may sync all file systems meanwhile.
      let causes: Set<String?> = ["writeback", "sync"]
      #expect(causes.contains(record["cause"] as? String), trace.description)
      let isEarly = record["cause"] as? String == "sync"
      #expect(isEarly || record["age"] as? Double ?? 0 > 1, trace.description)
      #expect(record["by"] != nil, trace.description)
      #expect(record["certainty"] == nil, trace.description)
    }
  }

  @Test(
    "a process that adds to a dirty page is shown too, or that there may be others",
    arguments: [DiskImage.FileSystem.ext4, .xfs, .btrfs],
    ["mine = f", #"mine = os.open("file", os.O_WRONLY | os.O_APPEND)"#])
  func secondWriter(fileSystem: DiskImage.FileSystem, opening: String) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount()
      let first = try PythonProcess(
        in: image.mountPoint,
        """
        f = os.open("file", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        wait, go = os.pipe()
        other = os.fork()
        if other == 0:
          \(opening)
          os.read(wait, 1)
          os.write(mine, b"x" * 500)
          os._exit(0)
        open("other", "w").write(str(other))
        """)
      try shell("sync -f \(image.mountPoint)")
      let other = try String(contentsOfFile: "\(image.mountPoint)/other", encoding: .ascii)
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        // Write more than a file system keeps in its metadata, one process directly after the
        // other.
        try first.run(#"os.write(f, b"x" * 7000); os.write(go, b"x"); os.waitpid(other, 0)"#)
        try shell("sync -f \(image.mountPoint)")
      }
      let data = try trace.objects().filter {
        ["sync", "writeback"].contains($0["cause"] as? String ?? "")
      }
      #expect(!data.isEmpty, trace.description)
      #expect(data.allSatisfy { $0["certainty"] as? String == "likely" }, trace.description)
      let writers = [Int(first.pid), Int(other)]
      #expect(data.allSatisfy { writers.contains($0["pid"] as? Int ?? 0) }, trace.description)
    }
  }

  @Test(
    "what a journal writes by itself has a process that changed something",
    arguments: [DiskImage.FileSystem.ext4, .btrfs])
  func journal(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount("-o commit=1")
      let process = try PythonProcess(in: image.mountPoint)
      try shell("sync -f \(image.mountPoint)")
      let before = try image.statistics()[4]
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        try process.run(#"os.mkdir("directory")"#)
        try waitUntil("the journal is written") { (try? image.statistics()[4]) ?? 0 > before }
      }
      let written = try trace.objects().filter { $0["disk"] as? String == "write" }
      #expect(!written.isEmpty, trace.description)
      let thread = fileSystem == .ext4 ? "jbd2/\(image.name)-8" : "btrfs-transacti"
      for record in written {
        #expect(record["pid"] as? Int == Int(process.pid), trace.description)
        let by = record["by"] as? [String: Any]
        #expect(by?["comm"] as? String == thread, trace.description)
        #expect(record["certainty"] as? String == "likely", trace.description)
      }
    }
  }

  @Test(
    "an asynchronous direct access has the process that asked for it",
    arguments: [(nil, "raw"), (.ext4, "direct"), (.xfs, "direct")]
      as [(DiskImage.FileSystem?, String)])
  func asynchronous(fileSystem: DiskImage.FileSystem?, cause: String) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      if fileSystem != nil { try image.mount() }
      let path = fileSystem == nil ? image.device : "\(image.mountPoint)/file"
      // Requests of one bio, and of several.
      let sizes = [4096, 1 << 22]
      let process = try PythonProcess(
        in: directory,
        """
        import ctypes, mmap, platform, struct
        # As include/uapi/linux/aio_abi.h has it.
        io_setup, io_submit, io_getevents = (206, 209, 208) if platform.machine() == "x86_64" else (0, 2, 4)
        syscall = ctypes.CDLL(None).syscall
        file = os.open("\(path)", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
        memory = mmap.mmap(-1, 1 << 22)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        context = ctypes.c_ulong()
        syscall(io_setup, 1, ctypes.byref(context))
        def access(operation, size):
          block = ctypes.create_string_buffer(
            struct.pack("QIIHHIQQqQII", 0, 0, 0, operation, 0, file, address, size, 0, 0, 0, 0))
          blocks = (ctypes.c_void_p * 1)(ctypes.addressof(block))
          assert syscall(io_submit, context, 1, blocks) == 1
          assert syscall(io_getevents, context, 1, 1, ctypes.create_string_buffer(32), None) == 1
        access(1, 1 << 22)
        """)
      try shell("sync")
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        try process.run(sizes.map { "access(0, \($0)); access(1, \($0))" }.joined(separator: "\n"))
      }
      try process.end()
      for disk in ["read", "write"] {
        let shown = try shown(trace).filter {
          $0.disk == disk && $0.pid == process.pid && $0.cause == cause && $0.path == path
        }
        #expect(
          shown.map(\.bytes).reduce(0, +) == sizes.reduce(0, +), "\(disk): \(trace.description)")
      }
    }
  }

  @Test("a request takes no longer than the call that waits for it: whole, split, a flush")
  func latency() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      var pid = 0
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        let process = try PythonProcess(
          in: directory,
          """
          import mmap, time
          node = os.open("\(image.device)", os.O_RDWR | os.O_DIRECT)
          def timed(call):
            begin = time.monotonic()
            call()
            print(time.monotonic() - begin, file=open("seconds", "a"))
          timed(lambda: os.preadv(node, [mmap.mmap(-1, 4096)], 0))
          timed(lambda: os.preadv(node, [mmap.mmap(-1, 8 << 20)], 0))
          timed(lambda: os.fsync(node))
          """)
        pid = Int(process.pid)
        try process.end()
      }
      let seconds = try String(contentsOfFile: "\(directory)/seconds", encoding: .ascii)
        .split(separator: "\n").compactMap { Double($0) }
      let own = try trace.objects().filter { $0["pid"] as? Int == pid }
      let latencies = own.compactMap { $0["latency"] as? Double }
      #expect(
        Set(own.compactMap { $0["disk"] as? String }) == ["read", "flush"], trace.description)
      #expect(latencies.count == own.count && seconds.count == 3, trace.description)
      // A line can stand for several requests: it has the longest latency.
      #expect(
        latencies.allSatisfy { $0 > 0 && $0 <= seconds.max() ?? 0 }, "\(seconds): \(trace)")
    }
  }

  @Test("a request that has not ended is shown at the end, without latency")
  func unended() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      try FileManager.default.createDirectory(
        atPath: "\(image.mountPoint)/inner", withIntermediateDirectories: false)
      // The requests of the inner file system wait as long as the outer one is frozen.
      let inner = try DiskImage(in: "\(image.mountPoint)/inner", megabytes: 4)
      let writer = try PythonProcess(
        in: directory,
        """
        import mmap, threading
        node = os.open("\(inner.device)", os.O_WRONLY | os.O_DIRECT)
        write = threading.Thread(target=lambda: os.pwrite(node, mmap.mmap(-1, 4096), 0))
        """)
      let tracing = try Tracing(["--disk", "--json", "--device", inner.name])
      try shell("fsfreeze -f on", in: directory)
      defer { _ = try? shell("fsfreeze -u on", in: directory) }
      try writer.run("write.start()")
      try waitUntil("the request is at the device") { (try? inner.statistics()[8]) == 1 }
      let trace = tracing.stop()
      try shell("fsfreeze -u on", in: directory)
      try writer.run("write.join()")
      try writer.end()
      let written = try trace.objects().filter { $0["pid"] as? Int == Int(writer.pid) }
      #expect(written.count == 1 && written[0]["bytes"] as? Int == 4096, trace.description)
      #expect(written.allSatisfy { $0["latency"] == nil }, trace.description)
    }
  }

  @Test("swapping has the process whose memory goes, or comes back", .needsMemoryGroups)
  func swap() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let on = try shell("mkswap \(image.device) && swapon \(image.device)")
      try #require(on.status == 0, "\(on.errors)")
      defer { _ = try? shell("swapoff \(image.device)") }
      let group = try MemoryGroup()
      var pid = 0
      let trace = try Trace.of(["--disk", "--json", "--device", image.name]) {
        let process = try PythonProcess(
          in: directory,
          """
          import mmap
          open("\(group.directory)/cgroup.procs", "w").write(str(os.getpid()))
          memory = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE)
          memory.write(os.urandom(1 << 20))
          memory.madvise(21) # MADV_PAGEOUT
          """)
        pid = Int(process.pid)
        try waitUntil("memory is on the disk") {
          let counted = (try? image.statistics()) ?? []
          return counted.count > 8 && counted[6] * 512 >= 1 << 20 && counted[8] == 0
        }
        // Pages that were written stay in memory until it is reclaimed.
        try group.reclaim()
        try process.run("sum(memory[at] for at in range(0, 1 << 20, 4096))")
        try process.end()
      }
      let swapped = try shown(trace).filter { $0.pid == pid }
      #expect(swapped.allSatisfy { $0.cause == "swap" }, trace.description)
      let back = swapped.filter { $0.disk == "read" }
      #expect(back.map(\.bytes).reduce(0, +) == 1 << 20, trace.description)
      #expect(swapped.contains { $0.disk == "write" }, trace.description)
    }
  }

  @Test("the scope applies to the process, and to the file")
  func scope() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      try shell("mkdir inside outside", in: image.mountPoint)
      let wanted = try PythonProcess(in: image.mountPoint)
      let other = try PythonProcess(in: image.mountPoint)
      let trace = try Trace.of(
        ["--disk", "--json", "-p", "\(wanted.pid)", "--under", "\(image.mountPoint)/inside"]
      ) {
        try wanted.run(#"open("inside/wanted", "w").write("x" * 5000)"#)
        try wanted.run(#"open("outside/wanted", "w").write("x" * 5000)"#)
        try other.run(#"open("inside/other", "w").write("x" * 5000)"#)
        try other.run("os.sync()")
      }
      let data = try shown(trace).filter { ["sync", "writeback"].contains($0.cause) }
      #expect(data.count == 1, trace.description)
      #expect(data.first?.path == "\(image.mountPoint)/inside/wanted", trace.description)
      #expect(Set(try shown(trace).map(\.pid)) == [Int(wanted.pid)], trace.description)
    }
  }

  @Test(
    "wrong options are refused with the remedy",
    arguments: [
      (["--device", "nosuch"], 1 as Int32, "lsblk"),
      (["--disk", "--device", "/proc"], 1, "lsblk"),
      (["--disk", "--syscalls"], 64, "leave out"),
      (["--wakeups", "0"], 64, "above 0"),
    ])
  func errors(options: [String], status: Int32, remedy: String) throws {
    let ended = try run(Built.bfatrace, options)
    #expect(ended.status == status && ended.errors.contains(remedy), "\(ended)")
  }
}
