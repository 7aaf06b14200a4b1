// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc
import Tracer

/// The command line of fatrace(8), by Martin Pitt, as of version 0.19.1, and what it means here.
struct Fatrace {
  private var plan = Plan()
  private var wantsHelp = false
  private var currentMount = false
  private var directories: [UnsafePointer<CChar>] = []

  /// What the arguments of this process ask for; nil for help.
  static func plan() throws(Failure) -> Plan? {
    var line = Fatrace()
    line.plan.lines.onlyFatrace = true
    line.plan.tracer.times = true
    let argv = Arguments.bytes
    try line.read(argv)
    if line.wantsHelp { return nil }
    for index in Int(bfa_first_operand())..<Int(Arguments.count) {
      if let operand = argv[index] { line.directories.append(operand) }
    }
    let place = try line.place()
    line.plan.tracer.place = place.tracer
    line.plan.places = place.filter
    return line.plan
  }

  private mutating func read(
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) throws(Failure) {
    var value: UnsafePointer<CChar>?
    while !wantsHelp {
      let option = bfa_next_option(Arguments.count, argv, &value)
      if option == BFA_OPTION_END.rawValue { return }
      if let value {
        try set(option, to: value)
      } else {
        try set(option)
      }
    }
  }

  private mutating func set(_ option: Int32) throws(Failure) {
    switch UnicodeScalar(UInt8(option)) {
    case "c": currentMount = true
    case "t":
      guard let more = LineOptions.Timestamps(rawValue: plan.lines.timestamps.rawValue + 1) else {
        throw Self.wrong("--timestamp can be given twice at most")
      }
      plan.lines.timestamps = more
    case "u": plan.lines.user = true
    case "j": plan.lines.json = true
    case "P": plan.tracer.parents = true
    case "e": plan.tracer.exe = true
    default: wantsHelp = true
    }
  }

  private mutating func set(_ option: Int32, to value: UnsafePointer<CChar>) throws(Failure) {
    let text = String(cString: value)
    switch UnicodeScalar(UInt8(option)) {
    case "o": plan.output = Array(UnsafeBufferPointer(start: value, count: strlen(value) + 1))
    case "s":
      guard let seconds = Self.number(text), seconds <= 1_000_000_000 else {
        throw Self.wrong("--seconds \(text): a number of seconds is a whole number above 0")
      }
      plan.seconds = UInt64(seconds) * 1_000_000_000
    case "p":
      guard let number = Self.number(text), let pid = pid_t(exactly: number) else {
        throw Self.wrong("--ignore-pid \(text): a process id is a number above 0")
      }
      plan.tracer.ignoredPids.append(pid)
    case "f": plan.tracer.types = try Self.types(text)
    case "C": plan.tracer.comms = [Self.comm(value)]
    case "d": directories.append(value)
    case ":": throw Self.wrong("\(text) needs a value")
    case "=": throw Self.wrong("\(text): the option takes no value")
    default: throw Self.wrong("\(text): there is no such option, or more than one")
    }
  }

  private static func wrong(_ message: String) -> Failure {
    Failure(message: "\(message); see fatrace --help")
  }

  /// Above 0; spaces in front do not matter.
  private static func number(_ text: String) -> Int? {
    Int(text.drop(while: \.isWhitespace)).flatMap { $0 > 0 ? $0 : nil }
  }

  private static func types(_ text: String) throws(Failure) -> UInt16 {
    do throws(UnknownLetter) {
      return try letters.types(text)
    } catch {
      throw wrong("--filter \(text): \(error)")
    }
  }

  private static let letters = Letters(ofFatrace: true)

  /// As the kernel keeps it.
  private static func comm(_ name: UnsafePointer<CChar>) -> [UInt8] {
    let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
    return ProcessOptions.cut(Array(bytes), of: "--command")
  }

  private func place() throws(Failure) -> Place {
    if currentMount && !directories.isEmpty {
      throw Self.wrong("--current-mount excludes --dir and directories: choose one")
    }
    if currentMount { return try Place(currentMountFor: "--current-mount") }
    if directories.isEmpty {
      let table = try MountTable(for: "without --dir")
      return Place(fileSystemsOf: table.mounts.filter(Self.isWatched), in: table)
    }
    var descriptors: [Int32] = []
    for directory in directories { descriptors.append(try Place.open(directory, for: "--dir")) }
    return Place(parents: descriptors)
  }

  /// The root directory, and what comes from a device, or from ZFS, which names no device: not what
  /// is the kernel's or in memory, nor network file systems.
  private static func isWatched(_ mount: MountTable.Mount) -> Bool {
    if mount.point == [UInt8(ascii: "/")] || mount.type == "zfs" { return true }
    return mount.source.first == UInt8(ascii: "/")
      && access(mount.sourcePath, F_OK) == 0
  }

  static let help = """
    Usage: fatrace [OPTIONS] [--] [DIR...]

    Shows which processes open, read, write and close which files. This is bfatrace, which takes the
    options of fatrace under this name; see `man fatrace` and `bfatrace --help`.

      -c, --current-mount     Only the file system of the current directory.
      -d, --dir DIR           Only files directly in this directory; repeatable. A DIR at the end has
                              this meaning, too.
      -p, --ignore-pid PID    All but this process; repeatable.
      -C, --command NAME      Only processes with this name.
      -f, --filter TYPES      Only these types: letters of \(letters.names).
      -t, --timestamp         Add the time; given twice, in seconds since the epoch.
      -u, --user              Add uid and gid.
      -e, --exe               Add the path of the executable.
      -P, --parents           Add all ancestors of the process.
      -j, --json              Print JSON lines.
      -o, --output FILE       Write to this file, which must not exist.
      -s, --seconds N         Stop after N seconds.
      -h, --help              Show this.
    """
}
