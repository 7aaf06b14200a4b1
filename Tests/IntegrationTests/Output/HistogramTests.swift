// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("How long calls and requests took", .needsRoot)
struct HistogramTests {
  /// The objects of --histogram, by call or by operation.
  private func histograms(_ trace: Trace, by key: String) throws -> [String: [String: Any]] {
    let named = try trace.objects().compactMap { object in
      (object[key] as? String).map { ($0, object) }
    }
    return Dictionary(named) { $1 }
  }

  /// Expects that the bars add up to the count, and that the percentiles and the maximum fit the
  /// bars.
  private func expectSound(_ object: [String: Any], count: String) {
    let bars = object["histogram"] as? [[Int]] ?? []
    #expect(bars.map { $0[1] }.reduce(0, +) == object[count] as? Int, "\(object)")
    let times = ["median_ns", "p99_ns", "longest_ns", "time_ns"].map { object[$0] as? Int ?? -1 }
    #expect(times == times.sorted() && times[0] >= 0, "\(object)")
    #expect(bars.last.map { $0[0] <= times[2] } == true, "\(object)")
  }

  private static let load = """
    for turn in range(50):
      node = os.open(f"file{turn % 3}", os.O_CREAT | os.O_RDWR)
      os.write(node, b"x" * 100)
      os.pread(node, 10, 0)
      os.fsync(node)
      os.stat(node)
      os.close(node)
      try: os.open("nowhere", os.O_RDONLY)
      except OSError: pass
      pipe = os.pipe()
      os.write(pipe[1], b"x")
      os.read(pipe[0], 1)
      for end in pipe: os.close(end)
    os.mkdir("made")
    os.rename("made", "moved")
    """

  @Test(
    "calls are counted as --syscalls shows them",
    arguments: [
      [], ["--metadata"], ["--failed"], ["--under", "."], ["-f", "RW"], ["--uid", "0"],
    ])
  func calls(scope: [String]) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, "import os")
      let options = ["--syscalls", "--json", "-p", "\(process.pid)"] + scope
      let lines = try Tracing(options, in: directory)
      let counts = try Tracing(options + ["--histogram"], in: directory)
      try process.run(Self.load)
      let (shown, counted) = (lines.stop(), counts.stop())
      try process.end()
      var expected: [String: Int] = [:]
      for object in try shown.objects() where object["duration_ns"] != nil {
        expected[object["syscall"] as? String ?? "?", default: 0] += 1
      }
      let histograms = try histograms(counted, by: "syscall")
      #expect(histograms.mapValues { $0["calls"] as? Int ?? 0 } == expected, "\(counted)\(shown)")
      #expect(expected.values.reduce(0, +) >= 50, "\(shown)")
      for object in histograms.values { expectSound(object, count: "calls") }
      #expect(counted.ended.status == 0 && counted.lines.count == expected.count, "\(counted)")
    }
  }

  @Test("the tables of intervals add up to the last one")
  func intervals() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, "import os, time")
      let trace = try Trace.of(
        ["--syscalls", "--histogram", "--every", "0.2", "--json", "-p", "\(process.pid)"]
      ) {
        try process.run(
          "for turn in range(8): os.close(os.open('file', os.O_CREAT)); time.sleep(0.1)")
      }
      try process.end()
      var sums: [String: Int] = [:]
      var last: [String: Int] = [:]
      for object in try trace.objects() {
        let (call, calls) = (object["syscall"] as? String ?? "?", object["calls"] as? Int ?? 0)
        expectSound(object, count: "calls")
        if object["interval"] == nil { last[call] = calls } else { sums[call, default: 0] += calls }
      }
      #expect(sums == last && last["openat"] == 8 && last["close"] == 8, "\(trace)")
    }
  }

  @Test("requests are as many as the disk counts, and take no longer", .needsLoopDevices)
  func requests() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let process = try PythonProcess(
        in: directory,
        """
        import mmap
        node = os.open("\(image.device)", os.O_RDWR | os.O_DIRECT)
        memory = mmap.mmap(-1, 4 << 20)
        """)
      let before = try image.settledStatistics()
      let trace = try Trace.of(["--histogram", "--json", "--device", image.name]) {
        try process.run(
          """
          for turn in range(20): os.preadv(node, [memory], turn << 22)
          for turn in range(10): os.pwritev(node, [memory], turn << 22); os.fsync(node)
          """)
      }
      let after = try image.settledStatistics()
      try process.end()
      let counted = try histograms(trace, by: "disk")
      var more = zip(after, before).map { $0 - $1 }
      // The disk counts a flush as a write without data, too: take one off for each flush.
      more[4] -= more[15]
      // Documentation/block/stat.rst has the requests, and the milliseconds since they were made.
      for (operation, place, ticks) in [("read", 0, 3), ("write", 4, 7), ("flush", 15, 16)] {
        let object = counted[operation] ?? [:]
        #expect(object["requests"] as? Int == more[place], "\(trace) \(more)")
        let milliseconds = (object["time_ns"] as? Int ?? 0) / 1_000_000
        #expect(milliseconds <= more[ticks] + 1, "\(trace) \(more)")
        #expect(object["device_name"] as? String == image.name, "\(object)")
        expectSound(object, count: "requests")
      }
    }
  }

  @Test("a scope chooses requests among several to a disk", .needsLoopDevices)
  func scope() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory)
      let processes = try (0..<2).map { _ in
        try PythonProcess(
          in: directory,
          """
          import mmap
          node = os.open("\(image.device)", os.O_RDWR | os.O_DIRECT)
          memory = mmap.mmap(-1, 4096)
          """)
      }
      let trace = try Trace.of(["--histogram", "--json", "-p", "\(processes[0].pid)"]) {
        try processes[0].run("for turn in range(30): os.preadv(node, [memory], turn << 12)")
        try processes[1].run("for turn in range(70): os.preadv(node, [memory], turn << 12)")
        try processes[0].run("os.pwritev(node, [memory], 0); os.fsync(node)")
      }
      for process in processes { try process.end() }
      let own = try trace.objects().filter { $0["device_name"] as? String == image.name }
      let counts = own.map { "\($0["disk"] ?? "?") \($0["requests"] ?? 0)" }
      #expect(counts.sorted() == ["flush 1", "read 30", "write 1"], "\(trace)")
    }
  }

  @Test(
    "options for lines and other tables are refused",
    arguments: [
      "--by file", "--summary", "--changes", "--record x", "-n 1", "--path x", "--wakeups 1",
    ])
  func refused(options: String) throws {
    let words = options.split(separator: " ").map(String.init)
    let ended = try run(Built.bfatrace, ["--histogram"] + words)
    #expect(ended.status == 64 && ended.errors.contains("leave out --"), "\(ended)")
  }
}
