// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--disk, at a limit and beyond", .serialized, .needsRoot, .needsLoopDevices)
struct DiskLimitTests {
  /// Traces requests to an image while several processes in turn change it, until all is on the
  /// disk.
  private func writes(
    to image: DiskImage, _ lines: [String]
  ) throws -> (pids: [Int], records: [[String: Any]], trace: Trace) {
    let processes = try lines.map { _ in try PythonProcess(in: image.directory) }
    let trace = try Trace.of(["--disk", "--json", "--device", image.device] + Self.room) {
      for (process, lines) in zip(processes, lines) { try process.run(lines) }
      try shell("sync -f on; sync \(image.device)", in: image.directory)
    }
    let records = try trace.objects().filter { $0["disk"] as? String == "write" }
    return (processes.map { Int($0.pid) }, records, trace)
  }

  /// The room in the tables, and how many entries the tests need: the first count fits, the second
  /// does not.
  private static let room = ["--room-for-disks", "256"]
  private static let counts = [60, 400]

  @Test(
    "changed files: a process that is named for certain has changed the file", arguments: counts)
  func files(count: Int) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount("-o commit=300")
      let make = "for i in range(\(count)): open(f'on/NAME{i}', 'x').write('x')"
      let (pids, records, trace) = try writes(
        to: image, ["a", "b"].map { make.replacing("NAME", with: $0) })
      var certain = [0, 0]
      for record in records {
        guard let path = record["path"] as? String,
          let match = path.firstMatch(of: /\/on\/([ab])\d+$/),
          record["certainty"] == nil
        else { continue }
        let number = match.1 == "a" ? 0 : 1
        certain[number] += 1
        #expect(record["pid"] as? Int == pids[number], "\(record)")
      }
      expect(certain, of: count, "\(certain) \(records.count) \(trace.ended.errors)")
      #expect(trace.ended.status == 0, "\(trace.ended.errors)")
    }
  }

  /// Expects all of them, or as many of the last ones as there is room for.
  private func expect(_ certain: [Int], of count: Int, _ summary: Comment) {
    if 2 * count <= 128 {
      #expect(certain == [count, count], summary)
    } else {
      #expect((128...256).contains(certain[0] + certain[1]), summary)
      #expect(certain[1] >= 128, summary)
    }
  }

  @Test("changed blocks of a device: the last ones are known", arguments: counts)
  func blocks(count: Int) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let write = """
        fd = os.open('\(image.device)', os.O_WRONLY)
        for i in range(FROM, TO): os.pwrite(fd, b'x' * 4096, 4096 * i)
        """
      let (pids, records, trace) = try writes(
        to: image,
        [(0, count), (count, 2 * count)].map {
          write.replacing("FROM", with: "\($0.0)").replacing("TO", with: "\($0.1)")
        })
      var bytes: [Int: Int] = [:]
      for record in records where record["certainty"] == nil {
        bytes[record["pid"] as? Int ?? 0, default: 0] += record["bytes"] as? Int ?? 0
      }
      let pages = pids.map { (bytes[$0] ?? 0) / 4096 }
      let summary = "\(bytes) of \(pids), \(trace.ended.errors)\(trace.lines.suffix(4))"
      expect(pages, of: count, "\(summary)")
      let all = records.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
      #expect(all >= 2 * count * 4096 && trace.ended.status == 0, "\(summary)")
    }
  }

  /// The oldest name of the file counts: it is the last one in the inode's list of names.
  @Test("names of a file: a name beyond the limit is in no place")
  func names() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .xfs)
      try image.mount()
      let process = try PythonProcess(
        in: image.mountPoint,
        """
        os.mkdir("place"); os.mkdir("names")
        file = os.open("place/file", os.O_WRONLY | os.O_CREAT)
        for i in range(65535): os.link("place/file", f"names/{i}")
        os.sync()
        """)
      for isKnown in [true, false] {
        let trace = try Trace.of(
          ["--disk", "--json", "--device", image.device, "--dir", "\(image.mountPoint)/place"]
        ) {
          try process.run("os.pwrite(file, b'x' * 4096, 0); os.fdatasync(file)")
        }
        let data = try trace.objects().filter { $0["cause"] as? String == "fsync" }
        #expect(data.isEmpty != isKnown, "\(trace)")
        if isKnown { try process.run("os.link('place/file', 'names/more')") }
      }
    }
  }

  /// Mounts a file system again and again, before and after the mount that shows the file.
  private static let mounts = """
    import ctypes, os, subprocess, sys
    libc = ctypes.CDLL(None, use_errno=True)
    def mount(source, target):
        if libc.mount(source.encode(), target.encode(), None, 4096, None):
            raise OSError(ctypes.get_errno(), target)
    count, device, *command = sys.argv[1:]
    os.makedirs("on/empty"); os.mkdir("on/full"); os.mkdir("shown"); os.mkdir("hidden")
    for side in range(2):
        for i in range(int(count)):
            os.mkdir(f"hidden/{side}-{i}")
            mount("on/empty", f"hidden/{side}-{i}")
        if side == 0: mount("on/full", "shown")
    subprocess.run(["umount", "--lazy", "on"], check=True)
    sys.exit(subprocess.run(command).returncode)
    """

  @Test(
    "mounts of a file system: a file has no path if more mounts hide it than are tried",
    .needsNamespaces, arguments: [1023, 1024])
  func mounts(hidden: Int) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      let trace = try run(
        "/usr/bin/unshare",
        ["-m", "python3", "-I", "-S", "-c", Self.mounts, "\(hidden)", image.device, Built.bfatrace]
          + ["--disk", "--json", "--device", image.device, "-o", "lines", "--"]
          + ["sh", "-c", "echo x > shown/file; sync shown/file"], in: directory)
      let lines = try String(contentsOfFile: "\(directory)/lines", encoding: .utf8)
      #expect(trace.status == 0, "\(trace)")
      let records = try lines.split(separator: "\n").map { try StrictJSON.object(Data($0.utf8)) }
      let data = records.filter { $0["cause"] == .string("fsync") }
      let paths = data.map { $0["path"] }
      let expected: StrictJSON.Value? =
        hidden < 1024 ? .string("\(directory)/shown/file") : nil
      #expect(!data.isEmpty && paths.contains(expected), "\(lines)")
      #expect(hidden < 1024 || !lines.contains("/file"), "\(lines)")
    }
  }
}
