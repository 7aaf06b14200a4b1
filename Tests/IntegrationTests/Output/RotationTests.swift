// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

@Suite("A file of --output that others rotate", .needsRoot)
struct RotationTests {
  /// Gives the body a directory to trace, one that is not traced, and the file of --output in the
  /// latter.
  private func directories(
    _ body: (_ traced: String, _ outside: String, _ output: String) throws -> Void
  ) throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "out", in: scratch)
      try body("\(scratch)/in", "\(scratch)/out", "\(scratch)/out/lines")
    }
  }

  private func text(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }

  /// Starts a run that appends to `output`, and waits until it records.
  private func start(_ options: [String], to output: String, from size: Int = 0) throws -> Running {
    let running = try Running(Built.bfatrace, ["-o", output, "--append"] + options)
    try waitUntil("bfatrace records") {
      let status = text("/proc/\(running.process.processIdentifier)/status")
      // Giving up privileges is the last step before it records.
      return status.contains("NoNewPrivs:\t1") || !running.process.isRunning
    }
    return running
  }

  private func end(_ running: Running) -> Ended {
    running.interrupt()
    return running.wait()
  }

  @Test("--append adds to a file that exists, and creates one that does not")
  func append() throws {
    try directories { traced, _, output in
      for name in ["first", "second"] {
        let running = try start(["-f", "W", "--under", traced], to: output)
        try Calls.write("\(traced)/\(name)")
        let ended = end(running)
        #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      }
      let names = text(output).split(separator: "\n").map { $0.split(separator: "/").last ?? "" }
      #expect(names == ["first", "second"], "\(text(output))")
    }
  }

  @Test("a file that is cut while it is written goes on from its beginning")
  func copyTruncate() throws {
    try directories { traced, _, output in
      let running = try start(["-f", "W", "--under", traced], to: output)
      try Calls.write("\(traced)/before")
      try waitUntil("a line is there") { text(output).hasSuffix("/before\n") }
      try #require(truncate(output, 0) == 0)
      try Calls.write("\(traced)/after")
      try waitUntil("a line is there") { text(output).hasSuffix("/after\n") }
      let ended = end(running)
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      let lines = text(output)
      #expect(
        !lines.contains("\0") && lines.contains(/^[^\n]+ \S+\/after\n$/),
        "\(lines.debugDescription)")
    }
  }

  @Test("no line is missing or doubled when the file is moved away under load before SIGHUP")
  func rotate() throws {
    try directories { traced, outside, output in
      let running = try start(
        ["--syscalls", "-f", "O", "--under", traced, "--ring-size", "64"], to: output)
      let load = try Running(
        "/usr/bin/env",
        [
          "python3", "-I", "-S", "-c",
          "import os, sys\nfor number in range(30000):\n os.close(os.open(f'{sys.argv[1]}/{number % 7}', 66, 0o600))",
          traced,
        ])
      var rotations = 0
      while load.process.isRunning || rotations < 3 {
        try FileManager.default.moveItem(atPath: output, toPath: "\(outside)/lines.\(rotations)")
        rotations += 1
        kill(running.process.processIdentifier, SIGHUP)
        try waitUntil("the file is opened anew") {
          FileManager.default.fileExists(atPath: output) || !running.process.isRunning
        }
      }
      let ended = end(running)
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      let files = (0..<rotations).map { "\(outside)/lines.\($0)" } + [output]
      let texts = files.map(text)
      #expect(texts.allSatisfy { $0.isEmpty || $0.hasSuffix("\n") })
      let lines = texts.flatMap { $0.split(separator: "\n") }
      #expect(lines.count == 30000, "\(rotations) rotations, \(lines.suffix(3))")
      #expect(lines.allSatisfy { $0.contains("openat \(traced)/") }, "\(lines.prefix(3))")
    }
  }

  /// Makes calls whose lines differ in their offsets, as fast as one thread can.
  private final class Load: @unchecked Sendable {
    static let calls = 200_000
    private let descriptor: Int32
    private let isDone = Atomic(false)

    init(_ path: String) throws {
      try Calls.write(path)
      descriptor = try Calls.open(path)
    }

    deinit { close(descriptor) }

    func start() {
      Thread.detachNewThread { [self] in
        var byte: UInt8 = 0
        for offset in 0..<Self.calls { _ = pread(descriptor, &byte, 1, offset) }
        isDone.store(true, ordering: .releasing)
      }
    }

    var goesOn: Bool { !isDone.load(ordering: .acquiring) }
  }

  /// logrotate(8) loses what is written between copying and truncating: stop the tracer meanwhile.
  private func copyAndCut(_ output: String, to name: String, _ running: Running) throws {
    kill(running.process.processIdentifier, SIGSTOP)
    try waitUntil("bfatrace is stopped") {
      text("/proc/\(running.process.processIdentifier)/status").contains("State:\tT")
    }
    try FileManager.default.copyItem(atPath: output, toPath: name)
    #expect(truncate(output, 0) == 0)
    kill(running.process.processIdentifier, SIGCONT)
  }

  @Test(
    "no line is missing or doubled while a thread makes as many as it can",
    arguments: ["moved away, and SIGHUP", "copied and cut"])
  func underLoad(way: String) throws {
    try directories { traced, outside, output in
      let load = try Load("\(traced)/file")
      let running = try start(
        ["-S", "-f", "R", "--under", traced, "-p", "\(getpid())", "--ring-size", "256"], to: output)
      load.start()
      var files: [String] = []
      while load.goesOn || files.count < 3 {
        files.append("\(outside)/lines.\(files.count)")
        if way.hasPrefix("copied") {
          try copyAndCut(output, to: files[files.count - 1], running)
          continue
        }
        try FileManager.default.moveItem(atPath: output, toPath: files[files.count - 1])
        kill(running.process.processIdentifier, SIGHUP)
        try waitUntil("the file is opened anew") {
          FileManager.default.fileExists(atPath: output) || !running.process.isRunning
        }
      }
      let ended = end(running)
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      var offsets: [Int: Int] = [:]
      for file in files + [output] {
        let lines = try Data(contentsOf: URL(filePath: file))
        #expect(lines.isEmpty || lines.last == UInt8(ascii: "\n"), "\(file)")
        for line in lines.split(separator: UInt8(ascii: "\n")) {
          let text = String(decoding: line, as: UTF8.self)
          let offset = try #require(text.firstMatch(of: /offset=([0-9]+)/), "\(text)")
          offsets[Int(offset.1) ?? -1, default: 0] += 1
        }
      }
      let wrong = (0..<Load.calls).filter { offsets[$0] != 1 }
      #expect(
        wrong.isEmpty && offsets.count == Load.calls,
        "\(files.count) rotations, \(offsets.count) lines; missing or twice: \(wrong.prefix(5))")
    }
  }

  @Test("lines go on to the old file, which is reported, if the name cannot be opened again")
  func cannotReopen() throws {
    try directories { traced, outside, output in
      let running = try start(["-f", "W", "--under", traced], to: output)
      try shell("mv '\(outside)' '\(outside).away'")
      kill(running.process.processIdentifier, SIGHUP)
      try waitUntil("it complains") {
        !running.errorsSoFar.isEmpty || !running.process.isRunning
      }
      try Calls.write("\(traced)/file")
      let ended = end(running)
      #expect(ended.status == 0, "\(ended)")
      #expect(
        ended.complaints.hasPrefix("bfatrace: --output \(output): No such file"), "\(ended)")
      #expect(text("\(outside).away/lines").hasSuffix("/file\n"))
    }
  }

  @Test("--output - and --append without --output are refused")
  func usage() throws {
    expectComplaint(
      try run(Built.bfatrace, ["-o", "-"]), status: 64, ["--output -", "./-", "standard output"])
    expectComplaint(try run(Built.bfatrace, ["--append"]), status: 64, ["--append", "--output"])
  }

  @Test("with a command, SIGHUP opens the file again and reaches the command")
  func command() throws {
    try directories { traced, outside, output in
      let running = try Running(
        Built.bfatrace,
        ["-o", output, "--under", traced, "--", "sh", "-c"]
          + ["trap 'echo > \"$0\"; exit 9' HUP; echo ready; read line", "\(traced)/file"])
      try waitUntil("the command is ready") {
        String(decoding: running.outputSoFar, as: UTF8.self) == "ready\n"
          || !running.process.isRunning
      }
      try FileManager.default.moveItem(atPath: output, toPath: "\(outside)/old")
      kill(running.process.processIdentifier, SIGHUP)
      try waitUntil("it ends") { !running.process.isRunning }
      let ended = running.wait()
      #expect(ended.status == 9 && ended.errors.isEmpty, "\(ended)")
      // The calls are merged in one line, or a flush came in between.
      #expect(text(output).contains(/: CWO? +\S+\/in\/file\n/), "\(text(output)), \(ended)")
    }
  }

  @Test("without a file, SIGHUP ends the run and delivers what is pending")
  func withoutFile() throws {
    try directories { traced, outside, _ in
      let live = try LiveTrace(["--under", traced], through: .pipe, in: outside)
      try live.waitUntilRecording("\(traced)/first")
      try Calls.write("\(traced)/last")
      live.signal(SIGHUP)
      let ended = try live.end()
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      #expect(live.text().contains("/last\n"), "\(live.text())")
    }
  }
}
