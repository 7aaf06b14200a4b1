// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// One run of a program under strace, while bfatrace traces both.
struct DoublyTracedRun {
  let trace: Trace
  /// strace's logs, by tid.
  let logs: [Int: String]
  /// bfatrace's records of the threads that strace logged.
  private(set) var records: [Int: [[String: StrictJSON.Value]]] = [:]
  /// Records of lost events.
  private(set) var lost: [[String: StrictJSON.Value]] = []

  /// - Parameter calls: the calls for strace to log, as its option -e trace= takes them.
  /// - Parameter options: options of bfatrace, besides those for JSON, calls and the scope.
  init(
    of program: TracedProgram, in directory: String, calls: String, options: [String] = []
  ) throws {
    let environment = try TracedProgram.environment(home: directory)
    let place = directory + "/place"
    let logDirectory = directory + "/logs"
    for path in [place, logDirectory] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    try program.script.write(toFile: directory + "/script", atomically: false, encoding: .utf8)
    let prepared = try shell(program.preparation, in: place, environment: environment)
    try #require(prepared.status == 0, "\(prepared.errors)")

    // The gate waits until the trace runs. The trace has its descendants only, so that no other
    // load can fill the ring.
    let command = ["env", "strace"] + Self.format + ["-e", "trace=" + calls]
    let gate = try Running(
      "/bin/sh",
      ["-c", "read go; exec \"$@\"", "sh"] + command + ["-o", logDirectory + "/log"]
        + [program.interpreter, "../script"],
      in: place, environment: environment)
    let scope = ["--follow", "--pid", "\(gate.process.processIdentifier)"]
    var ended: Ended?
    trace = try Trace.of(["--json", "--syscalls", "--all"] + options + scope) {
      try gate.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
      try gate.input.fileHandleForWriting.close()
      ended = gate.wait()
    }
    let strace = try #require(ended)
    try #require(strace.status == 0, "\(strace.errors)")
    var logs: [Int: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: logDirectory) {
      let tid = try #require(Int(name.dropFirst("log.".count)))
      logs[tid] = try String(contentsOfFile: "\(logDirectory)/\(name)", encoding: .utf8)
    }
    self.logs = logs
    try readRecords()
  }

  /// Options of strace for unambiguous logs: strings and paths in hex (-xx), flags as numbers (-X
  /// raw), no bytes of contents (-s 0), all segments of a vector (-v), one file per thread (-ff).
  private static let format = ["-ff", "-y", "-v", "-xx", "-X", "raw", "-s", "0", "-a", "0"]

  private mutating func readRecords() throws {
    for line in trace.output.split(separator: UInt8(ascii: "\n")) {
      let record = try StrictJSON.object(line)
      if record["lost"] != nil {
        lost.append(record)
        continue
      }
      guard case .number(let text) = record["tid"], let tid = Int(text), logs[tid] != nil else {
        continue
      }
      // Before its exec, a thread's calls are those of strace, which it does not log.
      if records[tid] == nil, record["comm"] == .string("strace") { continue }
      records[tid, default: []].append(record)
    }
  }
}
