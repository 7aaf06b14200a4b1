// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

/// Runs bfatrace, which must end by itself: it is killed if it does not.
private func runToEnd(_ arguments: [String], in directory: String? = nil) throws -> Ended {
  try run("/usr/bin/timeout", ["-s", "KILL", "20", Built.bfatrace] + arguments, in: directory)
}

/// Options that are refused.
private struct Mistake: CustomTestStringConvertible, Sendable {
  var arguments: [String]
  /// Parts of the message: the option and the remedy.
  var parts: [String]

  init(_ arguments: [String], _ parts: String...) {
    (self.arguments, self.parts) = (arguments, parts)
  }

  var testDescription: String { arguments.joined(separator: " ") }

  static let all = options + values
  static let seeHelp = "see bfatrace --help"

  private static let options = [
    Mistake(["--nope"], "--nope", seeHelp), Mistake(["-q"], "-q", seeHelp),
    Mistake(["extra"], "extra", seeHelp), Mistake(["-j", "a", "b"], "'a'", seeHelp),
    Mistake(["--json=yes"], "--json", seeHelp),
    Mistake(["-F"], "--follow", "--pid", "--comm"),
    Mistake(["-ttt"], "--timestamp", "twice"),
    Mistake(["-t", "-t", "--timestamp"], "--timestamp", "twice"),
    Mistake(["--dir", "/", "--under", "/"], "--dir", "--under", "choose one"),
    Mistake(["--dir", "/", "--current-mount"], "--dir", "--current-mount", "choose one"),
    Mistake(["--under", "/", "--current-mount"], "--under", "--current-mount", "choose one"),
    Mistake(["--uid", "no-such-user"], "--uid", "no-such-user", "getent passwd"),
    Mistake(["--uid", "4294967296"], "--uid", "4294967296"),
    Mistake(["--uid", "4294967295"], "--uid", "4294967295"),
    Mistake(["--uid", ""], "--uid"),
    Mistake(["-f", "RX"], "-f", "'X'", "R C W O + D < >"),
    Mistake(["--filter", ""], "--filter", "R C W O + D < >"),
    Mistake(["-c", ""], "-c", "not empty"), Mistake(["--ignore-comm", ""], "--ignore-comm"),
  ]

  /// Mistakes with a missing or malformed value.
  private static let values: [Mistake] = {
    var all: [Mistake] = []
    for option in ["-p", "-c", "-C", "-d", "--under", "-f", "--slower", "-o", "-s", "-n", "--uid"] {
      all.append(Mistake([option], option, seeHelp))
    }
    for value in ["x", "", "0", "1,", "1,,2", "1 2", "0x10", "99999999999", "1.5"] {
      all.append(Mistake(["-p", value], "-p", "'\(value)'", "number"))
      all.append(Mistake(["--ignore-pid", value], "--ignore-pid", "'\(value)'", "number"))
    }
    for (option, words, wrong) in [
      (
        "-s", "number of seconds above 0",
        [
          "x", "", "0", "0d", "s", "1ms", "1 s", "1S", "1w", "0x1d", "nan", "inf", "infs", "20000d",
          "1e999",
        ]
      ),
      ("--wakeups", "number of seconds above 0", ["x", "", "0", "0h", "5mm"]),
      ("-n", "whole number", ["x", "", "0", "1.5", "99999999999999999999"]),
      ("--slower", "number", ["x", "", "nan", "inf", "5ms"]),
    ] {
      for value in wrong { all.append(Mistake([option, value], option, "'\(value)'", words)) }
    }
    for option in ["--seconds", "--count", "--slower", "--pid", "--uid"] {
      all.append(Mistake(["\(option)=-1"], option, "-1"))
    }
    return all
  }()
}

@Suite("Wrong usage")
struct UsageErrorTests {
  @Test("is reported in one line that names the option and the remedy", arguments: Mistake.all)
  fileprivate func usage(mistake: Mistake) throws {
    expectComplaint(try runToEnd(mistake.arguments), status: 64, mistake.parts)
  }

  @Test(
    "is reported in one line whatever bytes an argument has",
    arguments: [["--uid"], ["-f"], ["-s"], ["--no-such-option"], [], ["--under"], ["-o"], ["-p"]])
  func hostile(option: [String]) throws {
    let ended = try runToEnd(option + ["/no\n\u{1b}[2J\u{9b}2J\u{7f}/such"])
    let message = ended.errors
    #expect(message.hasPrefix("bfatrace: ") && ended.status != 0, "\(message.debugDescription)")
    #expect(message.firstIndex(of: "\n") == message.indices.last, "\(message.debugDescription)")
    let controls = message.dropLast().unicodeScalars.filter {
      $0.properties.generalCategory == .control
    }
    #expect(controls.isEmpty, "\(message.debugDescription)")
  }

  @Test(
    "help goes to standard output, fits 80 columns and has every option",
    arguments: ["-h", "--help"])
  func help(option: String) throws {
    let ended = try runToEnd([option])
    #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended.errors)")
    let lines = ended.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(ended.text)")
    let options = [
      "-p, --pid", "-c, --comm", "-C, --command", "-F, --follow", "--ignore-pid", "--ignore-comm",
      "--uid", "-d, --dir", "--under", "--current-mount", "--all", "-f, --filter", "-x, --failed",
      "--slower", "-S, --syscalls", "-l, --long", "-j, --json", "-t, --timestamp", "-u, --user",
      "-o, --output", "-s, --seconds", "-n, --count", "--version", "-h, --help",
    ]
    for option in options {
      let line = lines.first { $0.hasPrefix("  \(option) ") || $0 == "  \(option)" }
      #expect(line != nil, "\(option)\n\(ended.text)")
    }
    let groups = lines.filter { $0.hasSuffix(":") && !$0.hasPrefix(" ") }
    #expect(groups.count >= 5, "\(ended.text)")
  }

  @Test("the version goes to standard output")
  func version() throws {
    let ended = try runToEnd(["--version"])
    #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended.errors)")
    #expect(ended.text.contains(/^bfatrace \d+\.\d+\.\d+\n$/), "\(ended.text)")
  }
}

@Suite("Processes, places and files that are not there")
struct PlaceErrorTests {
  @Test("a process that is not there", .needsRoot)
  func noProcess() throws {
    // The pid is above the greatest one, PID_MAX_LIMIT - 1.
    expectComplaint(
      try runToEnd(["-p", "4194304"]), status: 1, ["--pid 4194304", "no such process", "ps -e"])
    expectComplaint(try runToEnd(["-p", "\(getpid()),4194304"]), status: 1, ["--pid 4194304"])
  }

  @Test("a thread that is no process", .needsRoot)
  func thread() throws {
    // Start a thread for this: another one of this process may end before bfatrace looks at it.
    let (ready, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    defer { release.signal() }
    let link = Mutex("")
    Thread.detachNewThread {
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      link.withLock { $0 = target ?? "" }
      ready.signal()
      release.wait()
    }
    ready.wait()
    let tid = try #require(link.withLock { $0 }.split(separator: "/").last.map(String.init))
    try #require(tid != "\(getpid())")
    expectComplaint(
      try runToEnd(["-p", tid]), status: 1, ["--pid \(tid)", "no process", "thread", "ps -e"])
  }

  @Test("a directory that is not there, or is none", arguments: ["--dir", "--under"])
  func place(option: String) throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      for (name, reason) in [
        ("missing", "No such file"), ("file", "Not a directory"), ("file/below", "Not a directory"),
      ] {
        let path = "\(directory)/\(name)"
        expectComplaint(
          try runToEnd([option, "/", option, path]), status: 1,
          ["\(option) \(path)", reason, "existing directory"])
      }
    }
  }

  @Test("an output file that exists is not touched", .needsRoot)
  func existingOutput() throws {
    try Scratch.directory { directory in
      try shell("echo precious > file; ln -s nowhere link; mkfifo fifo", in: directory)
      for name in ["file", "link", "fifo", "."] {
        let path = "\(directory)/\(name)"
        expectComplaint(
          try runToEnd(["-o", path]), status: 1,
          ["--output \(path)", "File exists", "another name"])
      }
      #expect(try String(contentsOfFile: "\(directory)/file", encoding: .utf8) == "precious\n")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/nowhere"))
    }
  }

  @Test(
    "an output file in no directory", .needsRoot,
    arguments: ["missing/trace", "file/trace", ""])
  func noDirectory(name: String) throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      expectComplaint(
        try runToEnd(["-o", name], in: directory), status: 1,
        ["--output \(name)", name.hasPrefix("file") ? "Not a directory" : "No such file", "choose"])
    }
  }

  @Test("standard output that is full", .needsRoot, arguments: ["", "--json", "--syscalls"])
  func fullOutput(option: String) throws {
    try Scratch.directory { directory in
      let command = "exec '\(Built.bfatrace)' \(option) --under '\(directory)' > /dev/full"
      let running = try Running("/bin/sh", ["-c", command])
      try writeUntilEnd(of: running, in: directory)
      expectComplaint(
        running.wait(), status: 1, ["standard output", "No space left on device", "make room"])
    }
  }

  @Test("a file system that fills up in mid-run", .needsRoot)
  func fullFileSystem() throws {
    try Scratch.directory { directory in
      try makeDirectories("small", "in", in: directory)
      let command = """
        mount -t tmpfs -o size=64k none small
        exec '\(Built.bfatrace)' --syscalls -o small/trace --under in
        """
      let running = try Running(
        "/usr/bin/unshare", ["-m", "sh", "-e", "-c", command], in: directory)
      try writeUntilEnd(of: running, in: "\(directory)/in")
      expectComplaint(
        running.wait(), status: 1, ["small/trace", "No space left on device", "make room"])
    }
  }

  @Test(
    "a file that grows to the limit of its size", .needsRoot, arguments: ["-o trace", "> trace"])
  func sizeLimit(output: String) throws {
    try Scratch.directory { directory in
      try makeDirectories("in", in: directory)
      let command = "ulimit -f 1; exec '\(Built.bfatrace)' --syscalls --under in \(output)"
      let running = try Running("/bin/sh", ["-c", command], in: directory)
      try writeUntilEnd(of: running, in: "\(directory)/in")
      expectComplaint(
        running.wait(), status: 1,
        [output.hasPrefix(">") ? "standard output" : "trace", "File too large", "ulimit -f"])
    }
  }

  private func writeUntilEnd(of running: Running, in directory: String) throws {
    try waitUntil("bfatrace gives up") {
      for number in 0..<20 { try? Calls.write("\(directory)/\(number)") }
      return !running.process.isRunning
    }
  }
}
