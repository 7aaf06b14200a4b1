// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct CommandOptions: ParsableArguments {
  @Option(
    name: .customLong("as"), parsing: .unconditional,
    help: ArgumentHelp("Run COMMAND as this user, name or number.", valueName: "user"),
    transform: Value.account)
  var user: User?

  @Argument(
    help: ArgumentHelp(
      "Command to run and trace, after --, with its arguments.", valueName: "command"))
  var words: [String] = []

  func validate() throws {
    if user != nil && words.isEmpty {
      throw ValidationError("--as needs a command: put it after --")
    }
  }

  /// Words before the terminator, and a terminator that nothing follows: the parser reports
  /// neither.
  func check(_ arguments: [String]) throws {
    let terminator = arguments.firstIndex(of: "--")
    let behind = terminator.map { arguments[($0 + 1)...] } ?? []
    if words.count > behind.count {
      throw ValidationError("unexpected '\(words[0])': put a command to trace after --")
    }
    if terminator != nil && behind.isEmpty {
      throw ValidationError("there is no command after --")
    }
  }
}
