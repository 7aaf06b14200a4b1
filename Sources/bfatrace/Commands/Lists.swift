// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Tracer

/// What --changes and --inputs mean together with the other options.
extension Bfatrace {
  func validateList() throws {
    guard answers.isList else { return }
    let name = answers.changes ? "--changes" : "--inputs"
    if let other = optionsOfLines.first(where: \.isGiven)?.name {
      throw ValidationError("\(name) is a list of files at the end: leave out \(other)")
    }
    if events.failed && !answers.inputs {
      throw ValidationError("--changes lists what succeeded: leave out --failed, or add --inputs")
    }
    if let by = answers.by, by.count > 1 || by.contains(where: { $0.kind != .dir }) {
      throw ValidationError("\(name) has rows by directory only: use --by dir or --by dir:N")
    }
  }

  /// Options that choose or show lines, or make tables.
  private var optionsOfLines: [(name: String, isGiven: Bool)] {
    [
      ("--disk", disks.areRequests), ("--syscalls", events.syscalls),
      ("--metadata", events.metadata), ("--slower", events.slower != nil),
      ("--filter", events.filter != nil), ("--summary", answers.summary),
      ("--summary-only", answers.summaryOnly), ("--sort", answers.sort != nil),
      ("--rows", answers.rows != nil), ("--every", answers.every != nil), ("--top", answers.top),
      ("--long", output.long), ("--timestamp", output.timestamp > 0), ("--user", output.user),
      ("--exe", output.exe), ("--parents", output.parents), ("--count", end.count != nil),
    ]
  }

  /// What is renamed into a place was made elsewhere: places choose what is listed, not what is traced.
  func followEverywhere(_ options: inout TracerOptions) {
    options.prefixes = []
    options.ignoredDirectories = []
    switch options.place {
    case .parents, .under, .files:
      options.place = nil
      options.all = true
    case .fileSystems, nil: break
    }
  }
}
