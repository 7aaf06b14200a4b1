// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import Glibc

/// When lines have colours.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

struct OutputOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Add descriptor, flags, mode, counts, bytes to merged lines.")
  var long = false

  @Flag(name: .shortAndLong, help: "Print JSON lines.")
  var json = false

  @Flag(
    name: .shortAndLong,
    help: "Add the time; given twice, in seconds since the epoch.")
  var timestamp: Int

  @Option(
    defaultAsFlag: HostName.own, parsing: .next,
    help: ArgumentHelp(
      "Add this name, or that of the host, and the id of its boot to JSON lines.",
      valueName: "host"))
  var host: HostName?

  @Flag(name: .shortAndLong, help: "Add uid and gid.")
  var user = false

  @Flag(name: .shortAndLong, help: "Add the path of the executable.")
  var exe = false

  @Flag(
    name: [.customShort("P"), .customLong("parents")],
    help: "Add all ancestors of the process; with --exe, their executables too.")
  var parents = false

  @Flag(help: "Add the control group; in JSON, also its unit and container.")
  var cgroup = false

  @Flag(help: "Add the working directory.")
  var cwd = false

  @Flag(help: "Add the command line, which can hold secrets.")
  var args = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write to this file, which must not exist; SIGHUP opens it anew.", valueName: "file"))
  var output: String?

  @Flag(help: "Add to the file of --output if it exists.")
  var append = false

  @Option(help: ArgumentHelp("Print colours: auto, always or never.", valueName: "when"))
  var color = ColorChoice.auto

  /// Whether lines have colours: by default for a person at a terminal (no-color.org).
  var usesColor: Bool {
    switch color {
    case .always: true
    case .never: false
    case .auto:
      output == nil && isatty(STDOUT_FILENO) == 1 && Self.environment("NO_COLOR").isEmpty
        && !["", "dumb"].contains(Self.environment("TERM"))
    }
  }

  private static func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }

  func validate() throws {
    if timestamp > 2 {
      throw ValidationError("--timestamp can be given twice at most")
    }
    if host != nil && !json {
      throw ValidationError("--host adds to JSON lines only: add --json")
    }
    if output == "-" {
      throw ValidationError(
        "--output -: without --output, lines go to standard output; a file of this name is ./-")
    }
    if append && output == nil {
      throw ValidationError("--append needs the file to add to: add --output")
    }
  }
}

struct DeliveryOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How often merged lines are printed, in milliseconds (default: 100).", valueName: "ms"),
    transform: Value.interval)
  var interval: UInt64?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Memory for events that wait to be printed, in MiB, rounded up to a power of two (default: 8).",
      valueName: "mib"),
    transform: Value.ringSize)
  var ringSize: UInt32?

  /// For tests, which see with few of each kind what happens when there is no more room.
  @Option(help: .private) var roomForFiles: UInt32?
  @Option(help: .private) var roomForPaths: UInt32?
  @Option(help: .private) var roomForDisks: UInt32?
  @Option(help: .private) var roomForGroups: UInt32?
  @Option(help: .private) var roomForScope: UInt32?

  /// For tests, which compare what the quick way reports.
  @Flag(help: .private)
  var onlyGeneral = false
}

struct EndOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp("Stop after N seconds, such as 0.5, 90, 5m, 2h or 1d.", valueName: "n"),
    transform: Value.seconds)
  var seconds: UInt64?

  @Option(
    name: [.customShort("n"), .customLong("count")], parsing: .unconditional,
    help: ArgumentHelp("Stop after N lines.", valueName: "n"), transform: Value.lines)
  var count: UInt64?
}
