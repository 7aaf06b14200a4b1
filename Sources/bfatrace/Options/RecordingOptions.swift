// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct RecordingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write what the kernel reports, unformatted, to this file; -: standard output.",
      valueName: "file"))
  var record: String?

  @Option(
    help: ArgumentHelp(
      "Print a recording as if it happened now; -: standard input.", valueName: "file"))
  var replay: String?

  func validate() throws {
    if record != nil && replay != nil {
      throw ValidationError("--record and --replay exclude each other: choose one")
    }
  }
}
