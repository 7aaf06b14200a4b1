// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Requests to block devices that have one line together, and what they have in common.
struct DiskRequests {
  /// The first request, with the bytes and the number of all.
  var record: bfa_disk_record
  var path: [UInt8]
  /// The control group of the process; empty: it was not asked for, or is not known.
  var cgroup: [UInt8] = []
  /// From the device's getting a request to its completion, of several the longest: nanoseconds; 0:
  /// not known.
  var latency: UInt64 = 0
}

/// Requests that wait to be shown: those of one process to one disk, for one file and one cause,
/// become one line, once all of them have ended. They are rare beside accesses, so this may
/// allocate.
struct DiskBatch {
  private struct Key: Hashable {
    let pid, byPid, device, disk: UInt32
    let inode: UInt64
    let client: SIMD16<UInt8>
    let operation, cause, certainty, partition, commandSet: UInt8
    let command: UInt16

    init(_ record: bfa_disk_record) {
      pid = record.record.tgid
      byPid = record.by_tgid
      device = record.record.device
      disk = record.disk
      inode = record.record.inode
      client = unsafeBitCast(record.client, to: SIMD16<UInt8>.self)
      operation = record.operation
      cause = record.cause
      certainty = record.certainty
      partition = record.partition
      commandSet = record.command_set
      command = record.command
    }
  }

  private final class Line {
    var requests: DiskRequests
    /// Requests whose end is not reported yet.
    var pending = 0
    /// It has been shown without them.
    var isOver = false

    init(_ requests: DiskRequests) { self.requests = requests }

    var time: UInt64 { requests.record.record.time_ns }
  }

  /// One that the disk is at.
  private struct Pending {
    let line: Line
    /// Bytes; 1 of a request without.
    var left: UInt64
  }

  /// A line appears without its latency when it is older than the last record by so much: longer
  /// than a disk takes to start its motor. Nanoseconds.
  private static let patience: UInt64 = 30_000_000_000

  /// The time of the last record.
  private var latest: UInt64 = 0
  private var lines: [Line] = []
  /// The lines since the last look, which more requests may join.
  private var open: [Key: Line] = [:]
  private var pending: [UInt64: Pending] = [:]

  mutating func add(_ event: Event, _ record: bfa_disk_record) {
    latest = max(latest, record.record.time_ns)
    let line = line(for: event, record)
    if record.request == 0 { return }
    line.pending += 1
    pending[record.request] = Pending(line: line, left: max(record.bytes, 1))
  }

  private mutating func line(for event: Event, _ record: bfa_disk_record) -> Line {
    let path = event.path
    var processes = event.processes
    let cgroup = processes.next()?.cgroup ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let key = Key(record)
    if let line = open[key], line.requests.path.elementsEqual(path),
      line.requests.cgroup.elementsEqual(cgroup)
    {
      line.requests.record.bytes &+= record.bytes
      line.requests.record.requests &+= record.requests
      return line
    }
    let line = Line(DiskRequests(record: record, path: Array(path), cgroup: Array(cgroup)))
    open[key] = line
    lines.append(line)
    return line
  }

  /// A request has ended, or a part of it.
  mutating func end(_ end: bfa_disk_end) {
    latest = max(latest, end.record.time_ns)
    guard var request = pending[end.request] else { return }
    let line = request.line
    line.requests.latency = max(line.requests.latency, end.latency_ns)
    if request.left > end.done {
      request.left -= end.done
      pending[end.request] = request
    } else {
      pending[end.request] = nil
      line.pending -= 1
    }
  }

  /// Takes the lines whose requests have ended, and those that have waited too long; or all.
  mutating func take(all: Bool) -> [DiskRequests] {
    open.removeAll(keepingCapacity: true)
    if lines.isEmpty { return [] }
    let limit = latest > Self.patience ? latest - Self.patience : 0
    var taken: [DiskRequests] = []
    var areLate = false
    lines.removeAll { line in
      let isLate = all || line.time < limit
      guard isLate || line.pending == 0 else { return false }
      line.isOver = line.pending > 0
      areLate = areLate || line.isOver
      taken.append(line.requests)
      return true
    }
    // What ends later than this has no line any more.
    if areLate { pending = pending.filter { !$0.value.line.isOver } }
    return taken
  }
}
