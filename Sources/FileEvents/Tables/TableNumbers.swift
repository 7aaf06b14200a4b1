// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// The numbers of a row: up to eight, whose meaning is in `TableColumn`.
typealias TableNumbers = SIMD8<UInt64>

/// A column of a table.
struct TableColumn: Sendable {
  enum Unit: Sendable { case count, bytes, nanoseconds, hundredths }

  let header: String
  /// The member in JSON.
  let key: StaticString
  let unit: Unit
  /// Which of a row's numbers it is; of those that are made of others, `value` tells.
  let slot: Int
  /// Only JSON has it.
  var isHidden = false

  /// It grows with time; files and the longest do not, nor do ratios.
  var isAdded: Bool {
    if case .hundredths = unit { return false }
    return slot != Subject.longestSlot && header != "FILES"
  }

  static let bytes = TableColumn(header: "BYTES", key: "bytes", unit: .bytes, slot: -1)
  private static let amplificationSlot = -2

  /// Nil if this row has none.
  func value(_ numbers: TableNumbers, _ subject: Subject) -> UInt64? {
    switch slot {
    case 0...: numbers[slot]
    case Self.amplificationSlot: DiskSums.amplification(writeBytes: numbers[3], handed: numbers[5])
    default: subject.bytes(numbers)
    }
  }

  fileprivate static func amplification() -> TableColumn {
    TableColumn(
      header: "AMPLIF", key: "write_amplification", unit: .hundredths, slot: amplificationSlot)
  }
}

extension Subject {
  static let accessColumns = [
    TableColumn(header: "OPENS", key: "opens", unit: .count, slot: 0),
    TableColumn(header: "FAILED", key: "failed_opens", unit: .count, slot: 1),
    TableColumn(header: "READS", key: "reads", unit: .count, slot: 2),
    TableColumn(header: "RBYTES", key: "read_bytes", unit: .bytes, slot: 3),
    TableColumn(header: "WRITES", key: "writes", unit: .count, slot: 4),
    TableColumn(header: "WBYTES", key: "write_bytes", unit: .bytes, slot: 5),
    TableColumn(header: "FILES", key: "files", unit: .count, slot: filesSlot),
  ]
  private static let callColumns = [
    TableColumn(header: "CALLS", key: "calls", unit: .count, slot: 0),
    TableColumn(header: "ERRORS", key: "errors", unit: .count, slot: 1),
    TableColumn(header: "TIME", key: "time_ns", unit: .nanoseconds, slot: 2),
    TableColumn(header: "LONGEST", key: "longest_ns", unit: .nanoseconds, slot: longestSlot),
    TableColumn(header: "RBYTES", key: "read_bytes", unit: .bytes, slot: 3),
    TableColumn(header: "WBYTES", key: "write_bytes", unit: .bytes, slot: 5),
    TableColumn(header: "FILES", key: "files", unit: .count, slot: filesSlot),
  ]
  private static let diskColumns = [
    TableColumn(header: "READS", key: "disk_reads", unit: .count, slot: 0),
    TableColumn(header: "RBYTES", key: "disk_read_bytes", unit: .bytes, slot: 1),
    TableColumn(header: "WRITES", key: "disk_writes", unit: .count, slot: 2),
    TableColumn(header: "WBYTES", key: "disk_write_bytes", unit: .bytes, slot: 3),
    TableColumn(
      header: "DISCARDED", key: "disk_discard_bytes", unit: .bytes, slot: 4, isHidden: true),
    TableColumn(header: "HANDED", key: "write_bytes", unit: .bytes, slot: 5),
    .amplification(),
    TableColumn(header: "WAKEUPS", key: "wakeups", unit: .count, slot: 6),
    TableColumn(header: "LATENCY", key: "longest_ns", unit: .nanoseconds, slot: longestSlot),
  ]
  /// Where the number of files is, and that of the others' in `Tally`.
  static let filesSlot = 6
  /// Where the longest time is.
  static let longestSlot = 7

  var columns: [TableColumn] {
    switch self {
    case .accesses: Self.accessColumns
    case .calls: Self.callColumns
    case .requests: Self.diskColumns
    }
  }

  /// The column of a name as `--sort` takes it: its header or its key in JSON.
  func column(named name: String) -> TableColumn? {
    (columns + [.bytes]).first {
      let key = $0.key.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
      return name.uppercased() == $0.header || name.lowercased() == key
    }
  }

  var countsFiles: Bool { self != .requests }

  /// The last number is the largest of all; the others are added up.
  func add(_ other: TableNumbers, to numbers: inout TableNumbers) {
    let longest = max(numbers[Self.longestSlot], other[Self.longestSlot])
    numbers &+= other
    numbers[Self.longestSlot] = longest
  }

  /// All that were read, written or discarded.
  func bytes(_ numbers: TableNumbers) -> UInt64 {
    switch self {
    case .accesses, .calls: numbers[3] &+ numbers[5]
    case .requests: numbers[1] &+ numbers[3] &+ numbers[4]
    }
  }

  /// All calls or requests.
  func calls(_ numbers: TableNumbers) -> UInt64 {
    switch self {
    case .accesses: numbers[0] &+ numbers[1] &+ numbers[2] &+ numbers[4]
    case .calls: numbers[0]
    case .requests: numbers[0] &+ numbers[2]
    }
  }

  /// What an event counts for; nil: nothing.
  func numbers(of event: Event, wakeupNanoseconds: UInt64) -> TableNumbers? {
    switch self {
    case .accesses:
      if let access = event.access { return Self.accesses(access) }
      guard let call = event.call else { return nil }
      return Self.accesses(call, isPart: event.has(BFA_MARK_PART))
    case .calls:
      guard let call = event.call else { return nil }
      return Self.calls(call, isPart: event.has(BFA_MARK_PART))
    case .requests:
      if let disk = event.disk { return Self.disks(disk, wakeupNanoseconds) }
      guard let access = event.access, access.write_bytes > 0 else { return nil }
      return TableNumbers(0, 0, 0, 0, 0, access.write_bytes, 0, 0)
    }
  }

  private static func accesses(_ access: bfa_access) -> TableNumbers {
    TableNumbers(
      UInt64(access.opens), 0, access.reads, access.read_bytes, access.writes, access.write_bytes,
      0, 0)
  }

  /// Counts a call as merged records count it.
  private static func accesses(_ call: bfa_call_record, isPart: Bool) -> TableNumbers {
    var numbers = TableNumbers()
    let types = UInt32(call.record.types)
    if call.isOpen {
      numbers[call.ret < 0 ? 1 : 0] = 1
      return numbers
    }
    // Neither a close, which has W too, nor a program that is executed.
    guard call.ret >= 0, types & (BFA_CLOSED.rawValue | BFA_OPENED.rawValue) == 0 else {
      return numbers
    }
    if types & BFA_READ.rawValue != 0 {
      numbers[2] = 1
      numbers[3] = UInt64(call.ret)
    }
    // One that found the end of its source has written nothing.
    let isEmpty = isPart && call.ret == 0 && UInt32(call.record.call) != BFA_CALL_ioctl.rawValue
    if types & BFA_WRITTEN.rawValue != 0 && !isEmpty {
      numbers[4] = 1
      numbers[5] = UInt64(call.ret)
    }
    return numbers
  }

  /// Each record counts: a transfer between two files has one for each of them.
  private static func calls(_ call: bfa_call_record, isPart: Bool) -> TableNumbers {
    var numbers = accesses(call, isPart: isPart)
    let bytes = (numbers[3], numbers[5])
    numbers = TableNumbers()
    (numbers[0], numbers[1], numbers[2]) = (1, call.ret < 0 ? 1 : 0, call.duration_ns)
    (numbers[3], numbers[5], numbers[7]) = (bytes.0, bytes.1, call.duration_ns)
    return numbers
  }

  private static func disks(_ record: bfa_disk_record, _ wakeupNanoseconds: UInt64)
    -> TableNumbers
  {
    var numbers = TableNumbers()
    let requests = UInt64(record.requests)
    switch UInt32(record.operation) {
    case BFA_DISK_READ.rawValue: (numbers[0], numbers[1]) = (requests, record.bytes)
    case BFA_DISK_DISCARD.rawValue: (numbers[2], numbers[4]) = (requests, record.bytes)
    case BFA_DISK_COMMAND.rawValue: numbers[2] = requests
    default: (numbers[2], numbers[3]) = (requests, record.bytes)
    }
    if record.isWakeup(after: wakeupNanoseconds) { numbers[6] = 1 }
    return numbers
  }
}

extension bfa_call_record {
  fileprivate var isOpen: Bool {
    switch bfa_call(UInt32(record.call)) {
    case BFA_CALL_open, BFA_CALL_openat, BFA_CALL_openat2, BFA_CALL_creat,
      BFA_CALL_open_by_handle_at, BFA_CALL_io_uring_openat, BFA_CALL_io_uring_openat2:
      true
    default: false
    }
  }
}
