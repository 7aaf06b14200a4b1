// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Testing

@testable import FileEvents

/// The parts of a row of a table that tests compare.
struct TableRow {
  /// The keys of the row, with commas between them.
  let name: String
  let comm: String
  let numbers: TableNumbers
  let isPartial: Bool
  let missing: UInt64
  let hasMoreFiles: Bool
}

extension Tables {
  mutating func add(_ record: [UInt8]) throws {
    try record.withUnsafeBytes {
      let event = try Event(record: $0)
      _ = add(event, path: event.path)
    }
  }

  /// Adds all records and returns the rows.
  mutating func rows(of records: [[UInt8]]) throws -> (
    rows: [TableRow], others: TableNumbers?, haveMoreFiles: Bool
  ) {
    for record in records { try add(record) }
    let keys = options.keys
    let limit = options.rows
    var rows: [TableRow] = []
    var others: TableNumbers?
    var haveMoreFiles = false
    withRows(of: .sinceStart) { tally, names in
      let view = TableView(tally, limit: limit, hasTotal: true)
      var texts = TableNameText()
      for row in view.rows {
        var reader = TableKeyReader(tally.key(of: row))
        let found = tally[row]
        let parts = keys.map { texts.text(reader.value($0.kind), &names) }
        rows.append(
          TableRow(
            name: parts.joined(separator: ","), comm: texts.escaped(found.commBytes),
            numbers: found.numbers, isPartial: found.isPartial, missing: found.missing,
            hasMoreFiles: found.hasMoreFiles))
      }
      (others, haveMoreFiles) = (view.others, view.othersHaveMoreFiles)
    }
    return (rows, others, haveMoreFiles)
  }
}
