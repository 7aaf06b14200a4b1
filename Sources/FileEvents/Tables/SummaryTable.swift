// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// A summary as text: a header, and a line for each process. Made once a run, so it may allocate.
struct SummaryTable {
  private static let header = [
    "PID", "OPENS", "FAILED", "READS", "RBYTES", "WRITES", "WBYTES", "FILES",
  ]
  private static let byteColumns = [4, 6]
  private static let nameHeader = "COMM"

  private var rows: [[String]]
  private var names: [String]

  init(_ summary: Summary) {
    rows = summary.sorted.map { Self.cells($0, pid: "\($0.pid)") }
    names = summary.sorted.map { Self.text(of: $0.latest) }
    if let others = summary.others {
      rows.append(Self.cells(others, pid: "-"))
      names.append("(others)")
    }
  }

  /// - Parameter width: of the terminal, in columns; 0: of none. What is wider has bytes in units
  ///   of 1024, and then shortened names.
  func append(to lines: inout LineBuffer, width: Int, colored: Bool) {
    var rows = [Self.header] + self.rows
    var widths = Self.widths(of: rows)
    let longestName = names.map(\.count).max() ?? 0
    if width > 0 && widths.reduce(0, { $0 + $1 + 2 }) + longestName > width {
      for row in rows.indices.dropFirst() {
        for column in Self.byteColumns { rows[row][column] = Self.short(rows[row][column]) }
      }
      widths = Self.widths(of: rows)
    }
    let room = width == 0 ? Int.max : max(1, width - widths.reduce(0) { $0 + $1 + 2 })
    for (cells, name) in zip(rows, [Self.nameHeader] + names) {
      lines.reserve()
      let isHeader = cells == Self.header
      lines.append(style: Style.bold, if: colored && isHeader)
      for (cell, width) in zip(cells, widths) {
        lines.append(String(repeating: " ", count: width - cell.count) + cell + "  ")
      }
      lines.append(String(name.prefix(room)))
      lines.append(style: Style.plain, if: colored && isHeader)
      lines.append("\n" as StaticString)
    }
  }

  private static func cells(_ process: Summary.Process, pid: String) -> [String] {
    let counts = process.counts
    let numbers = [
      counts.opens, counts.failedOpens, counts.reads, counts.readBytes, counts.writes,
      counts.writeBytes,
    ]
    return [pid] + numbers.map(String.init)
      + ["\(counts.files)\(process.hasMoreFiles ? "+" : "")"]
  }

  private static func widths(of rows: [[String]]) -> [Int] {
    header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  }

  /// "1.5M"; below 10000 as it is.
  private static func short(_ bytes: String) -> String {
    guard bytes.count > 4, var value = Double(bytes) else { return bytes }
    var units = "KMGTPE".makeIterator()
    var unit: Character = " "
    while value >= 1000, let next = units.next() {
      value /= 1024
      unit = next
    }
    let tenths = (value * 10).rounded()
    return tenths < 100
      ? "\(Int(tenths) / 10).\(Int(tenths) % 10)\(unit)" : "\(Int(value.rounded()))\(unit)"
  }

  /// The name as lines show it.
  private static func text(of record: bfa_record) -> String {
    var buffer = LineBuffer()
    record.withComm { buffer.append(escaped: $0) }
    return buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension bfa_record {
  /// The process name, up to its first NUL; borrowed for the call.
  func withComm<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeBytes(of: comm) { bytes in
      body(UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != 0 }))
    }
  }
}

extension LineBuffer {
  /// For what is made once: no more than a line.
  fileprivate mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// For JSON: the members of a process, each with a comma in front.
  mutating func appendJSON(_ process: Summary.Process, isOthers: Bool) {
    if isOthers {
      append(",\"others\":true")
    } else {
      process.latest.withComm { append(key: "comm", string: $0) }
      append(key: "pid", UInt64(process.pid))
    }
    let counts = process.counts
    append(key: "opens", counts.opens)
    append(key: "failed_opens", counts.failedOpens)
    append(key: "reads", counts.reads)
    append(key: "read_bytes", counts.readBytes)
    append(key: "writes", counts.writes)
    append(key: "write_bytes", counts.writeBytes)
    append(key: "files", counts.files)
    if process.hasMoreFiles { append(",\"more_files\":true") }
  }
}
