// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The parts of a system call that a log and a trace with --syscalls must have alike.
struct Call: Equatable {
  var syscall: String
  var fd: Int?
  var ret: Int64
  var errno: String?
  var path: ByteString?
  var isTruncated: Bool
  var isDeleted: Bool
  var size: UInt64?
  var offset: Int64?
  var flags: String?
  var mode: String?
  var filename: ByteString?
  var comm: ByteString?

  /// Nil if the line is not that of a call.
  init?(_ line: Line) {
    guard let syscall = line.syscall, let ret = line.ret else { return nil }
    self.syscall = syscall
    self.ret = ret
    fd = line.fd
    errno = line.errno
    path = line.path
    isTruncated = line.isTruncated
    isDeleted = line.isDeleted
    size = line.size
    offset = line.offset
    flags = line.flags
    mode = line.mode
    filename = line.filename
    comm = line.comm
  }

  /// The calls that fileload logs. It also makes and removes directories and links, and looks at
  /// files.
  static let logged: Set = [
    "open", "openat", "openat2", "creat", "close", "read", "pread64", "readv", "preadv", "preadv2",
    "write", "pwrite64", "writev", "pwritev", "pwritev2",
  ]

  /// The call in a line of the log, which has no names of errors.
  init?(truth line: Line) {
    self.init(line)
    if ret < 0 { errno = Self.errorNames[Int32(-ret)] ?? "a name missing in errorNames" }
  }

  /// The names of the errors that fileload provokes.
  private static let errorNames = [
    EBADF: "EBADF", EEXIST: "EEXIST", EFAULT: "EFAULT", EINVAL: "EINVAL", EISDIR: "EISDIR",
    ELOOP: "ELOOP", ENAMETOOLONG: "ENAMETOOLONG", ENOENT: "ENOENT", ENOTDIR: "ENOTDIR",
    EOPNOTSUPP: "EOPNOTSUPP", EXDEV: "EXDEV",
  ]
}

extension Call: CustomStringConvertible {
  /// A text line with every member that is compared.
  var description: String {
    let values: [(String, Any?)] = [
      ("fd", fd), ("size", size), ("offset", offset), ("flags", flags), ("mode", mode),
      ("filename", filename), ("comm", comm),
    ]
    let fields = values.compactMap { name, value in value.map { " \(name)=\($0)" } }
    let marks = (isDeleted ? " (deleted)" : "") + (isTruncated ? " (truncated)" : "")
    let result = "\(ret)" + (errno.map { " \($0)" } ?? "")
    return "\(syscall) \(path?.description ?? "?")\(marks)\(fields.joined()) = \(result)"
  }
}

/// A thread of a process.
struct ThreadID: Hashable, Comparable {
  var pid: Int
  var tid: Int

  static func < (left: ThreadID, right: ThreadID) -> Bool {
    (left.pid, left.tid) < (right.pid, right.tid)
  }
}

/// Compares the calls of a log with those of a trace, thread by thread, in order.
enum CallComparison {
  /// What is wrong with the trace: the first difference of each thread; empty if nothing is.
  static func differences(truth: [Line], trace: [Line]) -> [String] {
    let expected = byThread(truth.filter { $0.syscall != nil })
    let reported = byThread(trace.filter { Call.logged.contains($0.syscall ?? "") })
    let threads = Set(expected.keys).union(reported.keys).sorted()
    return threads.compactMap { thread in
      difference(of: thread, expected: expected[thread] ?? [], reported: reported[thread] ?? [])
    }
  }

  private static func byThread(_ lines: [Line]) -> [ThreadID: [Line]] {
    Dictionary(grouping: lines) { ThreadID(pid: $0.pid, tid: $0.tid ?? -1) }
  }

  private static func difference(
    of thread: ThreadID, expected: [Line], reported: [Line]
  ) -> String? {
    let calls = (expected.map { Call(truth: $0) }, reported.map { Call($0) })
    let who = "thread \(thread.tid) of process \(thread.pid), \(expected.count) calls"
    for index in 0..<max(calls.0.count, calls.1.count)
    where index >= calls.0.count || index >= calls.1.count || calls.0[index] != calls.1[index] {
      return """
        \(who), \(reported.count) reported; the first difference is at \(index + 1):
        \(context(of: calls.0, at: index, "made"))
        \(context(of: calls.1, at: index, "reported"))
        """
    }
    for (index, line) in reported.enumerated() {
      if let wrong = wrongDuration(line, expected[index]) {
        return "\(who); at \(index + 1), \(calls.0[index], default: "?"): \(wrong)"
      }
    }
    return nil
  }

  /// The call takes no longer than the program measures around it. Both use the same clock, and
  /// round.
  private static func wrongDuration(_ reported: Line, _ made: Line) -> String? {
    guard let duration = reported.duration else { return "no duration_ns" }
    guard let around = made.duration, duration > around + 1000 else { return nil }
    return "it took \(duration) ns, and all around it \(around) ns"
  }

  /// The calls before and after one.
  private static func context(of calls: [Call?], at index: Int, _ what: String) -> String {
    let shown = max(0, index - 3)..<max(0, min(calls.count, index + 4))
    guard index <= calls.count, !shown.isEmpty else { return "  \(what): nothing" }
    let lines = shown.map { at in
      "  \(at == index ? ">" : " ") \(what) \(at + 1): \(calls[at], default: "no call")"
    }
    let end = index == calls.count ? ["  > \(what): nothing more"] : []
    return (lines + end).joined(separator: "\n")
  }
}
