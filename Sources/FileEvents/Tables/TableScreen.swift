// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How a table is shown on a screen.
public struct TableScreenOptions: Sendable {
  /// Columns of the screen.
  public var width = 80
  /// The name of a column, as `TableOptions.sort`.
  public var sort = "bytes"
  /// The numbers since the start, not those of the last interval for each second.
  public var isSinceStart = false
  /// Nanoseconds; of the last interval.
  public var length: UInt64 = 1_000_000_000
  /// Only rows whose text has this in it, in either case.
  public var filter = ""
  /// At most so many rows.
  public var limit = 1000

  public init() {}
}

/// A table as lines of a screen: no line is wider, and no byte of a name drives a terminal.
public struct TableScreen {
  public struct Row {
    public let text: String
    /// What it is about, as the text has it, but whole.
    public let name: String
    /// What the row is about, for `EventWriter.choose`.
    public let key: [UInt8]
  }

  public var header = ""
  /// The sums of all.
  public var total = ""
  public var rows: [Row] = []

  public init() {}
}

extension TableText {
  /// The lines of a table, without one for the others.
  mutating func screen(
    _ view: TableView, of tally: borrowing Tally, names: inout TableNames,
    _ options: TableScreenOptions
  ) -> TableScreen {
    let filter = options.filter.lowercased()
    var screen = TableScreen()
    var found: [(line: Line, key: [UInt8])] = []
    start()
    let total = sums(view.total, "(all)")
    measure(total)
    for row in view.rows {
      if found.count == options.limit { break }
      let line = line(row, tally, &names)
      let isWanted =
        filter.isEmpty || line.names.contains { strstr($0.lowercased(), filter) != nil }
      if !isWanted { continue }
      measure(line)
      found.append((line, Array(tally.key(of: row))))
    }
    leaveRoomForNames(keeping: options.sort)
    fit()
    screen.header = string(header)
    screen.total = string(total)
    screen.rows = found.map {
      TableScreen.Row(
        text: string($0.line), name: $0.line.names.joined(separator: "  "), key: $0.key)
    }
    return screen
  }
}
