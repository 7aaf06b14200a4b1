// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What processes had disks do, for which file, added up from all requests that are wanted.
///
/// Memory is bounded: what comes after the first `rowLimit` combinations is added up together.
struct DiskSummary {
  static let rowLimit = 1 << 16

  /// One process, one file, one disk; if wake-ups are counted, all processes of one name, and one
  /// cause: what runs every hour is another process each time.
  struct Row {
    /// The first one.
    let requests: DiskRequests
    var reads: UInt64 = 0
    var readBytes: UInt64 = 0
    var writes: UInt64 = 0
    var writeBytes: UInt64 = 0
    /// Nanoseconds.
    var longestIdle: UInt64 = 0

    var bytes: UInt64 { readBytes &+ writeBytes }
    /// Each request that is told of with --wakeups is one.
    var wakeups: UInt64 { reads &+ writes }
    var record: bfa_disk_record { requests.record }

    mutating func add(_ record: bfa_disk_record) {
      if UInt32(record.operation) == BFA_DISK_READ.rawValue {
        reads += UInt64(record.requests)
        readBytes += record.bytes
      } else {
        writes += UInt64(record.requests)
        writeBytes += record.bytes
      }
      longestIdle = max(longestIdle, record.idle_ns)
    }
  }

  private struct Key: Hashable {
    let pid, device, disk: UInt32
    let inode: UInt64
    let cause: UInt8
    let comm: [UInt8]
  }

  /// The one behind `rowLimit` is all others.
  private var rows: [Row] = []
  private var indices: [Key: Int] = [:]
  let countsWakeups: Bool

  init(countsWakeups: Bool) {
    self.countsWakeups = countsWakeups
  }

  mutating func add(_ record: bfa_disk_record, path: UnsafeRawBufferPointer) {
    let key = Key(
      pid: countsWakeups ? 0 : record.record.tgid, device: record.record.device, disk: record.disk,
      inode: record.record.inode, cause: countsWakeups ? record.cause : 0, comm: record.commBytes)
    var index = indices[key] ?? min(rows.count, Self.rowLimit)
    if index == rows.count {
      rows.append(Row(requests: DiskRequests(record: record, path: Array(path))))
    }
    if index < Self.rowLimit { indices[key] = index } else { index = Self.rowLimit }
    rows[index].add(record)
  }

  /// Those of most wake-ups, or bytes, first; without the others.
  var sorted: [Row] {
    rows.prefix(Self.rowLimit).sorted {
      countsWakeups
        ? ($0.wakeups, $0.longestIdle) > ($1.wakeups, $1.longestIdle)
        : ($0.bytes, $0.wakeups) > ($1.bytes, $1.wakeups)
    }
  }

  var others: Row? { rows.count > Self.rowLimit ? rows[Self.rowLimit] : nil }

  /// Of each disk: its wake-ups, and the longest time without any, in nanoseconds.
  var disks: [(name: [UInt8], wakeups: UInt64, longestIdle: UInt64)] {
    var sums: [(name: [UInt8], wakeups: UInt64, longestIdle: UInt64)] = []
    for row in rows {
      let name = row.record.diskBytes
      let index = sums.firstIndex { $0.name == name } ?? sums.count
      if index == sums.count { sums.append((name, 0, 0)) }
      sums[index].wakeups += row.wakeups
      sums[index].longestIdle = max(sums[index].longestIdle, row.longestIdle)
    }
    return sums.sorted { $0.wakeups > $1.wakeups }
  }
}

extension LineBuffer {
  /// A table: what woke each disk, or what was read and written.
  mutating func append(_ summary: DiskSummary, colored: Bool) {
    if summary.countsWakeups {
      append(header: "  WAKEUPS   LONGEST  DISK        CAUSE      PROCESS  FILE", colored)
      for disk in summary.disks {
        reserve()
        append(right: disk.wakeups, width: 9)
        append(rightSeconds: disk.longestIdle, width: 10)
        append("  ")
        append(left: disk.name, width: 10)
        append("  (all)\n")
      }
      for row in summary.sorted { append(wakeups: row) }
      return
    }
    append(
      header: "    READS        RBYTES    WRITES        WBYTES  DISK        PROCESS  FILE", colored)
    for row in summary.sorted { append(counts: row, isOthers: false) }
    if let others = summary.others { append(counts: others, isOthers: true) }
  }

  private mutating func append(header: StaticString, _ colored: Bool) {
    reserve()
    append(style: Style.bold, if: colored)
    append(header)
    append(style: Style.plain, if: colored)
    append(byte: UInt8(ascii: "\n"))
  }

  private mutating func append(wakeups row: DiskSummary.Row) {
    reserve()
    append(right: row.wakeups, width: 9)
    append(rightSeconds: row.longestIdle, width: 10)
    append("  ")
    append(left: row.record.diskBytes, width: 10)
    append("  ")
    let start = count
    append(causeOf: row.record)
    pad(from: start, to: 9)
    append("  ")
    row.record.commBytes.withUnsafeBytes { append(escaped: $0) }
    append("  ")
    appendTextFile(row.requests, colored: false)
    append(byte: UInt8(ascii: "\n"))
  }

  private mutating func append(counts row: DiskSummary.Row, isOthers: Bool) {
    reserve()
    append(right: row.reads, width: 9)
    append(right: row.readBytes, width: 14)
    append(right: row.writes, width: 10)
    append(right: row.writeBytes, width: 14)
    append("  ")
    if isOthers {
      append("(others)\n")
      return
    }
    append(left: row.record.diskBytes, width: 10)
    append("  ")
    append(processOf: row.record)
    append("  ")
    appendTextFile(row.requests, colored: false)
    append(byte: UInt8(ascii: "\n"))
  }

  private mutating func append(processOf record: bfa_disk_record) {
    record.commBytes.withUnsafeBytes { append(escaped: $0) }
    append(byte: UInt8(ascii: "("))
    append(decimal: record.record.tgid)
    append(byte: UInt8(ascii: ")"))
  }

  private mutating func append(left bytes: [UInt8], width: Int) {
    let start = count
    bytes.withUnsafeBytes { append(escaped: $0) }
    pad(from: start, to: width)
  }

  private mutating func pad(from start: Int, to width: Int) {
    while count - start < width { append(byte: UInt8(ascii: " ")) }
  }

  private mutating func append(right value: UInt64, width: Int) {
    append(right: String(value), width: width)
  }

  private mutating func append(rightSeconds nanoseconds: UInt64, width: Int) {
    let tenths = (nanoseconds + 50_000_000) / 100_000_000
    append(right: "\(tenths / 10).\(tenths % 10)", width: width)
  }

  private mutating func append(right text: String, width: Int) {
    for _ in 0..<max(0, width - text.utf8.count) { append(byte: UInt8(ascii: " ")) }
    for byte in text.utf8 { append(byte: byte) }
  }

  /// The members of the object of a row, each with a comma in front.
  mutating func appendJSON(_ row: DiskSummary.Row, wakeups: Bool) {
    let record = row.record
    record.commBytes.withUnsafeBytes { append(key: "comm", string: $0) }
    if !wakeups { append(key: "pid", UInt64(record.record.tgid)) }
    append(",\"device\":{\"major\":")
    append(decimal: record.record.deviceMajor)
    append(key: "minor", UInt64(record.record.deviceMinor))
    append(byte: UInt8(ascii: "}"))
    appendJSONFile(row.requests)
    record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    if wakeups {
      append(",\"cause\":\"")
      append(causeOf: record)
      append("\"")
      append(key: "wakeups", row.wakeups)
      append(key: "longest_idle")
      append(secondsOf: row.longestIdle)
    } else {
      append(key: "disk_reads", row.reads)
      append(key: "disk_read_bytes", row.readBytes)
      append(key: "disk_writes", row.writes)
      append(key: "disk_write_bytes", row.writeBytes)
    }
  }

  /// The same for a whole disk.
  mutating func appendJSON(disk name: [UInt8], wakeups: UInt64, longestIdle: UInt64) {
    name.withUnsafeBytes { append(key: "device_name", string: $0) }
    append(key: "wakeups", wakeups)
    append(key: "longest_idle")
    append(secondsOf: longestIdle)
  }
}
