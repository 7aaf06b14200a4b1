// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What woke disks, added up: by name of the process and cause, as what runs every hour is another
/// process each time.
///
/// Memory is bounded: what comes after the first `rowLimit` combinations counts for the disk only.
struct DiskWakeups {
  static let rowLimit = 1 << 16

  struct Row {
    /// The first request of the row.
    let requests: DiskRequests
    var wakeups: UInt64 = 0
    /// Nanoseconds.
    var longestIdle: UInt64 = 0

    var record: bfa_disk_record { requests.record }

    mutating func add(_ record: bfa_disk_record) {
      wakeups += 1
      longestIdle = max(longestIdle, record.idle_ns)
    }
  }

  private struct Key: Hashable {
    let device, disk: UInt32
    let inode: UInt64
    let cause, commandSet: UInt8
    let command: UInt16
    let comm: [UInt8]
  }

  private var rows: [Row] = []
  private var indices: [Key: Int] = [:]
  private var diskRows: [Row] = []
  private var nights: [UInt32: [DiskTimeline.Wakeup]] = [:]
  private let threshold: UInt64

  /// - Parameter threshold: how long a disk is idle before a request counts: nanoseconds.
  init(threshold: UInt64) { self.threshold = threshold }

  /// Adds a request that woke its disk.
  /// - Parameter time: nanoseconds since the epoch.
  mutating func add(_ record: bfa_disk_record, path: UnsafeRawBufferPointer, time: UInt64) {
    addDisk(record)
    if nights[record.disk, default: []].count < DiskTimeline.limit {
      nights[record.disk, default: []].append(
        DiskTimeline.Wakeup(time: time, idle: record.idle_ns, comm: record.commBytes))
    }
    let key = Key(
      device: record.record.device, disk: record.disk, inode: record.record.inode,
      cause: record.cause, commandSet: record.command_set, command: record.command,
      comm: record.commBytes)
    let index = indices[key] ?? rows.count
    if index == rows.count {
      if index == Self.rowLimit { return }
      indices[key] = index
      rows.append(Row(requests: DiskRequests(record: record, path: Array(path))))
    }
    rows[index].add(record)
  }

  private mutating func addDisk(_ record: bfa_disk_record) {
    let index = diskRows.firstIndex { $0.record.disk == record.disk } ?? diskRows.count
    if index == diskRows.count {
      diskRows.append(Row(requests: DiskRequests(record: record, path: [])))
    }
    diskRows[index].add(record)
  }

  /// When a disk of `disks` was awake.
  func timeline(of disk: Row) -> DiskTimeline {
    DiskTimeline(nights[disk.record.disk] ?? [], threshold: threshold)
  }

  /// Those with most wake-ups first.
  var sorted: [Row] { Self.sorted(rows) }
  /// The sums of each disk, with what is beyond the limit.
  var disks: [Row] { Self.sorted(diskRows) }

  private static func sorted(_ rows: [Row]) -> [Row] {
    rows.sorted { ($0.wakeups, $0.longestIdle) > ($1.wakeups, $1.longestIdle) }
  }
}
