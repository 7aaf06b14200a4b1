// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What bfatrace can be asked for; all views are of the same processes.
enum View: CaseIterable, Sendable {
  /// Each call, looking included.
  case calls
  /// Without looking.
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

  /// Whether it shows a call, that looks at a file or does more: an ioctl by its request.
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

/// A call as the program says that it was.
struct MadeCall: Sendable {
  var syscall: String
  var ret: Int64
}

/// A line of a trace, taken apart.
struct TracedLine: Sendable {
  var pid: Int
  var comm: String
  var types: String
  var path: String?
  var newPath: String?
  /// Whether it is of a descriptor.
  var hasFD: Bool
  /// Of a call.
  var syscall: String?
  var ret: Int64
  /// Of a merged line, for example `opens`.
  var counts: [String: Int]
  /// The other keys, as `name=value` or, if true, `name`.
  var keys: [String]
  /// What is wrong with it, whatever it is about.
  var faults: [String]

  private static let countKeys: Set = [
    "opens", "reads", "read_bytes", "writes", "write_bytes", "closes",
  ]
  /// Members of their own above, or looked at by themselves; EntryTests look at names of entries.
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
    // What an open was asked for: flags and mode of a merged line are those of one of the opens.
    if syscall == nil { hidden.formUnion(["fd", "flags", "mode"]) }
    keys = object.filter { !hidden.contains($0.key) }.map { name, value in
      value == .bool(true) ? name : "\(name)=\(value.text ?? "\(value)")"
    }
    faults = []
    faults = Self.faults(of: self, object)
  }

  /// What every line must have, and must not.
  private static func faults(of line: TracedLine, _ object: [String: StrictJSON.Value]) -> [String]
  {
    var faults: [String] = []
    if line.syscall != nil {
      if object["tid"]?.integer == nil { faults.append("no-tid") }
      // Kernel AIO is asked for results when the program likes it: there is no duration.
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

  /// The files are still there: those that the paths name must be those that the line is about.
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

// makedev(3), which Swift does not see.
private func major(_ device: dev_t) -> Int {
  Int(device >> 8 & 0xfff | device >> 32 & 0xffff_f000)
}

private func minor(_ device: dev_t) -> Int { Int(device & 0xff | device >> 12 & 0xffff_ff00) }

extension StrictJSON.Value {
  var integer: Int? {
    if case .number(let digits) = self { return Int(digits) }
    return nil
  }

  /// A string, or a number's digits.
  var text: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): "\(value)"
    case .object, .array, .null: nil
    }
  }
}
