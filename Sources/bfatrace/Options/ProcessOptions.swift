// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import Glibc

struct ProcessOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only this process, with all its threads; also 12,34.", valueName: "pid"),
    transform: Value.pids)
  var pid: [[pid_t]] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Only processes with this name.", valueName: "name"),
    transform: Value.nonEmpty)
  var comm: [String] = []

  @Option(
    name: [.customShort("C"), .customLong("command")],
    help: ArgumentHelp("Another name of --comm, for users of fatrace.", valueName: "name"),
    transform: Value.nonEmpty)
  var command: [String] = []

  @Flag(
    name: [.customShort("F"), .customLong("follow")],
    help: "With -p or -c: also the children that these start from now on.")
  var follow = false

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("All but this process; also 12,34.", valueName: "pid"), transform: Value.pids
  )
  var ignorePid: [[pid_t]] = []

  @Option(
    help: ArgumentHelp("All but processes with this name.", valueName: "name"),
    transform: Value.nonEmpty)
  var ignoreComm: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only processes of this user, name or number.", valueName: "user"),
    transform: Value.user)
  var uid: uid_t?

  @Option(
    help: ArgumentHelp(
      "Only processes in this unit of systemd: nginx.service, or nginx; a slice, a scope.",
      valueName: "unit"),
    transform: Value.unit)
  var unit: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only processes of this container: the start of its id, or its name with LXC.",
      valueName: "container"),
    transform: Value.container)
  var container: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only processes in this control group or below it: a directory, or as in /proc/PID/cgroup.",
      valueName: "cgroup"),
    transform: Value.cgroup)
  var underCgroup: [String] = []

  var choosesCgroups: Bool { !unit.isEmpty || !container.isEmpty || !underCgroup.isEmpty }

  var comms: [String] { comm + command }

  /// Names as the kernel keeps them, in bytes; a warning for each that it cuts.
  static func cut(_ names: [String], of option: String) -> [[UInt8]] {
    names.map { cut(Array($0.utf8), of: option) }
  }

  static func cut(_ name: [UInt8], of option: String) -> [UInt8] {
    let longest = Int(BFA_COMM_SIZE.rawValue) - 1
    let cut = Array(name.prefix(longest))
    if cut.count < name.count {
      complain(
        "\(option) \(String(decoding: name, as: UTF8.self)): the kernel keeps \(longest) bytes of a "
          + "name: looking for \(String(decoding: cut, as: UTF8.self))")
    }
    return cut
  }
}
