// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Why the bytes of a record could not be decoded.
public enum RecordError: Error, Equatable, Sendable {
  /// Fewer bytes than the record's kind, or the lengths it states, need.
  case short
  /// `kind` is not one of `bfa_record_kind`.
  case unknownKind
  /// The processes at the end of the record are not whole ones.
  case brokenProcesses
  /// The length of a string is above what the kernel side ever sends.
  case overLimit
  /// More bytes follow the record than the ring buffer's rounding explains.
  case long
}

/// The decoded view of one record: a pointer to bytes that were checked.
///
/// Layout of a record: `struct bfa_access` or `struct bfa_call_record`, then `path_len` bytes of
/// path, then `filename_len` bytes of filename, in a call `new_path_len` and `new_filename_len` bytes
/// of its second name, then `process_len` bytes of processes, without terminators and at any
/// alignment.
///
/// An event borrows the bytes it was made from: neither it nor the buffers it hands out may be used
/// once the ring buffer has taken them back. It is one pointer wide and never allocates.
public struct Event {
  private let start: UnsafeRawPointer

  /// Checks `bytes`, which must be one whole record; reads nothing outside of them.
  ///
  /// Up to eight bytes more than the record needs are accepted, as ring buffers round sizes up.
  public init(record bytes: UnsafeRawBufferPointer) throws(RecordError) {
    guard let start = bytes.baseAddress, bytes.count >= MemoryLayout<bfa_record>.size else {
      throw .short
    }
    self.start = start
    let record = self.record
    guard UInt32(record.path_len) < BFA_PATH_MAX.rawValue,
      UInt32(record.filename_len) < BFA_PATH_MAX.rawValue
    else { throw .overLimit }
    guard isAccess || isCall || isDisk || isDiskEnd else { throw .unknownKind }
    guard bytes.count >= fixedSize else { throw .short }
    var needed = fixedSize + Int(record.path_len) + Int(record.filename_len)
    if let call {
      guard UInt32(call.new_path_len) < BFA_PATH_MAX.rawValue,
        UInt32(call.new_filename_len) < BFA_PATH_MAX.rawValue
      else { throw .overLimit }
      needed += Int(call.new_path_len) + Int(call.new_filename_len)
    }
    guard UInt32(record.process_len) < BFA_PROCESS_BYTES.rawValue else { throw .overLimit }
    needed += Int(record.process_len)
    guard bytes.count >= needed else { throw .short }
    guard bytes.count <= needed + 8 else { throw .long }
    guard record.process_len == 0 || processes.areWhole else { throw .brokenProcesses }
  }

  /// The part that every record begins with. Times in nanoseconds of CLOCK_BOOTTIME, `device` as
  /// the kernel's dev_t.
  public var record: bfa_record { start.loadUnaligned(as: bfa_record.self) }

  /// What happened to one open file since it was last reported; nil for a system call.
  public var access: bfa_access? {
    isAccess ? start.loadUnaligned(as: bfa_access.self) : nil
  }

  /// One system call; nil for merged accesses.
  public var call: bfa_call_record? {
    isCall ? start.loadUnaligned(as: bfa_call_record.self) : nil
  }

  /// One request to a block device, or several; nil for other kinds.
  public var disk: bfa_disk_record? {
    isDisk ? start.loadUnaligned(as: bfa_disk_record.self) : nil
  }

  /// The end of a request to a block device, or of a part of it; nil for other kinds.
  var diskEnd: bfa_disk_end? {
    isDiskEnd ? start.loadUnaligned(as: bfa_disk_end.self) : nil
  }

  /// The process name, up to its first NUL: at most `BFA_COMM_SIZE` bytes of any value.
  public var comm: UnsafeRawBufferPointer {
    let comm = start + Self.commOffset
    return UnsafeRawBufferPointer(start: comm, count: strnlen(comm, Int(BFA_COMM_SIZE.rawValue)))
  }

  /// The path as the kernel side resolved it; empty if it is not known. With `BFA_MARK_FILENAME` it
  /// is the directory the lookup starts from, with `BFA_MARK_TRUNCATED` only the end of a path.
  public var path: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start + fixedSize, count: Int(record.path_len))
  }

  /// The string the process passed; meaningful with `BFA_MARK_FILENAME` only.
  public var filename: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: start + fixedSize + Int(record.path_len), count: Int(record.filename_len))
  }

  /// The name of the directory's entry that was changed, and of a rename within the directory the new
  /// one; empty without `BFA_MARK_ENTRY`.
  var entries: (first: UnsafeRawBufferPointer, second: UnsafeRawBufferPointer) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    guard has(BFA_MARK_ENTRY) else { return (none, none) }
    guard let end = filename.offset(of: 0) else { return (filename, none) }
    return (
      UnsafeRawBufferPointer(rebasing: filename[..<end]),
      UnsafeRawBufferPointer(rebasing: filename[(end + 1)...])
    )
  }

  /// The second path of a call, as `path`; with `BFA_MARK_NEW_FILENAME` a directory.
  public var newPath: UnsafeRawBufferPointer {
    guard let call else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: newNames, count: Int(call.new_path_len))
  }

  /// The second string the process passed; meaningful with `BFA_MARK_NEW_FILENAME` only.
  public var newFilename: UnsafeRawBufferPointer {
    guard let call else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(
      start: newNames + Int(call.new_path_len), count: Int(call.new_filename_len))
  }

  /// The process and its ancestors; none if they were not asked for.
  var processes: EventProcesses {
    var offset = fixedSize + Int(record.path_len) + Int(record.filename_len)
    if let call { offset += Int(call.new_path_len) + Int(call.new_filename_len) }
    return EventProcesses(
      UnsafeRawBufferPointer(start: start + offset, count: Int(record.process_len)))
  }

  /// Whether the record carries `mark`.
  public func has(_ mark: bfa_mark) -> Bool { record.marks & mark.rawValue != 0 }

  private var newNames: UnsafeRawPointer {
    start + fixedSize + Int(record.path_len) + Int(record.filename_len)
  }

  private var isAccess: Bool { UInt32(record.kind) == BFA_RECORD_ACCESS.rawValue }
  private var isCall: Bool { UInt32(record.kind) == BFA_RECORD_CALL.rawValue }

  private var isDisk: Bool { UInt32(record.kind) == BFA_RECORD_DISK.rawValue }

  private var isDiskEnd: Bool { UInt32(record.kind) == BFA_RECORD_DISK_END.rawValue }

  private var fixedSize: Int {
    if isAccess { return MemoryLayout<bfa_access>.size }
    if isCall { return MemoryLayout<bfa_call_record>.size }
    return isDisk ? MemoryLayout<bfa_disk_record>.size : MemoryLayout<bfa_disk_end>.size
  }

  // Stored fields of C structs always have an offset; the optimiser folds this to a constant.
  private static var commOffset: Int { MemoryLayout<bfa_record>.offset(of: \.comm) ?? 0 }
}
