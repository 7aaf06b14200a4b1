// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("bfatrace beside strace", .needsRoot, .serialized)
struct DifferentialTests {
  @Test("reports every call on a file as strace does", arguments: TracedProgram.all)
  func agrees(program: TracedProgram) throws {
    try Scratch.directory { directory in
      let run = try DoublyTracedRun(of: program, in: directory)
      #expect(run.trace.ended.status == 0, "\(run.trace.ended.errors)")
      #expect(run.lost == [])

      let comparison = run.compare()
      #expect(comparison.differences.isEmpty, "\(comparison.report)")
      #expect(comparison.calls >= program.leastCalls)
      #expect(comparison.names.isSuperset(of: program.calls))
      print("\(program.name): \(comparison.report)")

      try expectLinesForJq(run.trace.output, in: directory)
    }
  }

  /// A second opinion on the lines: jq reads them all, and as many as there are.
  private func expectLinesForJq(_ lines: Data, in directory: String) throws {
    try lines.write(to: URL(filePath: directory + "/lines.json"))
    let jq = try run("/usr/bin/env", ["jq", "-c", ".", "lines.json"], in: directory)
    #expect(jq.status == 0, "\(jq.errors)")
    let newline = UInt8(ascii: "\n")
    #expect(jq.output.count { $0 == newline } == lines.count { $0 == newline })
  }
}

/// One run of a program under strace, while bfatrace traces both.
private struct DoublyTracedRun {
  let trace: Trace
  /// What strace logged, by tid.
  private(set) var logged: [Int: [StraceLog.Call]] = [:]
  /// What bfatrace reported of the threads that strace logged.
  private(set) var traced: [Int: [FileCall]] = [:]
  /// Records of lost events.
  private(set) var lost: [[String: StrictJSON.Value]] = []

  init(of program: TracedProgram, in directory: String) throws {
    let environment = try TracedProgram.environment(home: directory)
    let place = directory + "/place"
    let logs = directory + "/logs"
    for path in [place, logs] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    try program.script.write(toFile: directory + "/script", atomically: false, encoding: .utf8)
    let prepared = try shell(program.preparation, in: place, environment: environment)
    try #require(prepared.status == 0, "\(prepared.errors)")

    // Waits until it is traced; only its descendants are, so that other load cannot fill the ring.
    let command = ["env", "strace"] + StraceLog.options(log: logs + "/log")
    let gate = try Running(
      "/bin/sh",
      ["-c", "read go; exec \"$@\"", "sh"] + command + [program.interpreter, "../script"],
      in: place, environment: environment)
    let scope = ["--follow", "--pid", "\(gate.process.processIdentifier)"]
    var ended: Ended?
    trace = try Trace.of(["--json", "--syscalls", "--all"] + scope) {
      try gate.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
      try gate.input.fileHandleForWriting.close()
      ended = gate.wait()
    }
    let strace = try #require(ended)
    try #require(strace.status == 0, "\(strace.errors)")
    for name in try FileManager.default.contentsOfDirectory(atPath: logs) {
      let tid = try #require(Int(name.dropFirst("log.".count)))
      logged[tid] = try StraceLog(path: "\(logs)/\(name)").calls
    }
    try readRecords()
  }

  private mutating func readRecords() throws {
    for line in trace.output.split(separator: UInt8(ascii: "\n")) {
      let record = try StrictJSON.object(line)
      if record["lost"] != nil {
        lost.append(record)
        continue
      }
      guard case .number(let text) = record["tid"], let tid = Int(text), logged[tid] != nil else {
        continue
      }
      // Between fork and exec the first thread is strace still, which does not log itself.
      if traced[tid] == nil, record["comm"] == .string("strace") { continue }
      // What strace is not asked for.
      if case .string(let name)? = record["syscall"], !Call.logged.contains(name) { continue }
      traced[tid, default: []].append(try FileCall(record: record))
    }
  }

  func compare() -> Comparison {
    var comparison = Comparison()
    for (tid, calls) in logged.sorted(by: { $0.key < $1.key }) {
      comparison.add(tid: tid, logged: calls, traced: traced[tid] ?? [])
    }
    return comparison
  }
}

/// How far the two accounts agree.
struct Comparison {
  private(set) var calls = 0
  private(set) var names: Set<String> = []
  private(set) var threads = 0
  /// The first difference of each thread that has one.
  private(set) var differences: [String] = []

  mutating func add(tid: Int, logged: [StraceLog.Call], traced: [FileCall]) {
    let alike = zip(logged, traced).prefix { $0.agrees(with: $1) }.count
    threads += 1
    calls += alike
    names.formUnion(traced[..<alike].map(\.name))
    if alike == logged.count && alike == traced.count { return }
    let context = max(alike - 5, 0)..<alike + 6
    let lines = { (calls: [FileCall]) in
      zip(calls.indices, calls).filter { context.contains($0.0) }
        .map { "\($0.0 == alike ? ">" : " ") \($0.0): \($0.1)" }.joined(separator: "\n")
    }
    differences.append(
      """
      thread \(tid), call \(alike):
      strace, \(logged.count) calls:
      \(lines(logged.map(\.call)))
      bfatrace, \(traced.count) calls:
      \(lines(traced))
      """)
  }

  var report: String {
    var text = "\(calls) calls of \(threads) threads agree"
    if let first = differences.first {
      text += ", \(differences.count) threads differ\n\(first)"
    }
    return text
  }
}
