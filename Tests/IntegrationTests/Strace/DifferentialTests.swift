// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("bfatrace beside strace", .needsRoot, .serialized)
struct DifferentialTests {
  @Test("reports every call on a file as strace does", arguments: TracedProgram.all)
  func agrees(program: TracedProgram) throws {
    try Scratch.directory { directory in
      // With the question mark, strace accepts a call that the architecture lacks.
      let calls = FileCall.names.map { "?" + $0 }.joined(separator: ",")
      let run = try DoublyTracedRun(of: program, in: directory, calls: calls)
      #expect(run.trace.ended.status == 0, "\(run.trace.ended.errors)")
      #expect(run.lost == [])

      let comparison = try compare(run)
      #expect(comparison.differences.isEmpty, "\(comparison.report)")
      #expect(comparison.calls >= program.leastCalls)
      #expect(comparison.names.isSuperset(of: program.calls))
      print("\(program.name): \(comparison.report)")

      try expectLinesForJq(run.trace.output, in: directory)
    }
  }

  private func compare(_ run: DoublyTracedRun) throws -> Comparison {
    var comparison = Comparison()
    for (tid, log) in run.logs.sorted(by: { $0.key < $1.key }) {
      let traced = try (run.records[tid] ?? []).map { try FileCall(record: $0) }
        .filter { FileCall.names.contains($0.name) }
      comparison.add(tid: tid, logged: try StraceLog(text: log).calls, traced: traced)
    }
    return comparison
  }

  /// Expects that jq reads as many lines as there are.
  private func expectLinesForJq(_ lines: Data, in directory: String) throws {
    try lines.write(to: URL(filePath: directory + "/lines.json"))
    let jq = try run("/usr/bin/env", ["jq", "-c", ".", "lines.json"], in: directory)
    #expect(jq.status == 0, "\(jq.errors)")
    let newline = UInt8(ascii: "\n")
    #expect(jq.output.count { $0 == newline } == lines.count { $0 == newline })
  }
}

/// How far the log and the trace agree.
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
