// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Requests to block devices, and what they have in common: one line each.
struct DiskRequests {
  /// The first of them; bytes and requests of all, and the longest latency.
  var record: bfa_disk_record
  var path: [UInt8]
}

/// Requests that wait to be shown: those of one process to one disk, for one file and one cause,
/// become one line, once the disk is done with them. They are rare beside accesses, so this may
/// allocate.
struct DiskBatch {
  private struct Key: Hashable {
    let pid, byPid, device, disk: UInt32
    let inode: UInt64
    let operation, cause, certainty, partition: UInt8

    init(_ record: bfa_disk_record) {
      pid = record.record.tgid
      byPid = record.by_tgid
      device = record.record.device
      disk = record.disk
      inode = record.record.inode
      operation = record.operation
      cause = record.cause
      certainty = record.certainty
      partition = record.partition
    }
  }

  private final class Line {
    var requests: DiskRequests
    /// Requests that the disk is at.
    var pending = 0

    init(_ requests: DiskRequests) { self.requests = requests }

    var time: UInt64 { requests.record.record.time_ns }
  }

  /// A line appears without its latency when there are records so much later: nanoseconds. A disk
  /// that has to start its motor takes less.
  private static let patience: UInt64 = 30_000_000_000

  /// The time of the last record.
  private var latest: UInt64 = 0

  private var lines: [Line] = []
  /// The lines since the last look, which more requests may join.
  private var open: [Key: Line] = [:]
  private var pending: [UInt64: Line] = [:]

  mutating func add(_ record: bfa_disk_record, path: UnsafeRawBufferPointer) {
    latest = max(latest, record.record.time_ns)
    let line = line(for: record, path)
    if record.request == 0 { return }
    line.pending += 1
    pending[record.request] = line
  }

  private mutating func line(for record: bfa_disk_record, _ path: UnsafeRawBufferPointer) -> Line {
    let key = Key(record)
    if let line = open[key], line.requests.path.elementsEqual(path) {
      line.requests.record.bytes &+= record.bytes
      line.requests.record.requests &+= record.requests
      return line
    }
    let line = Line(DiskRequests(record: record, path: Array(path)))
    open[key] = line
    lines.append(line)
    return line
  }

  /// A request has ended.
  mutating func end(_ done: bfa_disk_record) {
    latest = max(latest, done.record.time_ns)
    guard let line = pending.removeValue(forKey: done.request) else { return }
    line.pending -= 1
    let latency = line.requests.record.latency_ns
    line.requests.record.latency_ns = max(latency, done.latency_ns)
  }

  /// Takes what the disk is done with, and what has waited too long; or all.
  mutating func take(all: Bool) -> [DiskRequests] {
    open.removeAll(keepingCapacity: true)
    if lines.isEmpty { return [] }
    let limit = latest > Self.patience ? latest - Self.patience : 0
    var taken: [DiskRequests] = []
    lines.removeAll { line in
      let isTaken = all || line.pending == 0 || line.time < limit
      if isTaken { taken.append(line.requests) }
      return isTaken
    }
    if lines.isEmpty { pending.removeAll(keepingCapacity: true) }
    return taken
  }
}
