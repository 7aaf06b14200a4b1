// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Which table is made of what is traced.
public struct TableOptions: Sendable {
  /// What a row is about.
  public var keys = [TableKey(.process)]
  /// The name of the column whose largest come first; nil: all bytes.
  public var sort: String?
  /// At most so many rows, and one for the others.
  public var rows: Int?
  /// A first row has the sums of all.
  public var hasTotal = false
  /// `Tables` are made of intervals, too.
  public var hasIntervals = false
  /// Calls are counted with their errors and times, not as merged accesses are.
  public var ofCalls = false

  public init() {}

  /// Names for `sort`, of columns that a table of these has.
  public static func columns(of subject: Subject) -> [String] {
    (subject.columns.filter { !$0.isHidden } + [.bytes]).map { $0.header.lowercased() }
  }

  /// What the rows of this table count, if such events are traced or replayed.
  public func subject(of events: Subject) -> Subject {
    switch events {
    case .accesses, .calls: ofCalls ? .calls : .accesses
    case .requests: .requests
    }
  }

  /// Why a table of these cannot be sorted so: by a column's header, or its key in JSON.
  public static func complaint(sort name: String, of subject: Subject) -> String? {
    if subject.column(named: name) != nil { return nil }
    let columns = columns(of: subject).joined(separator: ", ")
    return "--sort \(name): there is no such column: use one of \(columns)"
  }
}

/// What is traced, added up by the keys that were asked for: since the start, and of an interval.
struct Tables: ~Copyable {
  let subject: Subject
  let options: TableOptions
  private(set) var names: TableNames
  /// Those of the options, and perhaps a device that is not shown.
  private let keys: [TableKey]
  private let sort: TableColumn
  private let wakeupNanoseconds: UInt64
  /// Leaves out what is written to file systems on other disks.
  private let isOfOneDisk: Bool
  private var builder: TableKeyBuilder
  /// The sums of the interval under way; without intervals, since the start.
  private var current: Tally
  /// The sums of the last interval that is over.
  private var last: Tally
  /// The sums of all intervals that are over.
  private var past: Tally
  /// The key of the row that is chosen on the screen: `add` says which events belong to it.
  var chosen: [UInt8]?
  /// Requests to disks that have not ended.
  private var pending = PendingRows()

  init(
    _ subject: Subject, _ options: TableOptions, wakeupNanoseconds: UInt64 = .max,
    isOfOneDisk: Bool = false, limits: Tally.Limits = Tally.Limits(), users: UserNames = UserNames()
  ) {
    names = TableNames(users: users)
    self.subject = subject
    self.options = options
    self.wakeupNanoseconds = wakeupNanoseconds
    self.isOfOneDisk = isOfOneDisk
    // The disk of each row has to be known.
    let addsDevice = isOfOneDisk && !options.keys.contains { $0.kind == .device }
    keys = options.keys + (addsDevice ? [TableKey(.device)] : [])
    sort = options.sort.flatMap { subject.column(named: $0) } ?? .bytes
    builder = TableKeyBuilder(tellsProcessesApart: subject != .requests)
    current = Tally(subject, sort: sort, limits: limits)
    last = Tally(subject, sort: sort, limits: limits)
    past = Tally(subject, sort: sort, limits: limits)
  }

  /// Whether rows are of disks, which those of what is handed to write calls are known for later.
  private var joinsDisks: Bool { keys.contains { $0.kind == .device } && subject == .requests }

  /// - Returns: whether the event belongs to the chosen row.
  mutating func add(_ event: Event, path: UnsafeRawBufferPointer) -> Bool {
    guard let numbers = subject.numbers(of: event, wakeupNanoseconds: wakeupNanoseconds) else {
      return false
    }
    if let disk = event.disk { names.note(disk) }
    var record = event.record
    // Requests whose process is not known count as those of one process.
    if event.disk?.isOfNobody == true { record.nameUnknown() }
    let key = builder.key(keys, of: event, path: path)
    current.add(numbers, key: key, record: record)
    if let disk = event.disk, disk.request != 0 { pending.add(disk, key, record) }
    return chosen.map { $0.elementsEqual(key) } ?? false
  }

  /// A request to a disk has ended, or a part of it: in this interval, whenever it began.
  mutating func end(_ end: bfa_disk_end) {
    guard let row = pending.end(end) else { return }
    var numbers = TableNumbers()
    numbers[Subject.longestSlot] = end.latency_ns
    row.key.withUnsafeBytes { current.add(numbers, key: $0, record: row.record) }
  }

  /// Begins the next interval.
  mutating func endInterval() {
    past.merge(current)
    swap(&last, &current)
    current.removeAll()
  }

  enum Period {
    /// With intervals, up to the end of the last one.
    case sinceStart
    case lastInterval
  }

  /// Calls the body with the rows of a period.
  mutating func withRows(
    of period: Period, _ body: (borrowing Tally, inout TableNames) -> Void
  ) {
    let isPast = period == .sinceStart && options.hasIntervals
    var joined = Tally(subject, sort: sort)
    switch (period, joinsDisks) {
    case (.lastInterval, false): return body(last, &names)
    case (.sinceStart, false): return isPast ? body(past, &names) : body(current, &names)
    case (.lastInterval, true): joined.merge(last, rewrite: onDisks)
    case (.sinceStart, true):
      if isPast {
        joined.merge(past, rewrite: onDisks)
      } else {
        joined.merge(current, rewrite: onDisks)
      }
    }
    body(joined, &names)
  }

  /// Puts disks in the place of the file systems on them.
  private var onDisks: (UnsafeRawBufferPointer) -> Tally.Rewritten {
    let (keys, shown, disks) = (keys, options.keys.count, names.diskOfFileSystem)
    let isOfOneDisk = isOfOneDisk
    return { key in
      var reader = TableKeyReader(key)
      var bytes = Array(key)
      var end = key.count
      for (index, part) in keys.enumerated() {
        let start = reader.offset
        if index == shown { end = start }
        guard case .fileSystem(let device) = reader.value(part.kind) else { continue }
        guard let disk = disks[device] else {
          if isOfOneDisk { return .dropped }
          continue
        }
        bytes[start] = 1
        withUnsafeBytes(of: disk.bigEndian) { disk in
          for (index, byte) in disk.enumerated() { bytes[start + 1 + index] = byte }
        }
      }
      return .key(Array(bytes[..<end]))
    }
  }
}

extension bfa_record {
  fileprivate mutating func nameUnknown() {
    withUnsafeMutableBytes(of: &comm) { comm in
      for (index, byte) in "unknown".utf8.enumerated() { comm[index] = byte }
    }
  }
}
