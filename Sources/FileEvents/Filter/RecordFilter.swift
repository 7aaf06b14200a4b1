// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Which records of a recording are wanted: what the kernel side decides in a live run, by the same
/// rules (task_in_scope in bpf/files/scope.h, call_wanted in bpf/calls/call_record.h).
public struct RecordFilter: Sendable {
  /// Thread groups; empty: all.
  public var pids: Set<UInt32> = []
  public var ignoredPids: Set<UInt32> = []
  /// Names, at most 15 bytes each; empty: all.
  public var comms: Set<[UInt8]> = []
  public var ignoredComms: Set<[UInt8]> = []
  public var uid: UInt32?
  public var cgroups = CgroupFilter()
  /// Any of these letters, `bfa_type` or-ed; `.max`: also without one.
  public var types: UInt16 = .max
  /// Calls that failed.
  public var onlyFailed = false
  /// Calls that took at least so many nanoseconds.
  public var slower: UInt64 = 0
  /// Requests to this disk, by its name.
  public var disk: [UInt8]?

  public init() {}

  public func admits(_ event: Event) -> Bool {
    let record = event.record
    if let uid, record.uid != uid { return false }
    if !cgroups.isEverywhere {
      var processes = event.processes
      guard let process = processes.next(), cgroups.admits(process.cgroup) else { return false }
    }
    if ignoredPids.contains(record.tgid) { return false }
    if !pids.isEmpty && !pids.contains(record.tgid) { return false }
    if !comms.isEmpty || !ignoredComms.isEmpty {
      let comm = Array(event.comm)
      if ignoredComms.contains(comm) || !comms.isEmpty && !comms.contains(comm) { return false }
    }
    if let request = event.disk { return admits(request) }
    if let call = event.call {
      if onlyFailed && call.ret >= 0 { return false }
      if call.duration_ns < slower { return false }
    }
    return types == .max || record.types & types != 0
  }

  private func admits(_ request: bfa_disk_record) -> Bool {
    let isRead = UInt32(request.operation) == BFA_DISK_READ.rawValue
    let type = isRead ? BFA_READ : BFA_WRITTEN
    if types & UInt16(type.rawValue) == 0 { return false }
    guard let disk else { return true }
    return withUnsafeBytes(of: request.disk_name) { $0.prefix { $0 != 0 }.elementsEqual(disk) }
  }
}
