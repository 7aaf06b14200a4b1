// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What --disk forgets when its tables have little room: --room-for-disks, an option for tests,
/// sets it.
@Suite("--disk, with little room", .serialized, .needsRoot, .needsLoopDevices)
struct DiskRoomTests {
  private func images(
    in directory: String, count: Int, _ fileSystem: DiskImage.FileSystem? = nil
  ) throws -> [DiskImage] {
    try (0..<count).map { number in
      try makeDirectories("\(number)", in: directory)
      return try DiskImage(in: "\(directory)/\(number)", fileSystem, megabytes: 32)
    }
  }

  private func options(_ room: Int?) -> [String] {
    room.map { ["--room-for-disks", "\($0)"] } ?? []
  }

  /// The records of requests to a device.
  private func records(_ trace: Trace, of image: DiskImage) throws -> [[String: Any]] {
    try trace.objects().filter { $0["device_name"] as? String == image.name }
  }

  @Test(
    "file systems, files and syncs: what is forgotten is unknown, and attributed to nobody else",
    arguments: [nil, 2])
  func fileSystems(room: Int?) throws {
    try Scratch.directory { directory in
      let images = try images(in: directory, count: 4, .ext4)
      for image in images { try image.mount() }
      let processes = try images.map { try PythonProcess(in: $0.mountPoint) }
      try shell("sync")
      let trace = try Trace.of(["--disk", "--json"] + options(room)) {
        for process in processes {
          try process.run("os.mkdir('made'); open('file', 'w').write('x' * 10000)")
        }
        let syncs = images.map { "sync -f \($0.mountPoint) &" }.joined(separator: "\n")
        try shell("\(syncs)\nwait")
      }
      for (image, process) in zip(images, processes) {
        let records = try records(trace, of: image)
        let strangers = processes.map { Int($0.pid) }.filter { $0 != Int(process.pid) }
        #expect(
          records.allSatisfy { !strangers.contains($0["pid"] as? Int ?? -1) }, "\(records)")
        let data = records.filter {
          $0["disk"] as? String == "write" && $0["path"] as? String == "\(image.mountPoint)/file"
        }
        let isKnown = data.contains { $0["pid"] as? Int == Int(process.pid) }
        let isUnknown = data.contains { $0["certainty"] as? String == "unknown" }
        #expect(room == nil ? isKnown && !isUnknown : isKnown != isUnknown, "\(records)")
        #expect(
          data.allSatisfy { ["sync", "writeback"].contains($0["cause"] as? String) }, "\(data)")
      }
      #expect(trace.ended.status == 0, "\(trace.ended)")
    }
  }

  @Test(
    "files being read: a reader that is forgotten meanwhile is unknown", .needsThrottling,
    arguments: [nil, 2])
  func readers(room: Int?) throws {
    try Scratch.directory { directory in
      let image = try images(in: directory, count: 1, .ext4)[0]
      try image.mount()
      try PythonProcess(in: image.mountPoint).end(
        """
        open("slow", "wb").write(os.urandom(1 << 18))
        for i in range(20): open(f"other{i}", "wb").write(os.urandom(4096))
        """)
      try image.unmount()
      try image.mount()
      let group = try ThrottledGroup(device: image.device, bytesPerSecond: 1 << 19)
      let slow = try PythonProcess(
        in: image.mountPoint,
        "open('\(group.directory)/cgroup.procs', 'w').write(str(os.getpid()))")
      let other = try PythonProcess(in: image.mountPoint)
      let trace = try Trace.of(["--disk", "--json", "--device", image.device] + options(room)) {
        try slow.start("open('slow', 'rb', 0).read(1 << 18)")
        try other.run("for i in range(20): open(f'other{i}', 'rb', 0).read(4096)")
        try waitUntil("all is read") { slow.isDone }
      }
      try slow.end()
      let deferred = try records(trace, of: image).filter {
        $0["path"] as? String == "\(image.mountPoint)/slow" && $0["by"] != nil
      }
      #expect(!deferred.isEmpty, "none was throttled: \(trace)")
      let pids = Set(deferred.compactMap { $0["pid"] as? Int })
      #expect(room == nil ? pids == [Int(slow.pid)] : pids.contains(0), "\(trace)")
      #expect(!pids.contains(Int(other.pid)), "\(trace)")
    }
  }

  @Test(
    "a disk whose idle time is not known is counted, and is not shown to wake", arguments: [nil, 1])
  func disks(room: Int?) throws {
    try Scratch.directory { directory in
      let images = try images(in: directory, count: 3)
      let process = try PythonProcess(
        in: directory,
        "nodes = [os.open(f'{node}', os.O_RDONLY) for node in \(images.map(\.device))]")
      let trace = try Trace.of(["--wakeups", "0.001", "--json"] + options(room)) {
        usleep(10_000)
        try process.run("for node in nodes: os.pread(node, 4096, 1 << 20)")
      }
      let woken = try images.filter { image in
        try !records(trace, of: image).filter { $0["idle"] != nil }.isEmpty
      }
      let complaint = "requests are to more disks than there is room for"
      #expect(room == nil ? woken.count == 3 : woken.count <= 1, "\(trace)")
      #expect(trace.ended.errors.contains(complaint) == (room != nil), "\(trace)")
    }
  }

  @Test("requests under way that are forgotten are shown all the same", arguments: [nil, 4])
  func requests(room: Int?) throws {
    try Scratch.directory { directory in
      let image = try images(in: directory, count: 1)[0]
      let trace = try Trace.of(["--disk", "--json", "--device", image.device] + options(room)) {
        let process = try PythonProcess(in: directory)
        try process.run(
          """
          node = os.open("\(image.device)", os.O_WRONLY)
          for at in range(64): os.pwrite(node, b"x" * 4096, at << 16)
          os.fsync(node)
          """)
      }
      let writes = try records(trace, of: image).filter { $0["disk"] as? String == "write" }
      let bytes = writes.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
      #expect(bytes == 64 * 4096, "\(trace)")
      if room == nil { #expect(writes.allSatisfy { $0["latency"] != nil }, "\(trace)") }
      #expect(trace.ended.status == 0, "\(trace.ended)")
    }
  }

  @Test("a histogram that is missing is counted", arguments: [nil, 1])
  func histograms(room: Int?) throws {
    try Scratch.directory { directory in
      let image = try images(in: directory, count: 1)[0]
      let trace = try Trace.of(
        ["--disk", "--histogram", "--json", "--device", image.device] + options(room)
      ) {
        try shell("dd if=/dev/zero of=\(image.device) bs=4k count=1 conv=fsync,notrunc")
        try shell("dd if=\(image.device) of=/dev/null bs=4k count=1 iflag=direct")
      }
      let complaint = "requests are in no histogram"
      #expect(trace.ended.errors.contains(complaint) == (room != nil), "\(trace)")
      #expect(trace.ended.status == (room == nil ? 0 : 3), "\(trace)")
    }
  }
}
