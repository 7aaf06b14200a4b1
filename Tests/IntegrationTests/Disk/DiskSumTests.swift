// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What wakes a disk, and sums of requests.
extension DiskTests {
  @Test("what wakes a disk is shown once, and summed up", arguments: [[], ["--summary"]])
  func wakeups(more: [String]) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let trace = try Trace.of(["--wakeups", "1", "--device", image.device] + more) {
        for _ in 0..<2 {
          let idle = try image.statistics()
          // The disk must be idle for a second to be woken: wait that long.
          usleep(1_200_000)
          try #require(try image.statistics() == idle)
          let writer = try PythonProcess(
            in: directory,
            """
            for _ in range(2):
              os.write(os.open('\(image.device)', os.O_WRONLY | os.O_SYNC), b'x' * 8192)
            """)
          try writer.end()
        }
      }
      expectWakeups(trace, of: image)
      // The other table counts all requests, and those that woke the disk.
      let all = try! Regex("^ +0 +0 +([0-9]+) +32768 +0 +- +2  \(image.name) +.all")
      let sums = trace.lines.compactMap { $0.firstMatch(of: all)?.output[1].substring }
      #expect(sums.count == more.count && sums.allSatisfy { Int($0) ?? 0 > 2 }, trace.description)
    }
  }

  /// Expects two lines, a table and a timeline of the disk, which python3 has woken twice.
  private func expectWakeups(_ trace: Trace, of image: DiskImage) {
    let lines = trace.lines.filter { $0.contains("disk-") }
    #expect(lines.count == 2, trace.description)
    #expect(lines.allSatisfy { $0.contains("disk-write \(image.device) ") }, trace.description)
    #expect(
      lines.allSatisfy { $0.contains(/idle=[1-9]\.[0-9] latency=[0-9]+\.[0-9]{6}$/) },
      trace.description)
    #expect(
      trace.lines.contains {
        $0.contains(try! Regex("^ +2 +[1-9]\\.[0-9]  \(image.name) .*all"))
      },
      trace.description)
    // The table shows how long the disk was awake, in seconds.
    #expect(
      trace.lines.contains { $0.hasPrefix("A  python3: 2 wake-ups, awake for ") },
      trace.description)
    #expect(
      trace.lines.contains {
        $0.contains(try! Regex("^\(image.name) slept .* without python3$"))
      },
      trace.description)
  }

  @Test(
    "a summary has the bytes passed to write calls and those written to the disk",
    arguments: DiskImage.FileSystem.allCases)
  func amplification(fileSystem: DiskImage.FileSystem) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, fileSystem)
      try image.mount()
      try shell("sync -f on", in: directory)
      let writer = try PythonProcess(
        in: image.mountPoint, #"log = os.open("log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)"#)
      let before = try image.settledStatistics()
      let trace = try Trace.of(["--disk", "--json", "--summary-only", "--device", image.device]) {
        try writer.run(
          """
          for _ in range(40):
            os.write(log, b"x" * 100)
            os.fsync(log)
          os.writev(log, [b"y" * 10, b"z" * 20])
          """)
        try shell("sync -f \(image.mountPoint)")
      }
      let after = try image.settledStatistics()
      try writer.end()
      #expect(trace.ended.status == 0, trace.description)
      try expectAmplification(
        trace, pid: Int(writer.pid), path: "\(image.mountPoint)/log",
        disk: zip(before, after).map { $1 - $0 })
    }
  }

  private func expectAmplification(_ trace: Trace, pid: Int, path: String, disk: [Int]) throws {
    let objects = try trace.objects()
    let totals = objects.filter { $0["total"] != nil }
    let files = objects.filter { $0["total"] == nil }
    let log = files.filter { $0["path"] as? String == path && $0["pid"] as? Int == pid }
    #expect(log.map { $0["write_bytes"] as? Int } == [4030], trace.description)
    // Each fsync writes a whole block at least, of 1 KiB.
    #expect(log.first?["write_amplification"] as? Double ?? 0 >= 10, trace.description)
    let process = totals.filter { $0["pid"] as? Int == pid }
    #expect(process.map { $0["write_bytes"] as? Int } == [4030], trace.description)
    let whole = try #require(totals.first { $0["pid"] == nil }, trace.description)
    #expect(whole["disk_read_bytes"] as? Int == disk[2] * 512, trace.description)
    #expect(whole["disk_write_bytes"] as? Int == disk[6] * 512, trace.description)
    let ratio = Double(disk[6] * 512) / 4030
    let shown = whole["write_amplification"] as? Double ?? 0
    #expect(shown <= ratio && shown > ratio - 0.01, trace.description)
    for key in ["disk_reads", "disk_read_bytes", "disk_writes", "disk_write_bytes", "write_bytes"] {
      let sum = files.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
      #expect(sum == whole[key] as? Int, "\(key): \(trace)")
      let ofProcesses = totals.dropFirst().reduce(0) { $0 + ($1[key] as? Int ?? 0) }
      #expect(ofProcesses == sum, "\(key): \(trace)")
    }
  }
}
