// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--disk, at a limit and beyond", .serialized, .needsRoot, .needsLoopDevices)
struct DiskLimitTests {
  /// Traces requests to an image that several processes in turn change, until all is on the disk.
  private func writes(
    to image: DiskImage, _ lines: [String]
  ) throws -> (pids: [Int], records: [[String: Any]], trace: Trace) {
    let processes = try lines.map { _ in try PythonProcess(in: image.directory) }
    let trace = try Trace.of(["--disk", "--json", "--device", image.device, "--ring-size", "64"]) {
      for (process, lines) in zip(processes, lines) { try process.run(lines) }
      try shell("sync -f on; sync \(image.device)", in: image.directory)
    }
    let records = try trace.objects().filter { $0["disk"] as? String == "write" }
    return (processes.map { Int($0.pid) }, records, trace)
  }

  @Test("more changed files than are known: who is named for certain has changed the file")
  func files() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4, megabytes: 1200)
      try image.mount("-o commit=300")
      let make = "for i in range(20000): open(f'on/NAME{i}', 'x').write('x')"
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
      let summary = "\(certain) \(records.count) \(trace.ended.errors)"
      #expect(certain[0] + certain[1] > 32768 * 9 / 10 && certain[1] > 19000, "\(summary)")
      #expect(certain[0] + certain[1] <= 32768, "\(summary)")
      #expect(trace.ended.status == 0, "\(summary)")
    }
  }

  @Test("more changed blocks of a device than are known")
  func blocks() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let write = """
        fd = os.open('\(image.device)', os.O_WRONLY)
        for i in range(FROM, TO): os.pwrite(fd, b'x' * 4096, 4096 * i)
        """
      let (pids, records, trace) = try writes(
        to: image,
        [(0, 10000), (10000, 20000)].map {
          write.replacing("FROM", with: "\($0.0)").replacing("TO", with: "\($0.1)")
        })
      var bytes: [Int: Int] = [:]
      for record in records where record["certainty"] == nil {
        bytes[record["pid"] as? Int ?? 0, default: 0] += record["bytes"] as? Int ?? 0
      }
      let pages = pids.map { (bytes[$0] ?? 0) / 4096 }
      let summary = "\(bytes) of \(pids), \(trace.ended.errors)\(trace.lines.suffix(4))"
      #expect(pages[0] + pages[1] > 16384 * 9 / 10 && pages[1] > 9000, "\(summary)")
      #expect(pages[0] + pages[1] <= 16384, "\(summary)")
      let all = records.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
      #expect(all >= 20000 * 4096 && trace.ended.status == 0, "\(summary)")
    }
  }

  /// Mounts a file system again and again, on both sides of the mount that shows the file.
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
    "mounts of a file system: where more than are tried hide a file, it has no path",
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
