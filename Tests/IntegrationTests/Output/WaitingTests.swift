// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A run that waits for somebody at the other end of the FIFO `fifo`.
private struct Wait: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let arguments: [String]
  /// Sent to bfatrace, and what it ends with.
  var ends: [(signal: Int32, status: Int32)] = [(SIGINT, 0), (SIGTERM, 0), (SIGHUP, 0)]
  /// Who has the FIFO open, and writes nothing.
  var hasWriter = false

  static let all = [
    Wait(testDescription: "for a reader of the lines", arguments: ["--append", "-o", "fifo"]),
    Wait(
      testDescription: "for a reader, with a command",
      arguments: ["--append", "-o", "fifo", "--", "touch", "made"],
      ends: [(SIGINT, 128 + SIGINT), (SIGTERM, 128 + SIGTERM)]),
    Wait(
      testDescription: "for a reader of a replay",
      arguments: ["--append", "-o", "fifo", "--replay", "recording"]),
    Wait(testDescription: "for a writer of a recording", arguments: ["--replay", "fifo"]),
    Wait(
      testDescription: "for a recording to begin", arguments: ["--replay", "fifo"], hasWriter: true),
  ]
}

@Suite("At a FIFO without anybody at its other end", .needsRoot)
struct WaitingTests {
  /// Waits until it sleeps, and catches the signal.
  private func waitUntilAsleep(_ running: Running, catching signal: Int32) throws {
    let process = "/proc/\(running.process.processIdentifier)"
    try waitUntil("bfatrace waits") {
      guard running.process.isRunning else { return true }
      let status = (try? String(contentsOfFile: "\(process)/status", encoding: .utf8)) ?? ""
      let caught = status.firstMatch(of: /SigCgt:\t([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
      return status.contains("State:\tS") && (caught ?? 0) & 1 << UInt64(signal - 1) != 0
    }
  }

  @Test("a signal ends the run, and nothing is complained about", arguments: Wait.all)
  fileprivate func signals(wait: Wait) throws {
    try Scratch.directory { directory in
      let recorded = try shell(
        "mkfifo fifo; '\(Built.bfatrace)' --record recording --under . -- touch file", in: directory
      )
      try #require(recorded.status == 0, "\(recorded)")
      let writer = wait.hasWriter ? open("\(directory)/fifo", O_RDWR | O_CLOEXEC) : -1
      defer { close(writer) }
      for (signal, status) in wait.ends {
        let running = try Running(Built.bfatrace, wait.arguments, in: directory)
        try waitUntilAsleep(running, catching: signal)
        kill(running.process.processIdentifier, signal)
        try waitUntil("signal \(signal) ends it") { !running.process.isRunning }
        let ended = running.wait()
        #expect(ended.status == status && ended.complaints.isEmpty, "\(signal): \(ended)")
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/made"))
      }
    }
  }

  @Test("a reader that comes later gets the lines")
  func reader() throws {
    try Scratch.directory { directory in
      try makeDirectories("in", in: directory)
      try #require(mkfifo("\(directory)/fifo", 0o600) == 0)
      let running = try Running(
        Built.bfatrace, ["--append", "-o", "fifo", "-f", "W", "--under", "in", "-n", "1"],
        in: directory)
      try waitUntilAsleep(running, catching: SIGINT)
      let reader = try Running("/bin/cat", ["\(directory)/fifo"])
      try waitUntil("a line is there") {
        try? Calls.write("\(directory)/in/file")
        return !reader.outputSoFar.isEmpty || !running.process.isRunning
      }
      let (ended, read) = (running.wait(), reader.wait())
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      #expect(read.text.hasSuffix(" \(directory)/in/file\n"), "\(read.text)")
    }
  }

  /// A FIFO that nobody reads has got the name of the file.
  @Test("after SIGHUP, lines go on to the file as it was")
  func reopened() throws {
    try Scratch.directory { directory in
      try makeDirectories("in", in: directory)
      let running = try Running(
        Built.bfatrace, ["-o", "lines", "-f", "W", "--under", "in"], in: directory)
      try waitUntil("bfatrace has given up its privileges: that comes last") {
        let status = "/proc/\(running.process.processIdentifier)/status"
        let text = (try? String(contentsOfFile: status, encoding: .utf8)) ?? ""
        return text.contains("NoNewPrivs:\t1") || !running.process.isRunning
      }
      try shell("mv lines old; mkfifo lines", in: directory)
      kill(running.process.processIdentifier, SIGHUP)
      try waitUntil("bfatrace has complained") {
        !running.errorsSoFar.isEmpty || !running.process.isRunning
      }
      try Calls.write("\(directory)/in/file")
      running.interrupt()
      let ended = running.wait()
      let message = "--output lines: nobody reads it: lines go on to the file as it was"
      #expect(ended.errors == "bfatrace: \(message)\n")
      let old = try String(contentsOfFile: "\(directory)/old", encoding: .utf8)
      #expect(old.contains("/in/file\n") && ended.status == 0, "\(old) \(ended)")
    }
  }
}
