// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Sums of requests to disks, or of bytes passed to write calls.
struct DiskSums {
  var reads: UInt64 = 0
  var readBytes: UInt64 = 0
  /// Requests that are no reads: also flushes, discards and commands, which have no bytes that are
  /// written.
  var writes: UInt64 = 0
  var writeBytes: UInt64 = 0
  var discardBytes: UInt64 = 0
  /// Bytes that write calls have taken.
  var handedBytes: UInt64 = 0
  /// Requests to a disk that was idle for long.
  var wakeups: UInt64 = 0

  var bytes: UInt64 { readBytes &+ writeBytes &+ discardBytes }
  var requests: UInt64 { reads &+ writes }

  /// Write amplification in hundredths, rounded down: bytes that were written to the disk for each
  /// that was handed to a write call; nil if there was none.
  var amplification: UInt64? { Self.amplification(writeBytes: writeBytes, handed: handedBytes) }

  static func amplification(writeBytes: UInt64, handed: UInt64) -> UInt64? {
    guard handed > 0 else { return nil }
    let (whole, rest) = writeBytes.quotientAndRemainder(dividingBy: handed)
    let part = handed.dividingFullWidth(rest.multipliedFullWidth(by: 100)).quotient
    return whole &* 100 &+ part
  }

  mutating func add(_ record: bfa_disk_record, wakeupNanoseconds: UInt64) {
    switch UInt32(record.operation) {
    case BFA_DISK_READ.rawValue:
      reads &+= UInt64(record.requests)
      readBytes &+= record.bytes
    case BFA_DISK_DISCARD.rawValue:
      writes &+= UInt64(record.requests)
      discardBytes &+= record.bytes
    case BFA_DISK_COMMAND.rawValue:
      writes &+= UInt64(record.requests)
    default:
      writes &+= UInt64(record.requests)
      writeBytes &+= record.bytes
    }
    if record.isWakeup(after: wakeupNanoseconds) { wakeups += 1 }
  }

  static func += (sums: inout Self, other: Self) {
    sums.reads &+= other.reads
    sums.readBytes &+= other.readBytes
    sums.writes &+= other.writes
    sums.writeBytes &+= other.writeBytes
    sums.discardBytes &+= other.discardBytes
    sums.handedBytes &+= other.handedBytes
    sums.wakeups &+= other.wakeups
  }
}

/// Sums of requests to disks by process, file and disk, beside what the processes handed to write
/// calls: of all requests and writes that are wanted.
///
/// Memory is bounded: what comes after the first `rowLimit` combinations is added up by disk.
struct DiskSummary {
  static let rowLimit = 1 << 16
  /// How long a disk is idle before a request counts as a wake-up, if nothing else is said.
  static let defaultWakeupNanoseconds: UInt64 = 5_000_000_000

  /// One process, one file, one disk.
  struct Row {
    /// The first ones: process, file and disk are those of all.
    let requests: DiskRequests
    var sums = DiskSums()
    /// The row is that of the others beyond the limit, without process and file.
    var isOthers = false
    /// No request came to the file system: which disk it is on is not known.
    var hasNoDisk = false

    var record: bfa_disk_record { requests.record }
  }

  private struct Key: Hashable {
    var pid: UInt32 = 0
    var comm: [UInt8] = []
    /// Of the file system; zero for the others of a disk.
    var device: UInt32 = 0
    var inode: UInt64 = 0
    /// Zero for bytes passed to write calls, which are about files.
    var disk: UInt32 = 0
  }

  /// By process, file and disk.
  private var asked: Rows
  /// By process and file, or beyond the limit by file system.
  private var handed: Rows
  /// The disk that file systems are on, the first one of several.
  private var diskOfDevice: [UInt32: bfa_disk_record] = [:]
  private let wakeupNanoseconds: UInt64
  private let isOfOneDisk: Bool

  private struct Rows {
    let limit: Int
    var rows: [Row] = []
    var indices: [Key: Int] = [:]

    /// The row of a key, or the one of the others.
    mutating func index(_ key: Key, others: Key, _ requests: () -> DiskRequests) -> Int {
      if let index = indices[key] { return index }
      let isOthers = rows.count >= limit
      if isOthers, let index = indices[others] { return index }
      indices[isOthers ? others : key] = rows.count
      rows.append(Row(requests: requests(), isOthers: isOthers))
      return rows.count - 1
    }
  }

  /// - Parameters:
  ///   - wakeupNanoseconds: how long a disk is idle before a request counts as a wake-up.
  ///   - isOfOneDisk: what is written to file systems on others is left out.
  init(
    wakeupNanoseconds: UInt64 = Self.defaultWakeupNanoseconds, isOfOneDisk: Bool = false,
    rowLimit: Int = Self.rowLimit
  ) {
    asked = Rows(limit: rowLimit)
    handed = Rows(limit: rowLimit)
    self.wakeupNanoseconds = wakeupNanoseconds
    self.isOfOneDisk = isOfOneDisk
  }

  /// Adds a request.
  mutating func add(_ record: bfa_disk_record, path: UnsafeRawBufferPointer) {
    if diskOfDevice[record.record.device] == nil { diskOfDevice[record.record.device] = record }
    let key = Key(
      pid: record.record.tgid, comm: record.commBytes, device: record.record.device,
      inode: record.record.inode, disk: record.disk)
    let index = asked.index(key, others: Key(disk: record.disk)) {
      DiskRequests(record: record, path: Array(path))
    }
    asked.rows[index].sums.add(record, wakeupNanoseconds: wakeupNanoseconds)
  }

  /// Adds bytes passed to write calls.
  mutating func add(_ access: bfa_access, path: UnsafeRawBufferPointer) {
    if access.write_bytes == 0 { return }
    var record = bfa_disk_record()
    record.record = access.record
    let key = Key(
      pid: access.record.tgid, comm: record.commBytes, device: access.record.device,
      inode: access.record.inode)
    let index = handed.index(key, others: Key(device: access.record.device)) {
      DiskRequests(record: record, path: Array(path))
    }
    handed.rows[index].sums.handedBytes &+= access.write_bytes
  }

  /// Requests and writes in one list, those with most bytes first.
  var rows: [Row] {
    var joined = asked
    for row in handed.rows {
      let disk = diskOfDevice[row.record.record.device]
      if disk == nil && isOfOneDisk { continue }
      let others = Key(disk: disk?.disk ?? 0)
      var key = others
      if !row.isOthers {
        key.pid = row.record.record.tgid
        key.comm = row.record.commBytes
        key.device = row.record.record.device
        key.inode = row.record.record.inode
      }
      let index = joined.index(key, others: others) {
        DiskRequests(record: row.record.on(disk), path: row.requests.path)
      }
      joined.rows[index].hasNoDisk = disk == nil
      joined.rows[index].isOthers = joined.rows[index].isOthers || row.isOthers
      joined.rows[index].sums += row.sums
    }
    return joined.rows.sorted(by: Self.isBefore)
  }

  /// The sums over all files of each process, those with most bytes first.
  static func processes(_ rows: [Row]) -> [Row] {
    totals(rows.filter { !$0.isOthers }) {
      Key(pid: $0.record.record.tgid, comm: $0.record.commBytes)
    }
  }

  /// The sums over all processes and files of each disk.
  static func disks(_ rows: [Row]) -> [Row] {
    totals(rows.filter { !$0.hasNoDisk }) { Key(disk: $0.record.disk) }
  }

  private static func totals(_ rows: [Row], by key: (Row) -> Key) -> [Row] {
    var totals: [Row] = []
    var indices: [Key: Int] = [:]
    for row in rows {
      let index = indices[key(row)] ?? totals.count
      if index < totals.count {
        totals[index].sums += row.sums
      } else {
        indices[key(row)] = index
        totals.append(Row(requests: row.requests, sums: row.sums))
      }
    }
    return totals.sorted(by: isBefore)
  }

  private static func isBefore(_ one: Row, _ other: Row) -> Bool {
    if one.isOthers != other.isOthers { return other.isOthers }
    return (one.sums.bytes, one.sums.requests, one.sums.handedBytes, other.record.record.tgid)
      > (other.sums.bytes, other.sums.requests, other.sums.handedBytes, one.record.record.tgid)
  }
}

extension bfa_disk_record {
  /// Whether the disk was idle so long, and this may have woken it.
  func isWakeup(after nanoseconds: UInt64) -> Bool {
    idle_ns >= nanoseconds && (!isCommand || may_wake != 0)
  }

  /// This record, with the disk of another one.
  fileprivate func on(_ disk: bfa_disk_record?) -> bfa_disk_record {
    var record = self
    if let disk { (record.disk, record.disk_name) = (disk.disk, disk.disk_name) }
    return record
  }
}
