// SPDX-License-Identifier: Apache-2.0
import CScreen
import FileEvents
import Glibc

/// The table on a full screen, and what its keys do.
struct Top: ~Copyable {
  private enum Mode { case table, help, lines, keys, filter }

  private static let help = [
    "q             end, or back from here", "space         show what there is now",
    "a             since the start, or for each second",
    "s  S          sort by the next column, by the one before",
    "b             other rows: file, dir:2, comm, user,file ...",
    "/             only rows with this in their names",
    "arrows        choose a row; PgUp, PgDn, Home, End too",
    "Enter         the lines of the chosen row as they come", "h             this",
  ]
  /// Rows of the screen that are not the table's: two of titles, its header, sums, and the last one.
  private static let frame = 5

  private let scope: String
  private let columns: [String]
  private let allowed: (TableKey) -> String?
  private var mode = Mode.table
  private var keys: String
  private var options: TableScreenOptions
  private var shown = TableScreen()
  private var selected = 0
  private var first = 0
  private var typed = ""
  private var message = ""
  /// The last lines of the chosen row.
  private var lines: [String] = []
  private var time = ""
  private(set) var hasQuit = false
  var lost: UInt64 = 0

  /// Nil if the terminal cannot be a screen.
  init?(_ plan: TopPlan) {
    if bfa_screen_open() != 0 { return nil }
    scope = plan.scope
    columns = plan.columns
    allowed = plan.complaint
    keys = plan.keys
    options = TableScreenOptions()
    options.sort = plan.sort
  }

  deinit { bfa_screen_close() }

  var pollDescriptor: pollfd {
    pollfd(fd: bfa_screen_descriptor(), events: Int16(POLLIN), revents: 0)
  }

  private var room: Int { max(1, Int(bfa_screen_rows()) - Self.frame) }

  // MARK: What is shown

  /// Begins the next interval, and shows the last one.
  mutating func endInterval(of writer: inout EventWriter, length: UInt64) {
    writer.endInterval()
    options.length = length
    time = Clock.timeOfDay
    refresh(&writer)
  }

  private mutating func refresh(_ writer: inout EventWriter) {
    options.width = Int(bfa_screen_columns())
    shown = writer.screen(options)
    selected = max(0, min(selected, shown.rows.count - 1))
    draw()
  }

  /// Takes lines of the chosen row.
  mutating func take(_ text: UnsafeRawBufferPointer) {
    guard mode == .lines, !text.isEmpty else { return }
    for line in text.split(separator: UInt8(ascii: "\n")).suffix(500) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    lines.removeFirst(max(0, lines.count - 500))
    draw()
  }

  private mutating func draw() {
    bfa_screen_clear()
    put(0, title, BFA_STYLE_BOLD)
    put(1, "scope: \(scope)")
    switch mode {
    case .help:
      for (row, line) in Self.help.enumerated() { put(row + 3, line) }
    case .lines:
      put(2, "lines of \(chosenName)", BFA_STYLE_REVERSE)
      for (row, line) in lines.suffix(room + 1).enumerated() { put(row + 3, line) }
    default: drawTable()
    }
    put(Int(bfa_screen_rows()) - 1, bottom)
    bfa_screen_show()
  }

  private mutating func drawTable() {
    put(2, shown.header, BFA_STYLE_REVERSE)
    put(3, shown.total, BFA_STYLE_BOLD)
    if selected < first { first = selected }
    if selected >= first + room { first = selected - room + 1 }
    first = max(0, min(first, shown.rows.count - room))
    for (row, line) in shown.rows.dropFirst(first).prefix(room).enumerated() {
      put(row + 4, line.text, first + row == selected ? BFA_STYLE_REVERSE : BFA_STYLE_PLAIN)
    }
  }

  private var title: String {
    let period =
      options.isSinceStart
      ? "since the start" : "per second of \(Tenths(ofNanoseconds: options.length)) s"
    let filter = options.filter.isEmpty ? "" : ", with \"\(options.filter)\""
    return
      "bfatrace \(time)  lost \(lost)  by \(keys), sorted by \(options.sort), \(period)\(filter)"
  }

  private var bottom: String {
    switch mode {
    case .keys: "rows by: \(typed)_"
    case .filter: "names with: \(typed)_"
    case .help, .lines: "q back"
    case .table:
      message.isEmpty ? "q end  h help  s sort  b by  / filter  a total  Enter lines" : message
    }
  }

  private var chosenName: String {
    selected < shown.rows.count ? shown.rows[selected].name : ""
  }

  private func put(_ row: Int, _ text: String, _ style: bfa_style = BFA_STYLE_PLAIN) {
    guard row >= 0, row < Int(bfa_screen_rows()) else { return }
    bfa_screen_put(Int32(row), text, style)
  }

  // MARK: Keys

  /// Does what the keys that were pressed ask for.
  /// - Returns: whether the interval is to end now.
  mutating func takeKeys(_ writer: inout EventWriter) -> Bool {
    var endsNow = false
    while case let key = bfa_screen_key(), key != BFA_KEY_NONE.rawValue {
      message = ""
      switch mode {
      case .table: if takeTableKey(key, &writer) { endsNow = true }
      case .keys, .filter: takeTyped(key, &writer)
      case .help, .lines:
        if isBack(key) {
          mode = .table
          writer.choose(nil)
        }
        refresh(&writer)
      }
    }
    return endsNow
  }

  private func isBack(_ key: Int32) -> Bool {
    key == Int32(UInt8(ascii: "q")) || key == Int32(UInt8(ascii: "h"))
      || bfa_key(key) == BFA_KEY_ENTER || bfa_key(key) == BFA_KEY_ESCAPE
  }

  private mutating func takeTableKey(_ key: Int32, _ writer: inout EventWriter) -> Bool {
    switch Unicode.Scalar(UInt32(bitPattern: key)).map(Character.init) {
    case "q": hasQuit = true
    case " ": return true
    case "a": options.isSinceStart.toggle()
    case "s": sort(by: 1)
    case "S": sort(by: -1)
    case "b": (mode, typed) = (.keys, "")
    case "/": (mode, typed) = (.filter, options.filter)
    case "h", "?": mode = .help
    default: move(bfa_key(key), &writer)
    }
    refresh(&writer)
    return false
  }

  private mutating func move(_ key: bfa_key, _ writer: inout EventWriter) {
    switch key {
    case BFA_KEY_UP: selected -= 1
    case BFA_KEY_DOWN: selected += 1
    case BFA_KEY_PAGE_UP: selected -= room
    case BFA_KEY_PAGE_DOWN: selected += room
    case BFA_KEY_HOME: selected = 0
    case BFA_KEY_END: selected = shown.rows.count - 1
    case BFA_KEY_ENTER:
      guard selected < shown.rows.count else { return }
      (mode, lines) = (.lines, [])
      writer.choose(shown.rows[selected].key)
    default: return
    }
    selected = max(0, min(selected, shown.rows.count - 1))
  }

  private mutating func sort(by step: Int) {
    let now = columns.firstIndex(of: options.sort) ?? 0
    options.sort = columns[(now + step + columns.count) % columns.count]
  }

  private mutating func takeTyped(_ key: Int32, _ writer: inout EventWriter) {
    switch bfa_key(key) {
    case BFA_KEY_ESCAPE: mode = .table
    case BFA_KEY_BACKSPACE: typed = String(typed.dropLast())
    case BFA_KEY_ENTER: apply(&writer)
    default:
      guard key >= 0x20, let scalar = Unicode.Scalar(UInt32(bitPattern: key)), typed.count < 60
      else { break }
      typed.unicodeScalars.append(scalar)
    }
    refresh(&writer)
  }

  private mutating func apply(_ writer: inout EventWriter) {
    defer { mode = .table }
    if mode == .filter {
      options.filter = typed
      return
    }
    do {
      let new = try Value.tableKeys(typed)
      if let complaint = new.lazy.compactMap({ [allowed] in allowed($0) }).first {
        message = complaint
        return
      }
      writer.restart(by: new)
      (keys, selected, first) = (typed, 0, 0)
    } catch {
      message = "\(error)"
    }
  }
}

/// What a screen needs to know of the command line.
struct TopPlan {
  /// What is traced, as its options say it.
  var scope = ""
  var keys = "process"
  /// What rows can be sorted by.
  var columns: [String] = []
  var sort = "bytes"
  /// Why rows cannot be by a key; nil: they can.
  var complaint: (TableKey) -> String? = { _ in nil }
}
