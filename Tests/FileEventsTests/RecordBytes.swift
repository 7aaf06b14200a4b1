// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc

// Records in the form of the kernel side, from the same C structures.

let read = BFA_READ
let closed = BFA_CLOSED
let written = BFA_WRITTEN
let opened = BFA_OPENED

/// The members that tests of both formats set; all others are zero.
struct Common {
  var comm: [UInt8] = Array("head".utf8)
  var tgid: UInt32 = 35929
  var types: [bfa_type] = [read]
  var marks: [bfa_mark] = []
  var path: [UInt8] = Array("/etc/motd".utf8)
  var filename: [UInt8] = []
  /// Set in records of calls only.
  var newPath: [UInt8] = []
  var newFilename: [UInt8] = []
  /// The process and its ancestors.
  var processes: [Process] = []

  struct Process {
    var pid: UInt32
    var comm: [UInt8]
    var exe: [UInt8]
    var cgroup: [UInt8] = []
    var cwd: [UInt8] = []
    var args: [UInt8] = []

    init(_ pid: UInt32, _ comm: String, _ exe: String = "", cgroup: String = "") {
      (self.pid, self.comm, self.exe) = (pid, Array(comm.utf8), Array(exe.utf8))
      self.cgroup = Array(cgroup.utf8)
    }

    var bytes: [UInt8] {
      var process = bfa_process()
      process.pid = pid
      process.exe_len = UInt16(exe.count)
      process.cgroup_len = UInt16(cgroup.count)
      process.cwd_len = UInt16(cwd.count)
      process.args_len = UInt16(args.count)
      withUnsafeMutableBytes(of: &process.comm) { $0.copyBytes(from: comm.prefix($0.count)) }
      return withUnsafeBytes(of: process) { Array($0) } + exe + cgroup + cwd + args
    }
  }

  var processBytes: [UInt8] { processes.flatMap(\.bytes) }

  func fill(_ record: inout bfa_record, kind: bfa_record_kind) {
    record.kind = UInt16(kind.rawValue)
    record.types = types.reduce(0) { $0 | UInt16($1.rawValue) }
    record.marks = marks.reduce(0) { $0 | $1.rawValue }
    record.path_len = UInt16(path.count)
    record.filename_len = UInt16(filename.count)
    record.process_len = UInt16(processBytes.count)
    record.tgid = tgid
    withUnsafeMutableBytes(of: &record.comm) { $0.copyBytes(from: comm.prefix($0.count)) }
  }
}

func accessRecord(
  _ common: Common = Common(), _ change: (inout bfa_access) -> Void = { _ in }
) -> [UInt8] {
  var access = bfa_access()
  common.fill(&access.record, kind: BFA_RECORD_ACCESS)
  change(&access)
  return withUnsafeBytes(of: access) { Array($0) } + common.path + common.filename
    + common.processBytes
}

func callRecord(
  _ call: bfa_call, _ common: Common = Common(),
  _ change: (inout bfa_call_record) -> Void = { _ in }
) -> [UInt8] {
  var record = bfa_call_record()
  common.fill(&record.record, kind: BFA_RECORD_CALL)
  record.record.call = UInt16(call.rawValue)
  record.new_path_len = UInt16(common.newPath.count)
  record.new_filename_len = UInt16(common.newFilename.count)
  change(&record)
  return withUnsafeBytes(of: record) { Array($0) } + common.path + common.filename
    + common.newPath + common.newFilename + common.processBytes
}

/// A request to the disk "sda".
func diskRecord(
  _ common: Common, _ change: (inout bfa_disk_record) -> Void = { _ in }
) -> [UInt8] {
  var disk = bfa_disk_record()
  common.fill(&disk.record, kind: BFA_RECORD_DISK)
  disk.requests = 1
  withUnsafeMutableBytes(of: &disk.disk_name) { $0.copyBytes(from: "sda".utf8) }
  change(&disk)
  return withUnsafeBytes(of: disk) { Array($0) } + common.path + common.processBytes
}

/// The end of a request to a disk, or of a part of it.
func diskEndRecord(_ request: UInt64, latency: UInt64, done: UInt64 = 512) -> [UInt8] {
  var end = bfa_disk_end()
  end.record.kind = UInt16(BFA_RECORD_DISK_END.rawValue)
  (end.request, end.latency_ns, end.done) = (request, latency, done)
  return withUnsafeBytes(of: end) { Array($0) }
}

/// An openat(2) that failed with ENOENT: `filename` was looked up from `base`.
func failedOpen(base: String, filename: String, marks: [bfa_mark] = []) -> [UInt8] {
  let common = Common(
    types: [opened], marks: [BFA_MARK_FILENAME] + marks, path: Array(base.utf8),
    filename: Array(filename.utf8))
  return callRecord(BFA_CALL_openat, common) { $0.ret = -Int64(ENOENT) }
}

/// The lines for `records`, as bytes.
func lineBytes(_ records: [[UInt8]], _ options: LineOptions = LineOptions()) -> [UInt8] {
  var writer = EventWriter(options: options)
  for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
  return writer.lines.withUnsafeBytes { Array($0) }
}

/// The line for `record`, without its newline.
func line(_ record: [UInt8], _ options: LineOptions = LineOptions()) -> String {
  var bytes = lineBytes([record], options)
  let newline = bytes.popLast()
  return newline == UInt8(ascii: "\n") ? String(decoding: bytes, as: UTF8.self) : "no line"
}

/// Memory that ends at a page that must not be read: reading after it crashes.
struct GuardedBytes: ~Copyable {
  struct MappingError: Error { let errno: Int32 }

  private let mapping: UnsafeMutableRawPointer
  private let size: Int
  private static let page = sysconf(Int32(_SC_PAGESIZE))

  init(atMost size: Int) throws(MappingError) {
    self.size = (size + Self.page - 1) / Self.page * Self.page
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard
      let mapping = mmap(nil, self.size + Self.page, PROT_READ | PROT_WRITE, flags, -1, 0),
      mapping != MAP_FAILED
    else { throw MappingError(errno: errno) }
    self.mapping = mapping
    mprotect(mapping + self.size, Self.page, PROT_NONE)
  }

  deinit { munmap(mapping, size + Self.page) }

  /// Copies `bytes` to the end of the memory; borrowed until the next call.
  func hold(_ bytes: some Collection<UInt8>) -> UnsafeRawBufferPointer {
    let target = UnsafeMutableRawBufferPointer(
      start: mapping + (size - bytes.count), count: bytes.count)
    target.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(target)
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
