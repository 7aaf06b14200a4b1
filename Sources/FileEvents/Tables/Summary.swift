// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What each process did, added up from all records that are wanted; exact.
///
/// Memory is bounded. Processes that come after the first `processLimit` are added up together.
/// Files are told apart by device and inode; from `fileLimit` pairs of process and file on, a
/// number of files is the least that it can be.
struct Summary {
  /// Some 20 MiB.
  static let processLimit = 1 << 16
  /// Some 110 MiB at most, while they are copied to make room for more.
  static let fileLimit = 1 << 20

  struct Counts {
    var opens: UInt64 = 0
    var failedOpens: UInt64 = 0
    var reads: UInt64 = 0
    var readBytes: UInt64 = 0
    var writes: UInt64 = 0
    var writeBytes: UInt64 = 0
    var files: UInt64 = 0

    var bytes: UInt64 { readBytes &+ writeBytes }
    var calls: UInt64 { opens &+ failedOpens &+ reads &+ writes }
  }

  struct Process {
    let pid: UInt32
    /// The name it had last.
    var latest: bfa_record
    var counts = Counts()
    /// It has touched more files than are counted.
    var hasMoreFiles = false
  }

  /// A number may be given to another process later.
  private struct ProcessKey: Hashable {
    let pid: UInt32
    let began: UInt64
  }

  private struct FileKey: Hashable {
    let inode: UInt64
    let device: UInt32
    let process: UInt32  // index
  }

  /// The one behind `processLimit` is all others.
  private(set) var processes: [Process] = []
  private var indices: [ProcessKey: Int] = [:]
  private var files: Set<FileKey> = []
  private let processLimit: Int
  private let fileLimit: Int

  init(processLimit: Int = Self.processLimit, fileLimit: Int = Self.fileLimit) {
    self.processLimit = processLimit
    self.fileLimit = fileLimit
  }

  /// Those with most bytes first, then those with most calls.
  var sorted: [Process] {
    processes.prefix(processLimit).sorted {
      ($0.counts.bytes, $0.counts.calls, $1.pid) > ($1.counts.bytes, $1.counts.calls, $0.pid)
    }
  }

  /// Processes beyond the limit, added up.
  var others: Process? { processes.count > processLimit ? processes[processLimit] : nil }

  mutating func add(_ event: Event) {
    let record = event.record
    let index = index(of: record)
    if record.time_ns > processes[index].latest.time_ns { processes[index].latest = record }
    if let access = event.access {
      processes[index].counts.add(access)
    } else if let call = event.call {
      processes[index].counts.add(call, isPart: event.has(BFA_MARK_PART))
    }
    if event.has(BFA_MARK_FILE) { addFile(of: record, to: index) }
  }

  private mutating func index(of record: bfa_record) -> Int {
    let key = ProcessKey(pid: record.tgid, began: record.began_ns)
    if let index = indices[key] { return index }
    let index = min(processes.count, processLimit)
    if index == processes.count { processes.append(Process(pid: record.tgid, latest: record)) }
    if index < processLimit { indices[key] = index }
    return index
  }

  private mutating func addFile(of record: bfa_record, to index: Int) {
    let key = FileKey(inode: record.inode, device: record.device, process: UInt32(index))
    if files.count < fileLimit {
      if files.insert(key).inserted { processes[index].counts.files += 1 }
    } else if !processes[index].hasMoreFiles && !files.contains(key) {
      processes[index].hasMoreFiles = true
    }
  }
}

extension Summary.Counts {
  mutating func add(_ access: bfa_access) {
    opens &+= UInt64(access.opens)
    reads &+= access.reads
    readBytes &+= access.read_bytes
    writes &+= access.writes
    writeBytes &+= access.write_bytes
  }

  /// Counts a call as merged records count it.
  mutating func add(_ call: bfa_call_record, isPart: Bool) {
    let types = UInt32(call.record.types)
    if call.isOpen {
      if call.ret < 0 { failedOpens += 1 } else { opens += 1 }
      return
    }
    // Neither a close, which has W too, nor a program that is executed.
    guard call.ret >= 0, types & (BFA_CLOSED.rawValue | BFA_OPENED.rawValue) == 0 else { return }
    if types & BFA_READ.rawValue != 0 {
      reads += 1
      readBytes &+= UInt64(call.ret)
    }
    // One that found the end of its source has written nothing.
    let isEmpty = isPart && call.ret == 0 && UInt32(call.record.call) != BFA_CALL_ioctl.rawValue
    if types & BFA_WRITTEN.rawValue != 0 && !isEmpty {
      writes += 1
      writeBytes &+= UInt64(call.ret)
    }
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
