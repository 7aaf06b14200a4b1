// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Requests to block devices that have one line together, and what they have in common.
struct DiskRequests {
  /// The first request, with the bytes and the number of all.
  var record: bfa_disk_record
  var path: [UInt8]
  /// The control group of the process; empty: it was not asked for, or is not known.
  var cgroup: [UInt8] = []
}

/// Requests that wait to be shown: those of one process to one disk, for one file and one cause,
/// become one line. They are rare beside accesses, so this may allocate.
struct DiskBatch {
  private struct Key: Hashable {
    let pid, byPid, device, disk: UInt32
    let inode: UInt64
    let operation, cause, certainty, partition, commandSet: UInt8
    let command: UInt16

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
      commandSet = record.command_set
      command = record.command
    }
  }

  private(set) var requests: [DiskRequests] = []
  private var indices: [Key: Int] = [:]

  mutating func add(_ event: Event, _ record: bfa_disk_record) {
    let path = event.path
    var processes = event.processes
    let cgroup = processes.next()?.cgroup ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let key = Key(record)
    if let index = indices[key], requests[index].path.elementsEqual(path),
      requests[index].cgroup.elementsEqual(cgroup)
    {
      requests[index].record.bytes &+= record.bytes
      requests[index].record.requests &+= record.requests
    } else {
      indices[key] = requests.count
      requests.append(DiskRequests(record: record, path: Array(path), cgroup: Array(cgroup)))
    }
  }

  mutating func removeAll() {
    requests.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
  }
}
