// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Where bfatrace is started: a shell command that runs before it, and what bfatrace must say.
private struct Surroundings: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// The shell command, which runs in a mount namespace of its own.
  var prepare = ":"
  /// The command line; "$@" is bfatrace with its options.
  var start = #"exec "$@""#
  var environment: [String: String] = [:]

  var launcher: [String] {
    let variables = environment.map { "\($0)=\($1)" }
    return ["env"] + variables + ["unshare", "-m", "sh", "-e", "-c", "\(prepare); \(start)", "sh"]
  }

  static let noProc = Surroundings(testDescription: "no /proc", prepare: "umount -l /proc")
  static let otherProc = Surroundings(
    testDescription: "the /proc of another pid namespace",
    start: #"exec unshare --pid --fork "$@""#)
  static let noCPUs = Surroundings(
    testDescription: "no /sys/devices/system/cpu",
    prepare: "mount -t tmpfs none /sys/devices/system/cpu")

  /// Surroundings in which everything is traced as usual.
  static let traced = [
    noProc, otherProc,
    Surroundings(testDescription: "no /dev", prepare: "mount -t tmpfs none /dev"),
    Surroundings(testDescription: "no /etc", prepare: "mount -t tmpfs none /etc"),
    Surroundings(testDescription: "no standard input", start: #"exec "$@" <&-"#),
    Surroundings(testDescription: "no standard error", start: #"exec "$@" 2>&-"#),
    Surroundings(testDescription: "no standard output", start: #"exec "$@" >&-"#),
    Surroundings(
      testDescription: "no standard descriptor at all", start: #"exec "$@" <&- >&- 2>&-"#),
    Surroundings(
      testDescription: "a working directory that was removed",
      prepare: "gone=$(mktemp -d); cd \"$gone\"; rmdir \"$gone\""),
    Surroundings(testDescription: "no environment", start: #"exec env -i "$@""#),
  ]
}

@Suite("Surroundings that lack something", .needsRoot, .needsNamespaces)
struct SurroundingsTests {
  @Test("every option works, and nothing else is shown", arguments: Surroundings.traced)
  fileprivate func traced(surroundings: Surroundings) throws {
    try Scratch.directory { directory in
      try makeDirectories("in", "out", in: directory)
      let tracing = try Tracing(
        ["--json", "-f", "W", "-n", "1", "--under", "\(directory)/in"],
        launcher: surroundings.launcher)
      try Calls.write("\(directory)/out/file")
      try Calls.write("\(directory)/in/file")
      let trace = try tracing.end()
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      #expect(try trace.names(in: directory) == ["in/file"], trace.description)
    }
  }

  /// Runs bfatrace, which must end by itself.
  private func end(_ surroundings: Surroundings, _ options: String...) throws -> Ended {
    try run(
      "/usr/bin/timeout",
      ["-s", "KILL", "20"] + surroundings.launcher + [Built.bfatrace] + options)
  }

  @Test(
    "calls that failed and calls that worked are shown if they are in the place that is traced",
    arguments: ["--dir", "--under"])
  func failed(option: String) throws {
    try Scratch.directory { directory in
      try makeDirectories("in", "out", in: directory)
      let tracing = try Tracing(
        ["--json", "--failed", option, "\(directory)/in"], launcher: Surroundings.noProc.launcher)
      try shell("cat out/missing in/missing", in: directory)
      let trace = tracing.stop()
      #expect(try trace.names(in: directory) == ["in/missing"], trace.description)
    }
  }

  @Test("without /proc, a command is traced, and its status is that of bfatrace")
  func command() throws {
    try Scratch.directory { directory in
      let path = "\(directory)/file"
      let ended = try end(
        .noProc, "--under", directory, "-f", "W", "--", "sh", "-c", "echo x > \(path); exit 7")
      #expect(ended.status == 7, "\(ended)")
      let lines = ended.text.split(separator: "\n")
      #expect(
        !lines.isEmpty && lines.allSatisfy { $0.hasPrefix("sh(") && $0.hasSuffix(path) },
        "\(ended)")
    }
  }

  @Test("without /proc, --version, --help and wrong options print the same")
  func arguments() throws {
    let version = try end(.noProc, "--version")
    #expect(version.status == 0 && version.text.hasPrefix("bfatrace "), "\(version)")
    let help = try end(.noProc, "--help")
    #expect(help.status == 0 && help.text.contains("--under"), "\(help)")
    expectComplaint(try end(.noProc, "--nope"), status: 64, ["--nope", "bfatrace --help"])
  }

  @Test("an option that cannot work is refused, with the remedy")
  func refused() throws {
    expectComplaint(
      try end(.noProc, "--current-mount"), status: 1,
      ["--current-mount", "/proc/self/mountinfo", "mount /proc"])
    expectComplaint(
      try end(.noCPUs), status: 1, ["/sys/devices/system/cpu/possible", "mount /sys"])
    let noSys = Surroundings(testDescription: "no /sys", prepare: "umount -l /sys")
    expectComplaint(
      try end(noSys, "--device", "sda"), status: 1, ["--device sda", "mount /sys"])
    let noDescriptors = Surroundings(
      testDescription: "few descriptors", start: #"ulimit -n 30; exec "$@""#)
    expectComplaint(try end(noDescriptors), status: 1, ["open files", "ulimit -n"])
    let noUsers = Surroundings(testDescription: "", prepare: "mount -t tmpfs none /etc")
    expectComplaint(try end(noUsers, "--uid", "root"), status: 64, ["--uid", "getent passwd"])
    expectComplaint(
      try end(noUsers, "--as", "0", "--", "true"), status: 64, ["--as", "getent passwd"])
  }

  @Test("by the name of fatrace, which takes the mounts from /proc, it refuses to run")
  func fatrace() throws {
    let ended = try run(
      "/usr/bin/timeout",
      ["-s", "KILL", "20"] + Surroundings.noProc.launcher + [Built.fatrace])
    #expect(ended.status == 1 && ended.output.isEmpty, "\(ended)")
    #expect(ended.errors.hasPrefix("fatrace: ") && ended.errors.contains("mount /proc"), "\(ended)")
  }

  @Test("--check says what is lost without /proc")
  func check() throws {
    let ended = try end(.noProc, "--check")
    #expect(ended.status == 0, "\(ended)")
    #expect(ended.text.contains("absent  /proc: not mounted"), "\(ended)")
  }

  @Test(
    "standard output that cannot be written to is refused before anything is traced",
    arguments: [">&-", "1</dev/null"], ["", "--summary-only", "-- true"])
  func closedOutput(redirection: String, options: String) throws {
    let ended = try shell("exec '\(Built.bfatrace)' \(options) \(redirection)")
    expectComplaint(ended, status: 1, ["standard output", "closed", "--output"])
  }

  @Test(
    "help, version and findings that cannot be written end with a failure",
    arguments: ["--help", "--version", "--check"])
  func fullOutput(option: String) throws {
    let ended = try shell("exec '\(Built.bfatrace)' \(option) > /dev/full")
    expectComplaint(ended, status: 1, ["standard output", "No space left on device"])
  }

  @Test("a time zone that is not found is reported, one that is spelt out is used")
  func timeZone() throws {
    try Scratch.directory { directory in
      try shell(
        "mkfifo fifo; head -c 5000 /dev/urandom > noise; truncate -s 1T hole; "
          + "'\(Built.bfatrace)' --record recording --under . -- touch file", in: directory)
      for (zone, isWrong) in [
        ("Nowhere", true), ("Europe/Nowhere", true), ("/no/such/file", true), (":Nowhere", true),
        ("CET-1CEST,M3.5.0,M10.5.0/3", false), ("<+03>-3", false), ("EST5", false), ("", false),
        ("UTC", false), ("Etc/UTC", false), ("X0", true), ("<+03", true), (directory, true),
        ("/dev/zero", true), ("\(directory)/noise", true), ("\(directory)/hole", true),
        ("\(directory)/fifo", true), (":\(directory)/fifo", true),
      ] {
        let ended = try run(
          "/usr/bin/timeout",
          ["-s", "KILL", "20", Built.bfatrace, "-t", "--replay", "\(directory)/recording"],
          environment: ["TZ": zone])
        #expect(ended.complaints.contains("no such time zone") == isWrong, "\(zone): \(ended)")
        #expect(ended.status == 0 && ended.text.contains("/file\n"), "\(zone): \(ended)")
      }
    }
  }

  @Test(
    "in a time namespace, times are those outside of it",
    arguments: ["100000", "-1", "86400.25"])
  func timeNamespace(offset: String) throws {
    try Scratch.directory { directory in
      // unshare(1) sets whole seconds only: write the rest to /proc.
      let seconds = offset.split(separator: ".").map(String.init)
      var launcher = ["unshare", "--time", "--boottime", seconds[0], "--fork"]
      if seconds.count > 1 {
        let set =
          "printf 'boottime \(seconds[0]) \(seconds[1])0000000\\n' > /proc/$$/timens_offsets"
        launcher = ["unshare", "--time", "sh", "-c", "\(set); \"$@\"; exit", "sh"]
      }
      let tracing = try Tracing(
        ["-tt", "-f", "W", "-n", "1", "--under", directory], launcher: launcher)
      let before = Date().timeIntervalSince1970
      try Calls.write("\(directory)/file")
      let after = Date().timeIntervalSince1970
      let trace = try tracing.end()
      let time = trace.lines.first.flatMap { Double($0.prefix { $0 != " " }) }
      // Converting the time takes some microseconds: allow for them.
      #expect(
        time.map { before - 0.001 <= $0 && $0 <= after + 0.001 } == true,
        "\(before)...\(after): \(trace.description)")
    }
  }
}
