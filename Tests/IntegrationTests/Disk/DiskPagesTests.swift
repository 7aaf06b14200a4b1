// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Requests whose pages are not the page cache of their file, or that a kernel thread submits on
/// behalf of a process.
@Suite("Pages that are not the page cache's", .serialized, .needsRoot, .needsLoopDevices)
struct DiskPagesTests {
  /// An access, and the process that made it.
  private struct Made {
    let access: DiskAccess
    let pid: Int
  }

  private func make(_ access: DiskAccess, on image: DiskImage, _ names: String = "") throws -> Made
  {
    let process = try PythonProcess(
      in: image.mountPoint, "os.environ['DEVICE'] = '\(image.device)'\n" + names)
    if access.isLast { try process.end(access.act) } else { try process.run(access.act) }
    if !access.isLast { try process.end() }
    return Made(access: access, pid: Int(process.pid))
  }

  /// Expects that each access has its process, its file and its cause, and no other file.
  private func expect(
    _ made: [Made], in directory: String, _ trace: Trace,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let data = try trace.objects().filter {
      !["metadata", "journal", "atime", "flush", nil].contains($0["cause"] as? String)
    }
    for one in made {
      let path = one.access.file.map { "\(directory)/\($0)" }
      let own = data.filter { $0["pid"] as? Int == one.pid }
      let right = own.filter {
        $0["disk"] as? String == one.access.disk
          && $0["path"] as? String == path ?? $0["path"] as? String
          && one.access.causes.contains($0["cause"] as? String ?? "")
      }
      #expect(
        !right.isEmpty, "\(one.access.name) by \(one.pid): \(trace)", sourceLocation: sourceLocation
      )
      let files = Set(made.filter { $0.pid == one.pid }.compactMap(\.access.file)).map {
        "\(directory)/\($0)"
      }
      let wrong = own.filter {
        guard let shown = $0["path"] as? String, $0["cause"] as? String != "raw" else {
          return false
        }
        return !files.contains(shown)
      }
      #expect(
        wrong.isEmpty, "\(one.access.name) by \(one.pid): \(wrong)", sourceLocation: sourceLocation)
    }
  }

  @Test(
    "requests for compressed, encrypted and asynchronous data have their file",
    arguments: DiskLayout.all.map(\.name))
  func layouts(name: String) throws {
    let layout = try #require(DiskLayout.all.first { $0.name == name })
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      try makeDirectories("source", in: directory)
      let isWritable = !layout.prepare.isEmpty
      if !isWritable { try PythonProcess(in: "\(directory)/source", DiskLayout.files).end() }
      let ended = try shell("DEVICE=\(image.device); \(layout.make) >&2", in: directory)
      if ended.status != 0 { try skip("\(layout.make): \(ended.errors)") }
      try image.mount(layout.options)
      if isWritable {
        try PythonProcess(in: image.mountPoint).end(layout.prepare)
        try shell("sync -f on; echo 1 > /proc/sys/vm/drop_caches", in: directory)
      }
      var made: [Made] = []
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        made = try layout.accesses.map { try make($0, on: image) }
      }
      try expect(made, in: image.mountPoint, trace)
    }
  }

  @Test("reads through overlayfs have the file below")
  func overlay() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      try makeDirectories("source", "over", "upper", "work", in: directory)
      try PythonProcess(in: "\(directory)/source", DiskLayout.files).end()
      try shell("mksquashfs source \(image.device) -noappend -quiet", in: directory)
      try image.mount()
      try shell(
        "mount -t overlay -o lowerdir=on,upperdir=upper,workdir=work none over", in: directory)
      defer { _ = try? shell("umount over", in: directory) }
      var pid = 0
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        let process = try PythonProcess(
          in: "\(directory)/over", #"open("overlaid", "rb", 0).read(65536)"#)
        pid = Int(process.pid)
        try process.end()
      }
      let access = DiskAccess(
        name: "read", act: "", disk: "read", file: "overlaid", causes: ["read"])
      try expect([Made(access: access, pid: pid)], in: image.mountPoint, trace)
    }
  }

  @Test(
    "direct accesses do not have the file that is mapped as their memory",
    arguments: [DiskImage.FileSystem.ext4, .xfs, .btrfs])
  func buffers(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount()
      try PythonProcess(in: image.mountPoint).end(
        #"for name in "target", "other": open(name, "wb").write(os.urandom(1 << 18))"#)
      try shell("sync -f on", in: directory)
      try shell("echo 8 > /proc/sys/vm/nr_hugepages")
      defer { _ = try? shell("echo 0 > /proc/sys/vm/nr_hugepages") }
      let huge = try String(contentsOfFile: "/proc/sys/vm/nr_hugepages", encoding: .ascii) != "0\n"
      let buffers = DirectBuffer.allCases.filter { huge || $0 != .hugePages }
      var made: [Made] = []
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        for buffer in buffers {
          let accesses = DirectBuffer.accesses(buffer, btrfs: fileSystem == .btrfs)
          let one = try make(accesses[0], on: image, DirectBuffer.names)
          made += accesses.map { Made(access: $0, pid: one.pid) }
        }
      }
      try expect(made, in: image.mountPoint, trace)
    }
  }

  @Test(
    "requests of a throttled process have it as their process, though another thread submits them",
    .needsThrottling)
  func throttled() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      try PythonProcess(in: image.mountPoint).end(
        #"for name in "read", "direct", "mapped", "written": open(name, "wb").write(os.urandom(1 << 18))"#
      )
      try image.unmount()
      let group = try ThrottledGroup(device: image.device, bytesPerSecond: 3 << 19)
      var made: [Made] = []
      try image.mount()
      let trace = try Trace.of(["--disk", "--json", "--device", image.device]) {
        made = try Self.throttledAccesses.map {
          try make(
            $0, on: image, "open('\(group.directory)/cgroup.procs', 'w').write(str(os.getpid()))")
        }
      }
      try expect(made, in: image.mountPoint, trace)
      let submitters = try trace.objects().compactMap {
        ($0["by"] as? [String: Any])?["comm"] as? String
      }
      #expect(submitters.contains { $0.hasPrefix("kworker/") }, "none was throttled: \(trace)")
    }
  }

  private static let throttledAccesses = [
    DiskAccess(
      name: "read", act: #"open("read", "rb", 0).read(1 << 18)"#, disk: "read", file: "read",
      causes: ["read"]),
    DiskAccess(
      name: "direct read",
      act: """
        import mmap
        os.preadv(os.open("direct", os.O_RDONLY | os.O_DIRECT), [mmap.mmap(-1, 1 << 18)], 0)
        """, disk: "read", file: "direct", causes: ["direct"]),
    DiskAccess(
      name: "raw read",
      act: """
        import mmap
        node = os.open(os.environ["DEVICE"], os.O_RDONLY | os.O_DIRECT)
        for size in 1 << 18, 1 << 13: os.preadv(node, [mmap.mmap(-1, size)], 0)
        """, disk: "read", file: nil, causes: ["raw"]),
    DiskAccess(
      name: "fsync",
      act: """
        file = os.open("written", os.O_WRONLY)
        for _ in range(2):
          os.write(file, b"x" * (1 << 17))
          os.fsync(file)
        """, disk: "write", file: "written", causes: ["fsync"]),
  ]

  @Test(
    "a loop device with direct I/O reads and writes its file for the process that used it last",
    arguments: [DiskImage.FileSystem.ext4, .xfs, .btrfs])
  func directLoop(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let outer = try DiskImage(in: directory, fileSystem, megabytes: 600)
      try outer.mount()
      try makeDirectories("below", in: outer.mountPoint)
      let inner = try DiskImage(in: "\(outer.mountPoint)/below", .ext4, losetup: "--direct-io=on")
      try inner.mount()
      try PythonProcess(in: inner.mountPoint, #"open("read", "wb").write(os.urandom(1 << 18))"#)
        .end()
      try inner.unmount()
      try inner.mount()
      let user = try PythonProcess(in: inner.mountPoint)
      try shell("sync -f \(inner.mountPoint); sync -f \(outer.mountPoint)")
      let trace = try Trace.of(["--disk", "--json", "--device", outer.device]) {
        try user.run(#"open("read", "rb", 0).read(1 << 16)"#)
        try user.run(#"os.fsync(os.open("new", os.O_CREAT))"#)
        try user.run(
          #"open("new", "wb").write(os.urandom(1 << 18)); "# + DiskLayout.syncFileSystem)
      }
      try user.end()
      let shown = try trace.objects()
      let image = "\(inner.directory)/image"
      #expect(
        shown.allSatisfy { ($0["path"] as? String)?.contains("/on/below/on/") != true }, "\(trace)")
      for disk in ["read", "write"] {
        let data = shown.filter { $0["disk"] as? String == disk && $0["path"] as? String == image }
        #expect(data.contains { $0["bytes"] as? Int ?? 0 >= 1 << 16 }, "\(disk) \(image): \(trace)")
        let users = data.filter { $0["pid"] as? Int == Int(user.pid) }
        #expect(users.contains { $0["certainty"] as? String == "likely" }, "\(disk): \(trace)")
        let named = data.compactMap { $0["by"] as? [String: Any] }.compactMap {
          $0["comm"] as? String
        }
        #expect(named.allSatisfy { !$0.isEmpty }, "\(trace)")
      }
      #expect(
        shown.allSatisfy { ($0["comm"] as? String)?.hasPrefix("kworker") != true }, "\(trace)")
    }
  }

  /// Without the rule for the log, each line would cause the next request: the log changes the file
  /// system.
  @Test(
    "a log on the disk that is traced hides only itself",
    arguments: [DiskImage.FileSystem.ext4, .xfs, .btrfs])
  func log(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount("-o discard")
      let process = try PythonProcess(in: image.mountPoint)
      try shell("sync -f on", in: directory)
      let before = try image.settledStatistics()
      let running = try Running(
        Built.bfatrace,
        ["--disk", "--json", "--device", image.device, "-o", "\(image.mountPoint)/log"])
      try waitUntil("the log is there") {
        FileManager.default.fileExists(atPath: "\(image.mountPoint)/log")
      }
      try process.run(
        """
        import time
        for number in range(24):
          file = os.open(str(number), os.O_WRONLY | os.O_CREAT)
          os.write(file, os.urandom(1 << 18))
          if number % 3 == 0: os.fsync(file)
          os.close(file)
          if number > 3: os.remove(str(number - 4))
          time.sleep(0.05)
        """)
      try process.end()
      try shell("sync -f on", in: directory)
      // XFS discards blocks that it has freed while writing the log; sync does not wait for that.
      _ = try image.settledStatistics()
      kill(running.process.processIdentifier, SIGINT)
      let ended = running.wait()
      let after = try image.settledStatistics()
      #expect(ended.status == 0, "\(ended)")
      let log = try String(contentsOfFile: "\(image.mountPoint)/log", encoding: .utf8)
      try expectLog(
        log, zip(before, after).map { $1 - $0 }, own: Int(running.process.processIdentifier))
    }
  }

  private func expectLog(_ log: String, _ counted: [Int], own: Int) throws {
    var bytes: [String: Int] = [:]
    for line in log.split(separator: "\n") {
      let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      bytes[record["disk"] as? String ?? "", default: 0] += record["bytes"] as? Int ?? 0
      #expect(record["pid"] as? Int != own, "\(line)")
    }
    #expect(bytes["discard"] ?? 0 == counted[13] * 512, "\(log)")
    // Requests for data of the log, and for blocks that no other file has changed.
    let hidden = counted[6] * 512 - (bytes["write"] ?? 0)
    #expect(
      hidden >= 0 && hidden <= counted[6] * 512 / 50 + 65536,
      "\(hidden) of \(counted[6] * 512)\n\(log)")
  }
}
