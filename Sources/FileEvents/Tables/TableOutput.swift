// SPDX-License-Identifier: Apache-2.0

/// How a table is written.
struct TableStyle {
  var json = false
  /// The width of the terminal in columns, for text; 0 without a terminal.
  var width = 0
  var colored = false
  /// JSON only: the first members of each object, each with a comma in front.
  var members: [UInt8] = []
}

extension Tables {
  /// Appends the rows of a period: a table, or an object for each.
  mutating func append(_ period: Period, to lines: inout LineBuffer, _ style: TableStyle) {
    let (subject, options) = (subject, options)
    withRows(of: period) { tally, names in
      let view = TableView(tally, limit: options.rows, hasTotal: options.hasTotal)
      if style.json {
        lines.appendJSON(view, of: tally, options, names: &names, members: style.members)
        return
      }
      var text = TableText(subject, options, width: style.width)
      text.append(view, of: tally, names: &names, to: &lines, colored: style.colored)
    }
  }
}

extension Tables {
  /// The rows of the last interval, or since the start, for a screen.
  mutating func screen(_ screen: TableScreenOptions) -> TableScreen {
    let (subject, options) = (subject, options)
    var made = TableScreen()
    withRows(of: screen.isSinceStart ? .sinceStart : .lastInterval) { tally, names in
      let view = TableView(
        tally, limit: nil, hasTotal: true, sort: subject.column(named: screen.sort))
      var text = TableText(
        subject, options, width: screen.width,
        rateLength: screen.isSinceStart ? nil : screen.length)
      made = text.screen(view, of: tally, names: &names, screen)
    }
    return made
  }
}

extension LineBuffer {
  fileprivate mutating func appendJSON(
    _ view: TableView, of tally: borrowing Tally, _ options: TableOptions,
    names: inout TableNames, members: [UInt8]
  ) {
    if options.hasTotal {
      let start = beginObject(members)
      append(",\"total\":true")
      appendJSON(view.total, tally.subject)
      endObject(from: start)
    }
    for row in view.rows {
      let start = beginObject(members)
      appendJSON(row, of: tally, keys: options.keys, names: &names)
      endObject(from: start)
    }
    guard let others = view.others else { return }
    let start = beginObject(members)
    append(",\"others\":true")
    if options.hasTotal { append(key: "rows", view.othersCount) }
    appendJSON(others, tally.subject)
    if view.othersHaveMoreFiles { append(",\"more_files\":true") }
    endObject(from: start)
  }

  /// Keeps a table apart from what is above it.
  mutating func appendGap(if isNeeded: Bool) {
    reserve()
    if isNeeded { append("\n") }
  }

  mutating func append(missing lost: UInt64) {
    if lost == 0 { return }
    reserve()
    append("lost ")
    append(decimal: lost)
    append(" events: the numbers are too low\n")
  }
}
