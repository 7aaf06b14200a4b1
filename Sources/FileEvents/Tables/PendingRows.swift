// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// The rows of requests to disks that have not ended, by the numbers of these.
struct PendingRows {
  struct Row {
    let key: [UInt8]
    let record: bfa_record
    /// Bytes; 1 of a request without.
    fileprivate var left: UInt64
  }

  /// Requests that may wait for their end; beyond that, the oldest are given up.
  private static let limit = 1 << 16

  private var rows: [UInt64: Row] = [:]

  mutating func add(
    _ disk: bfa_disk_record, _ key: UnsafeRawBufferPointer, _ record: bfa_record
  ) {
    if rows.count >= Self.limit {
      let oldest = disk.request - min(disk.request, UInt64(Self.limit / 2))
      rows = rows.filter { $0.key > oldest }
    }
    rows[disk.request] = Row(key: Array(key), record: record, left: max(disk.bytes, 1))
  }

  /// The row of a request that has ended, or a part of it.
  mutating func end(_ end: bfa_disk_end) -> Row? {
    guard var row = rows[end.request] else { return nil }
    row.left -= min(row.left, end.done)
    rows[end.request] = row.left > 0 ? row : nil
    return row
  }
}
