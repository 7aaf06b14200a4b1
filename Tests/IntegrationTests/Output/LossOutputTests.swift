// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Events that could not be delivered", .needsRoot)
struct LossOutputTests {
  private static let reads = 50_000
  private static let laterReads = 10
  private static let failedOpens = 1000

  /// Reads a file in a directory that is traced and that no other process reads; --filter R leaves
  /// out the open. Stops the tracer while the load makes records for several times the ring's 8
  /// MiB, and lets it go on for the last few.
  private func overrun(_ options: [String], meanwhile: () -> Void = {}) throws -> Trace {
    try Scratch.directory { directory in
      // A path of 2,000 bytes makes records of 2 KiB.
      let name = String(repeating: "d", count: 200)
      let deep = ([directory] + Array(repeating: name, count: 10)).joined(separator: "/")
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      try Calls.write("\(deep)/file")
      // Restrict the trace to this process, too: failed calls of other processes have no place and
      // would be lost as well.
      let tracing = try Tracing(
        options + ["--syscalls", "--under", directory, "-p", "\(getpid())"])
      tracing.signal(SIGSTOP)
      try waitUntil("bfatrace is stopped") { state(of: tracing.pid) == "T" }
      let descriptor = try Calls.open("\(deep)/file")
      defer { close(descriptor) }
      for _ in 0..<Self.reads { try Calls.read(descriptor) }
      meanwhile()
      tracing.signal(SIGCONT)
      try waitUntil("bfatrace has reported the loss") { !tracing.errorsSoFar.isEmpty }
      for _ in 0..<Self.laterReads { try Calls.read(descriptor) }
      return tracing.stop()
    }
  }

  private func state(of pid: pid_t) -> Substring {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    return status.firstMatch(of: /State:\t(.)/)?.1 ?? ""
  }

  /// The numbers of lost events on standard error: the sum of those reported while running, and the
  /// total.
  private func reported(_ trace: Trace) throws -> (running: Int, total: Int) {
    let lines = trace.ended.complaints.split(separator: "\n")
    let total = try #require(lines.last?.wholeMatch(of: /bfatrace: lost (\d+) events in all/))
    let running = try lines.dropLast().map { line in
      let match = try #require(line.prefixMatch(of: /bfatrace: lost (\d+) events:/), "\(line)")
      return try #require(Int(match.1))
    }
    return (running.reduce(0, +), try #require(Int(total.1)))
  }

  @Test("standard error has how many, at once and in all, and the exit status is 3")
  func text() throws {
    let trace = try overrun(["--filter", "R"])
    let summary = Comment("\(trace.lines.count) lines\n\(trace.ended.errors)")
    #expect(trace.ended.status == 3, summary)
    let lost = try reported(trace)
    #expect(lost.running == lost.total && lost.total > 0, summary)
    #expect(trace.lines.count + lost.total == Self.reads + Self.laterReads, summary)
    #expect(!trace.lines.contains { $0.contains("lost") }, summary)
  }

  @Test("JSON has how many in the stream, where they are missing")
  func json() throws {
    let trace = try overrun(["--filter", "R", "--json"])
    let summary = Comment("\(trace.lines.count) lines\n\(trace.ended.errors)")
    #expect(trace.ended.status == 3, summary)
    let objects = try trace.objects()
    let lost = objects.compactMap { $0["lost"] as? Int }
    #expect(lost.reduce(0, +) == (try reported(trace)).total, summary)
    #expect(objects.count - lost.count + lost.reduce(0, +) == Self.reads + Self.laterReads, summary)
    #expect(objects.allSatisfy { $0["lost"] == nil || $0.count == 1 }, summary)
    // The records after the last loss are those of the later reads.
    let last = try #require(objects.lastIndex { $0["lost"] != nil })
    #expect(objects.count - 1 - last == Self.laterReads, summary)
  }

  @Test("a summary says how many are missing from it")
  func summary() throws {
    let trace = try overrun(["--filter", "R", "--summary-only"])
    let lost = try reported(trace).total
    #expect(
      trace.lines.count == 3 && trace.lines.last == "lost \(lost) events: the numbers are too low",
      trace.description)
    // The column of reads follows PID, OPENS and FAILED.
    let reads = trace.lines.dropFirst().first?.split(separator: " ").dropFirst(3).first
    #expect(reads.flatMap { Int($0) } == Self.reads + Self.laterReads - lost, trace.description)
  }

  @Test("a failed open outside of the place that is traced is not counted as lost")
  func failedOpens() throws {
    // A failed open has no inode: the kernel side compares its path.
    let trace = try overrun(["--filter", "RO"]) {
      for _ in 0..<Self.failedOpens { _ = open("/nonexistent/file", O_RDONLY) }
    }
    let summary = Comment("\(trace.lines.count) lines\n\(trace.ended.errors)")
    // The first call is the open of the file that is read.
    let calls = 1 + Self.reads + Self.laterReads
    #expect(trace.lines.count + (try reported(trace)).total == calls, summary)
  }

  @Test("merged lines that are pending at the end are delivered though the ring is full")
  func pendingAtTheEnd() throws {
    try Scratch.directory { directory in
      let name = String(repeating: "d", count: 200)
      let deep = ([directory] + Array(repeating: name, count: 10)).joined(separator: "/")
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      // 9,000 records of 2 KiB are more than 8 MiB. The load touches no file twice: a second access
      // may report what is pending with so long a path, if anything anywhere was renamed meanwhile.
      let load = """
        import os, resource, sys
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 10000), limit))
        for i in range(9000): os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), b"x")
        print("done", flush=True)
        sys.stdin.read()
        """
      let tracing = try Tracing(["--json", "--under", directory])
      tracing.signal(SIGSTOP)
      try waitUntil("bfatrace is stopped") { state(of: tracing.pid) == "T" }
      let program = try Running("/usr/bin/env", ["python3", "-c", load, "\(deep)/file"])
      try waitUntil("the load is done") {
        !program.outputSoFar.isEmpty || !program.process.isRunning
      }
      tracing.signal(SIGINT)
      tracing.signal(SIGCONT)
      let trace = try tracing.end()
      try program.input.fileHandleForWriting.close()
      #expect(program.wait().status == 0)
      let objects = try trace.objects()
      let summary = Comment("\(trace.lines.count) lines\n\(trace.ended.errors)")
      for key in ["opens", "writes", "write_bytes"] {
        let sum = objects.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
        #expect(sum == 9000, "\(key): \(summary)")
      }
      #expect(trace.ended.status == 0, summary)
    }
  }
}
