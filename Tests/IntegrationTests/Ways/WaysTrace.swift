// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The options of a trace; all views are of the same processes.
enum View: CaseIterable, Sendable {
  /// All calls, with those that only look.
  case calls
  /// All calls without those that only look.
  case callsOnly
  case failed
  case merged
  case mergedWithAll

  var options: [String] {
    switch self {
    case .calls: ["--syscalls", "--metadata"]
    case .callsOnly: ["--syscalls"]
    case .failed: ["--failed"]
    case .merged: []
    case .mergedWithAll: ["--all"]
    }
  }

  /// Whether the view shows a call that looks at a file or does more: an ioctl depends on its
  /// request.
  func shows(_ call: MadeCall, withLetters: Bool) -> Bool {
    switch self {
    case .calls: true
    case .callsOnly:
      call.syscall == "ioctl" ? withLetters : !Self.lookingCalls.contains(call.syscall)
    case .failed: call.ret < 0
    case .merged, .mergedWithAll: false
    }
  }

  private static let lookingCalls: Set<String> = [
    "stat", "lstat", "fstat", "newfstatat", "stat64", "lstat64", "fstat64", "fstatat64", "statx",
    "access", "faccessat", "faccessat2", "readlink", "readlinkat", "statfs", "fstatfs", "statfs64",
    "fstatfs64", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown",
    "fchownat", "chown32",
    "lchown32", "fchown32", "utime", "utimes", "futimesat", "utimensat", "utimensat_time64",
    "setxattr", "lsetxattr",
    "fsetxattr", "setxattrat", "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "listxattr",
    "llistxattr", "flistxattr", "listxattrat", "removexattr", "lremovexattr", "fremovexattr",
    "removexattrat", "chdir", "fchdir", "chroot", "inotify_add_watch", "name_to_handle_at",
    "io_uring_statx", "io_uring_setxattr", "io_uring_fsetxattr", "io_uring_getxattr",
    "io_uring_fgetxattr", "io_uring_connect",
    "oldstat", "oldlstat", "oldfstat", "connect", "sendto", "sendmsg", "sendmmsg",
    "mount", "umount", "umount2", "move_mount", "pivot_root", "open_tree", "open_tree_attr",
    "mount_setattr", "fspick", "fsconfig", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd",
    "uselib", "fanotify_mark", "file_getattr", "file_setattr",
  ]
}

/// A call in the output of the program.
struct MadeCall: Sendable {
  var syscall: String
  var ret: Int64
}

/// The parts of a line of a trace.
struct TracedLine: Sendable {
  var pid: Int
  var comm: String
  var types: String
  var path: String?
  var newPath: String?
  /// Whether the line has a descriptor.
  var hasFD: Bool
  /// Set in the line of a call.
  var syscall: String?
  var ret: Int64
  /// The counts of a merged line, for example `opens`.
  var counts: [String: Int]
  /// The other keys, as `name=value` or, if true, `name`.
  var keys: [String]
  /// Faults that a line of no file may have.
  var faults: [String]

  private static let countKeys: Set = [
    "opens", "reads", "read_bytes", "writes", "write_bytes", "closes",
  ]
  /// Keys that have members above, or that other tests compare: EntryTests the names of entries.
  private static let otherKeys: Set = [
    "pid", "comm", "types", "path", "new_path", "syscall", "ret", "errno", "tid", "device", "inode",
    "duration_ns", "entry", "new_entry",
  ]

  init(_ json: some Sequence<UInt8>) throws {
    let object = try StrictJSON.object(json)
    pid = object["pid"]?.integer ?? 0
    comm = object["comm"]?.text ?? "?"
    types = object["types"]?.text ?? "?"
    path = object["path"]?.text
    newPath = object["new_path"]?.text
    hasFD = object["fd"] != nil
    syscall = object["syscall"]?.text
    ret = Int64(object["ret"]?.integer ?? 0)
    counts = object.filter { Self.countKeys.contains($0.key) }.compactMapValues { $0.integer }
    var hidden = Self.otherKeys.union(Self.countKeys)
    // A merged line has flags and mode of one of its opens: do not compare them.
    if syscall == nil { hidden.formUnion(["fd", "flags", "mode"]) }
    keys = object.filter { !hidden.contains($0.key) }.map { name, value in
      value == .bool(true) ? name : "\(name)=\(value.text ?? "\(value)")"
    }
    faults = []
    faults = Self.faults(of: self, object)
  }

  /// The faults of a line: keys that are missing or wrong, whatever it is about.
  private static func faults(of line: TracedLine, _ object: [String: StrictJSON.Value]) -> [String]
  {
    var faults: [String] = []
    if line.syscall != nil {
      if object["tid"]?.integer == nil { faults.append("no-tid") }
      // A program asks for results of kernel AIO when it likes: these lines have no duration.
      let isTimed = line.syscall?.hasPrefix("aio_") == false
      if (object["duration_ns"]?.integer != nil) != isTimed { faults.append("duration") }
      let name = object["errno"]?.text
      let expected = line.ret < 0 ? errorName(Int32(-line.ret)) : nil
      if name != expected { faults.append("errno-is-\(name ?? "missing")") }
    } else {
      let isOpen = line.counts["opens"] != nil
      if (object["flags"] != nil) != isOpen || (object["mode"] != nil) != isOpen {
        faults.append("flags-or-mode-of-no-open")
      }
    }
    return faults + inodeFaults(of: line, object)
  }

  /// The files still exist: the paths of a line must lead to the inodes of the line.
  private static func inodeFaults(
    of line: TracedLine, _ object: [String: StrictJSON.Value]
  ) -> [String] {
    let isNamed = object["resolved"] == nil && !(line.syscall != nil && line.types.contains("D"))
    guard let inode = object["inode"]?.integer, case .object(let device)? = object["device"] else {
      return line.ret >= 0 && isNamed ? ["no-inode"] : []
    }
    var status = stat()
    guard let path = line.newPath ?? line.path, lstat(path, &status) == 0 else { return [] }
    let numbers = (device["major"]?.integer, device["minor"]?.integer)
    if inode != Int(status.st_ino) || numbers != (major(status.st_dev), minor(status.st_dev)) {
      return ["inode-\(inode)-of-another-file-than-\(status.st_ino)"]
    }
    return []
  }
}

// major(3) and minor(3), which Swift does not import.
private func major(_ device: dev_t) -> Int {
  Int(device >> 8 & 0xfff | device >> 32 & 0xffff_f000)
}

private func minor(_ device: dev_t) -> Int { Int(device & 0xff | device >> 12 & 0xffff_ff00) }

extension StrictJSON.Value {
  var integer: Int? {
    if case .number(let digits) = self { return Int(digits) }
    return nil
  }

  /// The string, or the digits of the number.
  var text: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): "\(value)"
    case .object, .array, .null: nil
    }
  }
}
