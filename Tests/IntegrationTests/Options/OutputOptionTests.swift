// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Options of the output and of the end", .needsRoot)
struct OutputOptionTests {
  /// Expects that all lines match, and that one of twenty files had no flush between its calls.
  private func check(_ options: [String], each: String, one: String) throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      let trace = try Trace.of(options + ["--under", directory]) {
        for _ in 0..<20 { try Calls.write("\(directory)/file") }
      }
      #expect(!trace.lines.isEmpty && trace.ended.complaints.isEmpty, trace.description)
      let who = "^\(NSRegularExpression.escapedPattern(for: try ownComm()))\\(\(getpid())\\)"
      let path = "\(directory)/file"
      for (pattern, all) in [(each, true), (one, false)] {
        let regex = try Regex(
          pattern.replacing("WHO", with: who).replacing("PATH", with: path))
        let matching = trace.lines.filter { $0.contains(regex) }
        #expect(matching.count >= (all ? trace.lines.count : 1), "\(pattern)\n\(trace.description)")
      }
    }
  }

  private func ownComm() throws -> String {
    try String(contentsOfFile: "/proc/self/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
  }

  @Test("without options, lines have the form of fatrace's")
  func plain() throws {
    try check([], each: "WHO: [CWO]+ *PATH$", one: "WHO: CWO PATH$")
  }

  @Test("-l adds descriptor, octal flags and mode, calls and bytes")
  func long() throws {
    try check(
      ["-l"],
      each: #"WHO: [CWO]+ *PATH fd=\d+( flags=02000101 mode=0644)? reads=0/0 writes=[01]/[01]$"#,
      one: #"WHO: CWO PATH fd=\d+ flags=02000101 mode=0644 reads=0/0 writes=1/1$"#)
  }

  @Test("-u adds user and group")
  func user() throws {
    try check(["-u"], each: #"WHO \[0:0\]: [CWO]+ *PATH$"#, one: #"WHO \[0:0\]: CWO PATH$"#)
  }

  @Test("-j is JSON with exact counts, octal flags and mode")
  func json() throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      let trace = try Trace.of(["-j", "--under", directory]) {
        for _ in 0..<20 { try Calls.write("\(directory)/file") }
      }
      let objects = try trace.objects()
      func sum(_ key: String) -> Int { objects.reduce(0) { $0 + ($1[key] as? Int ?? 0) } }
      for key in ["opens", "writes", "write_bytes", "closes"] {
        #expect(sum(key) == 20, "\(key)\n\(trace.description)")
      }
      #expect(objects.allSatisfy { $0["reads"] == nil && $0["timestamp"] == nil })
      #expect(try trace.values("flags", as: String.self) == ["02000101"], trace.description)
      #expect(try trace.values("mode", as: String.self) == ["0644"], trace.description)
      #expect(try trace.values("path", as: String.self) == ["\(directory)/file"])
      let status = try FileManager.default.attributesOfItem(atPath: "\(directory)/file")
      let inode = try #require(status[.systemFileNumber] as? Int)
      #expect(try trace.values("inode", as: Int.self) == [inode], trace.description)
    }
  }

  @Test(
    "-t shows the time of the call: time of day, or with -t -t seconds since the epoch",
    arguments: [1, 2])
  func timestamp(times: Int) throws {
    try Scratch.directory { directory in
      // Records use another clock: allow for the inexact conversion between the two.
      let before = Date().timeIntervalSince1970 - 0.01
      let options = Array(repeating: "-t", count: times) + ["--syscalls", "--under", directory]
      let trace = try Trace.of(options) { try Calls.write("\(directory)/file") }
      let after = Date().timeIntervalSince1970 + 0.01
      let stamps = trace.lines.map { String($0.prefix { $0 != " " }) }
      let form = try Regex(times == 1 ? #"^\d\d:\d\d:\d\d\.\d{6}$"# : #"^\d{10}\.\d{6}$"#)
      #expect(stamps.count == 3 && stamps.allSatisfy { $0.contains(form) }, trace.description)
      #expect(stamps == stamps.sorted() || times == 1, trace.description)
      let ends = times == 2 ? (before, after) : (secondsOfDay(before), secondsOfDay(after))
      // Skip the comparison across midnight.
      for stamp in stamps where ends.0 <= ends.1 {
        let range = ends.0...ends.1
        let seconds = stamp.split(separator: ":").reduce(0) { $0 * 60 + (Double($1) ?? .nan) }
        #expect(range.contains(seconds), "\(range)\n\(trace.description)")
      }
    }
  }

  /// Seconds since midnight, in local time.
  private func secondsOfDay(_ time: Double) -> Double {
    var whole = time_t(time)
    var local = tm()
    localtime_r(&whole, &local)
    let seconds = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec
    return Double(seconds) + time - time.rounded(.down)
  }

  @Test("-s ends after a fraction of a second, with all that was recorded")
  func seconds() throws {
    try Scratch.directory { directory in
      let start = ContinuousClock.now
      let tracing = try Tracing(["--json", "-s", "0.5", "--under", directory])
      try Calls.write("\(directory)/file")
      let trace = try tracing.end()
      #expect(ContinuousClock.now - start >= .seconds(0.5))
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      #expect(try trace.names(in: directory) == ["file"], trace.description)
    }
  }

  @Test("-n ends after exactly so many lines", arguments: ["1", "7"], [[], ["--json"], ["-S"]])
  func count(lines: String, options: [String]) throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(options + ["-n", lines, "--under", directory])
      for number in 0..<20 { try Calls.write("\(directory)/\(number)") }
      let trace = try tracing.end()
      #expect(trace.lines.count == Int(lines), trace.description)
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
    }
  }

  @Test("bfatrace's own accesses are never shown", arguments: ["-o '%'", "> '%'"])
  func own(output: String) throws {
    try Scratch.directory { directory in
      let file = "\(directory)/trace"
      let place = output.replacing("%", with: file)
      let running = try Running(
        "/bin/sh", ["-c", "exec '\(Built.bfatrace)' --all --under '\(directory)' \(place)"])
      // bfatrace records once a line for this file is there.
      try waitUntil("a line is written") {
        try? Calls.write("\(directory)/file")
        return (try? Data(contentsOf: URL(filePath: file)))?.isEmpty == false
      }
      running.interrupt()
      let ended = running.wait()
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      // This process reads the trace, so its own lines are shown; lines of others must not be.
      let foreign = lines.filter { !$0.contains("(\(getpid())): ") }
      #expect(foreign.isEmpty, "\(foreign)")
    }
  }
}
