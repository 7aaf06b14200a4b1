// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FileOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Only files directly in this directory.", valueName: "dir"))
  var dir: [String] = []

  @Option(help: ArgumentHelp("Only files anywhere below this directory.", valueName: "dir"))
  var under: [String] = []

  @Option(help: ArgumentHelp("Nothing below this directory.", valueName: "dir"))
  var ignoreUnder: [String] = []

  @Flag(help: "Only the file system of the current directory.")
  var currentMount = false

  @Flag(help: "Virtual file systems and device nodes too.")
  var all = false

  func validate() throws {
    let places = [!dir.isEmpty, !under.isEmpty, currentMount].filter { $0 }
    if places.count > 1 {
      throw ValidationError("--dir, --under and --current-mount exclude each other: choose one")
    }
  }
}
