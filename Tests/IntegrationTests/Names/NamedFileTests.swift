// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// All calls on a file or a descriptor that strace knows, those that only look included.
@Suite("bfatrace --metadata beside strace", .needsRoot, .serialized)
struct NamedFileTests {
  @Test("names the files of every call as strace does", arguments: TracedProgram.all)
  func agrees(program: TracedProgram) throws {
    try Scratch.directory { directory in
      let run = try DoublyTracedRun(
        of: program, in: directory, calls: "%file,%desc", options: ["--metadata", "-tt"])
      #expect(run.trace.ended.status == 0, "\(run.trace.ended.errors)")
      #expect(run.lost == [])
      var differences: [String] = []
      var count = 0
      for (tid, text) in run.logs.sorted(by: { $0.key < $1.key }) {
        let log = try NamingCallLog(text: text, changing: directory)
        let traced = try FileNamingCall.all(in: run.records[tid] ?? [])
        #expect(log.unknown == [], "calls of which nobody has said whether they are about a file")
        count += log.calls.count
        if let difference = Self.difference(log.calls, traced) { differences.append(difference) }
      }
      #expect(count >= program.leastCalls)
      #expect(
        differences.isEmpty,
        "\(differences.count) of \(run.logs.count) threads differ\n\(differences.joined(separator: "\n"))"
      )
      print("\(program.name): \(count) calls of \(run.logs.count) threads")
    }
  }

  /// The first difference, with the calls around it.
  private static func difference(
    _ logged: [FileNamingCall], _ traced: [FileNamingCall]
  ) -> String? {
    let alike = zip(logged, traced).prefix { $0.agrees(with: $1) }.count
    if alike == logged.count && alike == traced.count { return nil }
    func lines(_ calls: [FileNamingCall]) -> String {
      calls.dropFirst(max(alike - 3, 0)).prefix(7).map { "  \($0)" }.joined(separator: "\n")
    }
    return """
      at call \(alike) of \(logged.count), \(traced.count) traced:
      strace:
      \(lines(logged))
      bfatrace:
      \(lines(traced))
      """
  }
}
