// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace

struct EventOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Only these types: letters of \(Value.letters.names).", valueName: "types"),
    completion: .list(Value.letters.all.map { "\($0.name) \($0.meaning)" }),
    transform: Value.types)
  var filter: UInt16?

  @Flag(
    name: [.customShort("S"), .customLong("syscalls")],
    help: "Print a line for every system call instead of merged lines.")
  var syscalls = false

  @Flag(
    name: .shortAndLong,
    help: "Also calls that do not open: stat, access, chmod, ...; implies --syscalls.")
  var metadata = false

  @Flag(
    name: [.customShort("x"), .customLong("failed")],
    help: "Only calls that failed; implies --syscalls.")
  var failed = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only calls that took at least MS milliseconds; implies --syscalls.", valueName: "ms"),
    transform: Value.milliseconds)
  var slower: UInt64?

  /// Options that only calls can answer imply --syscalls.
  var areCalls: Bool { syscalls || metadata || failed || slower != nil }
}
