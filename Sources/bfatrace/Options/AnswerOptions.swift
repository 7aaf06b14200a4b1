// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents

/// Tables in place of lines, or after them.
struct AnswerOptions: ParsableArguments {
  @Flag(help: "At the end, print a table of processes: opens, reads, writes, bytes, files.")
  var summary = false

  @Flag(help: "Print only the summary, without the lines.")
  var summaryOnly = false

  @Option(
    help: ArgumentHelp(
      "Print a table by up to three of process, comm, exe, file, dir, dir:N, user, unit, container, device, call.",
      valueName: "key,..."),
    transform: Value.tableKeys)
  var by: [TableKey]?

  @Option(
    help: ArgumentHelp(
      "Sort rows by this column, the largest first (default: bytes).", valueName: "column"))
  var sort: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Print at most N rows, then one for all others.", valueName: "n"),
    transform: Value.rows)
  var rows: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Print a table for each interval of this length: 10, 5m, 1h, 1d.", valueName: "time"),
    transform: Value.seconds)
  var every: UInt64?

  @Flag(help: "Show the table on the full screen, again and again; the key h lists the keys.")
  var top = false

  @Flag(
    help:
      "At the end, list what remains of all changes: created, modified, deleted, moved, attributes."
  )
  var changes = false

  @Flag(
    help:
      "At the end, list files that existed before and were read or executed; with --failed, also files looked up in vain."
  )
  var inputs = false

  /// There is a list of files, and no lines or tables.
  var isList: Bool { changes || inputs }

  var list: ChangeOptions? {
    guard isList else { return nil }
    var options = ChangeOptions()
    options.changes = changes
    options.inputs = inputs
    options.directories = by?.first.map { $0.depth > 0 ? $0.depth : .max }
    return options
  }

  /// Options that only a table can answer imply --summary-only.
  private var isTable: Bool { by != nil || sort != nil || rows != nil || interval != nil }

  private static let topInterval: UInt64 = 2_000_000_000

  /// How often there is a table: nanoseconds.
  var interval: UInt64? { every ?? (top ? Self.topInterval : nil) }

  var wantsSummary: Bool { !isList && (summary || summaryOnly || isTable) }
  var isOnlySummary: Bool { summaryOnly || (isTable && !summary) }

  /// The option because of which there are no lines.
  var nameOfOnlySummary: String {
    if summaryOnly { return "--summary-only" }
    if top { return "--top" }
    return by != nil ? "--by" : every != nil ? "--every" : sort != nil ? "--sort" : "--rows"
  }

  /// A call in a row is only known where each call is reported.
  var areCalls: Bool { isList || by?.contains { $0.kind == .call } ?? false }
  var needsExe: Bool { by?.contains { $0.kind == .exe } ?? false }

  var needsCgroup: Bool {
    by?.contains { $0.kind == .unit || $0.kind == .container } ?? false
  }

  /// Nil: today's summary.
  func table(of subject: Subject) -> TableOptions? {
    guard isTable && !isList else { return nil }
    var options = TableOptions()
    if let by { options.keys = by }
    options.sort = sort
    options.rows = rows
    options.hasTotal = true
    options.hasIntervals = interval != nil
    options.ofCalls = subject == .calls
    return options
  }

  /// What a screen needs to know.
  func topPlan(of subject: Subject, exe: Bool, cgroup: Bool) -> TopPlan {
    var plan = TopPlan()
    let words = Arguments.all.dropFirst().filter { $0 != "--top" }
    plan.scope = words.isEmpty ? "all processes, real file systems" : words.joined(separator: " ")
    plan.keys = (by ?? [TableKey(.process)]).map(\.description).joined(separator: ",")
    plan.columns = TableOptions.columns(of: subject)
    plan.sort = sort?.lowercased() ?? "bytes"
    let (hasExe, hasCgroup) = (exe || needsExe, cgroup || needsCgroup)
    plan.complaint = { key in
      switch key.kind {
      case .exe where subject == .requests: "--disk does not know executables"
      case .exe where !hasExe: "executables are not known: start with --exe"
      case .unit where !hasCgroup, .container where !hasCgroup:
        "control groups are not known: start with --cgroup"
      case .call where subject != .calls: "calls are not known: start with --syscalls"
      default: nil
      }
    }
    return plan
  }

  /// Checks what depends on other options.
  func check(of subject: Subject) throws {
    if subject == .requests, let key = by?.first(where: { $0.kind == .call || $0.kind == .exe }) {
      throw ValidationError("--disk does not know --by \(key.kind.rawValue): leave it out")
    }
    if let complaint = sort.flatMap({ TableOptions.complaint(sort: $0, of: subject) }) {
      throw ValidationError(complaint)
    }
  }
}

extension Value {
  static func tableKeys(_ argument: String) throws -> [TableKey] {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false)
    let keys = try words.map { word in
      guard let key = TableKey(word) else {
        let names = TableKey.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(word)' is none of \(names) and dir:N, such as dir:2")
      }
      return key
    }
    if keys.count > 3 { throw ValidationError("give at most three keys") }
    if Set(keys.map(\.kind)).count < keys.count { throw ValidationError("give each key once") }
    return keys
  }

  static func rows(_ argument: String) throws -> Int {
    guard let value = Int(argument), value > 0 else {
      throw ValidationError("a number of rows is a whole number above 0")
    }
    return value
  }
}
