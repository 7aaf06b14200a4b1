// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// A table as text: a header, perhaps the sums of all, a line for each row, and one for the others.
/// Made rarely, so it may allocate.
struct TableText: ~Copyable {
  /// Numbers, right-aligned, and then names.
  struct Line {
    var cells: [String]
    var names: [String]
  }

  /// A name takes no more before the next one, unless it is longer.
  private static let widestName = 40

  private let options: TableOptions
  private let columns: [TableColumn]
  private let subject: Subject
  /// The width in columns of the terminal that shows it; 0 without a terminal.
  private let width: Int
  /// Numbers are those of so many nanoseconds, and are shown for each second; nil: as they are.
  private let rateLength: UInt64?
  /// 0: the cell is left out, as there is no room for it.
  private var cellWidths: [Int]
  private var nameWidths: [Int]
  private var texts = TableNameText()

  init(
    _ subject: Subject, _ options: TableOptions, width: Int, rateLength: UInt64? = nil
  ) {
    self.rateLength = rateLength
    self.subject = subject
    self.options = options
    self.width = width
    columns = subject.columns.filter { !$0.isHidden }
    cellWidths = []
    nameWidths = []
  }

  private var hasProcess: Bool { options.keys.contains { $0.kind == .process } }

  mutating func append(
    _ view: TableView, of tally: borrowing Tally, names: inout TableNames,
    to lines: inout LineBuffer, colored: Bool
  ) {
    start()
    let total = options.hasTotal ? sums(view.total, "(all)") : nil
    let others = view.others.map {
      sums($0, "(others)", hasMoreFiles: view.othersHaveMoreFiles)
    }
    if let total { measure(total) }
    if let others { measure(others) }
    for row in view.rows { measure(line(row, tally, &names)) }
    fit()
    lines.reserve()
    lines.append(style: Style.bold, if: colored)
    append(header, to: &lines)
    lines.append(style: Style.plain, if: colored)
    lines.append("\n")
    if let total { appendLine(total, to: &lines) }
    for row in view.rows { appendLine(line(row, tally, &names), to: &lines) }
    if let others { appendLine(others, to: &lines) }
    if options.hasTotal { appendRemark(tally, to: &lines) }
  }

  var header: Line {
    Line(
      cells: (hasProcess ? ["PID"] : []) + columns.map(\.header),
      names: options.keys.map(\.kind.header))
  }

  /// Forgets the widths of other lines.
  mutating func start() {
    cellWidths = header.cells.map(\.count)
    nameWidths = header.names.map(\.count)
  }

  /// A line as it is shown.
  mutating func string(_ line: Line) -> String {
    var lines = LineBuffer(capacity: 0)
    append(line, to: &lines)
    return lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func appendRemark(_ tally: borrowing Tally, to lines: inout LineBuffer) {
    if tally.othersCount == 0 { return }
    lines.reserve()
    lines.append("no memory for all rows: the others have ")
    lines.append(decimal: tally.othersCount)
    lines.append(" light ones; a number with + is the least that it can be\n")
  }

  func sums(
    _ numbers: TableNumbers, _ name: String, hasMoreFiles: Bool = false
  ) -> Line {
    Line(
      cells: (hasProcess ? ["-"] : [])
        + cells(numbers, isPartial: false, hasMoreFiles: hasMoreFiles),
      names: [name])
  }

  mutating func line(_ row: Int, _ tally: borrowing Tally, _ names: inout TableNames)
    -> Line
  {
    let found = tally[row]
    var line = Line(
      cells: cells(found.numbers, isPartial: found.isPartial, hasMoreFiles: found.hasMoreFiles),
      names: [])
    var reader = TableKeyReader(tally.key(of: row))
    for key in options.keys {
      let value = reader.value(key.kind)
      if case .pid(let pid) = value {
        line.cells.insert("\(pid)", at: 0)
        line.names.append(texts.escaped(found.commBytes))
      } else {
        line.names.append(texts.text(value, &names))
      }
    }
    return line
  }

  private func cells(_ numbers: TableNumbers, isPartial: Bool, hasMoreFiles: Bool) -> [String] {
    columns.map { column in
      guard let value = column.value(numbers, subject) else { return "-" }
      let isLeast = isPartial || (hasMoreFiles && column.slot == Subject.filesSlot)
      return text(value, of: column) + (isLeast ? "+" : "")
    }
  }

  private func text(_ value: UInt64, of column: TableColumn) -> String {
    guard let rateLength, column.isAdded, rateLength > 0 else {
      return column.unit.text(value, short: width > 0)
    }
    let rate = Double(value) * 1e9 / Double(rateLength)
    let tenths = (rate * 10).rounded()
    if case .count = column.unit, tenths < 100 && tenths > 0 {
      return "\(Int(tenths) / 10).\(Int(tenths) % 10)"
    }
    return column.unit.text(UInt64(rate.rounded()), short: true)
  }

  mutating func measure(_ line: Line) {
    for (index, cell) in line.cells.enumerated() {
      cellWidths[index] = max(cellWidths[index], cell.utf8.count)
    }
    // One that spans all columns, as "(others)", takes none of its own.
    guard line.names.count == nameWidths.count else { return }
    for (index, name) in line.names.enumerated() {
      nameWidths[index] = max(nameWidths[index], name.columns)
    }
  }

  /// Names share what a terminal has left, and one takes what those behind it do not need;
  /// elsewhere, only the last one is as long as it likes.
  mutating func fit() {
    let last = nameWidths.count - 1
    guard width > 0 else {
      for index in 0..<last { nameWidths[index] = min(nameWidths[index], Self.widestName) }
      return
    }
    var room = max(1, width - cellsWidth)
    for index in 0..<last {
      let share = room / (nameWidths.count - index) - 2
      let unwanted = room - nameWidths[(index + 1)...].reduce(0) { $0 + $1 + 2 }
      nameWidths[index] = min(nameWidths[index], max(1, share, unwanted))
      room -= nameWidths[index] + 2
    }
    nameWidths[last] = max(1, room)
  }

  /// With what is between them and the names.
  private var cellsWidth: Int { cellWidths.reduce(0) { $0 + ($1 == 0 ? 0 : $1 + 2) } }

  /// Leaves out cells, from the last one on but for one column, until names have half of the width.
  mutating func leaveRoomForNames(keeping column: String) {
    let first = hasProcess ? 1 : 0
    let kept = columns.firstIndex { $0.header.lowercased() == column.lowercased() }
    let wanted = min(nameWidths.reduce(-2) { $0 + $1 + 2 }, width / 2)
    for index in cellWidths.indices.dropFirst(first).reversed()
    where index - first != kept && width - cellsWidth < wanted {
      cellWidths[index] = 0
    }
  }

  private func appendLine(_ line: Line, to lines: inout LineBuffer) {
    lines.reserve()
    append(line, to: &lines)
    lines.append("\n")
  }

  private func append(_ line: Line, to lines: inout LineBuffer) {
    for (cell, width) in zip(line.cells, cellWidths) where width > 0 {
      lines.append(spaces: width - cell.utf8.count)
      lines.append(string: cell)
      lines.append("  ")
    }
    for (index, name) in line.names.enumerated() {
      let isLast = index == line.names.count - 1
      let room = isLast && line.names.count < nameWidths.count ? Int.max : nameWidths[index]
      let text = width > 0 ? name.cut(to: room) : name
      lines.append(string: text)
      if !isLast { lines.append(spaces: max(0, room - text.columns) + 2) }
    }
  }
}

extension TableKey.Kind {
  fileprivate var header: String {
    switch self {
    case .process, .comm: "COMM"
    case .dir: "DIRECTORY"
    default: rawValue.uppercased()
    }
  }
}

extension TableColumn.Unit {
  func text(_ value: UInt64, short: Bool) -> String {
    switch self {
    case .count: "\(value)"
    case .bytes: short ? Self.short(value) : "\(value)"
    case .hundredths: "\(value / 100).\(Self.digits(value % 100, 2))"
    case .nanoseconds: "\(value / 1_000_000_000).\(Self.digits(value % 1_000_000_000 / 1000, 6))"
    }
  }

  private static func digits(_ value: UInt64, _ count: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }

  /// "1.5M"; below 10000 as it is.
  private static func short(_ bytes: UInt64) -> String {
    if bytes < 10000 { return "\(bytes)" }
    var value = Double(bytes)
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
}

/// Names as lines show them, as strings.
struct TableNameText: ~Copyable {
  private var buffer = LineBuffer(capacity: 0)

  mutating func escaped(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { escaped($0) } }

  mutating func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
    buffer.removeAll()
    buffer.append(escaped: bytes)
    return buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  mutating func text(_ value: TableValue, _ names: inout TableNames) -> String {
    switch value {
    case .pid(let pid): return "\(pid)"
    case .string(let bytes): return bytes.isEmpty ? "-" : escaped(bytes)
    case .path(let path, let isTail): return (isTail ? "..." : "") + escaped(path)
    case .numbers(let device, let inode):
      return "device \(DeviceNumber(device))" + (inode.map { " inode \($0)" } ?? "")
    case .user(let uid): return names.user(uid).map { escaped($0) } ?? "\(uid)"
    case .call(let call): return bfa_call_name(call).map { String(cString: $0) } ?? "-"
    case .disk(let disk): return names.disks[disk].map { escaped($0) } ?? "-"
    case .fileSystem(let device):
      if let name = names.fileSystem(device) { return escaped(name) }
      return device == 0 ? "-" : "\(DeviceNumber(device))"
    case .none: return "-"
    }
  }
}

extension LineBuffer {
  /// For what is made rarely: no more than a line.
  mutating func append(string text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  fileprivate mutating func append(spaces count: Int) {
    for _ in 0..<max(0, count) { append(byte: UInt8(ascii: " ")) }
  }
}

extension String {
  /// How many columns of a terminal it takes.
  var columns: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : unicodeScalars.reduce(0) { $0 + $1.columns }
  }

  /// Its end, if it is a path, or its beginning, that fits.
  func cut(to room: Int) -> String {
    if columns <= room { return self }
    var left = room
    if !hasPrefix("/") && !hasPrefix("...") || room < 8 {
      return String(
        String.UnicodeScalarView(
          unicodeScalars.prefix { scalar in
            left -= scalar.columns
            return left >= 0
          }))
    }
    left -= 3
    let end = unicodeScalars.reversed().prefix { scalar in
      left -= scalar.columns
      return left >= 0
    }
    return "..." + String(String.UnicodeScalarView(end.reversed()))
  }
}

extension Unicode.Scalar {
  /// As wcwidth(3), without a locale: East Asian wide characters and pictures take two.
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
      0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff,
      0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}
