// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The accesses to a file: calls and bytes.
struct Sums: Equatable {
  var opens: UInt64 = 0
  var reads: UInt64 = 0
  var readBytes: UInt64 = 0
  var writes: UInt64 = 0
  var writeBytes: UInt64 = 0
  var closes: UInt64 = 0

  static func += (left: inout Sums, right: Sums) {
    left.opens += right.opens
    left.reads += right.reads
    left.readBytes += right.readBytes
    left.writes += right.writes
    left.writeBytes += right.writeBytes
    left.closes += right.closes
  }
}

/// A file that a process uses, by its path at the time of the call.
struct UsedFile: Hashable, CustomStringConvertible {
  var pid: Int
  var path: ByteString?

  var description: String { "process \(pid), \(path?.description ?? "no path")" }
}

/// Compares the sums of a log with those of a trace of merged lines.
enum SumComparison {
  /// What is wrong with the trace; empty if nothing is.
  /// - Parameter openBefore: whether some descriptors were open before the trace began and are
  ///   closed without being used; a log has no line about these.
  static func differences(
    truth: [Line], trace: [Line], openBefore: Bool = false
  ) -> [String] {
    let expected = sums(ofLog: truth)
    var reported: [UsedFile: Sums] = [:]
    for line in trace {
      reported[UsedFile(pid: line.pid, path: line.path), default: Sums()] += line.sums
    }
    let files = Set(expected.keys).union(reported.keys)
    return files.sorted { $0.description < $1.description }.compactMap { file in
      let made = expected[file] ?? Sums()
      let shown = reported[file] ?? Sums()
      if made == shown { return nil }
      if openBefore {
        var known = shown
        known.closes = min(shown.closes, made.closes)
        if made == known { return nil }
      }
      return "\(file)\n  made     \(text(made))\n  reported \(text(shown))"
    }
  }

  private static func text(_ sums: Sums) -> String {
    "opens=\(sums.opens) reads=\(sums.reads)/\(sums.readBytes) "
      + "writes=\(sums.writes)/\(sums.writeBytes) closes=\(sums.closes)"
  }

  /// Adds up a log, which holds either sums or calls.
  private static func sums(ofLog lines: [Line]) -> [UsedFile: Sums] {
    var sums: [UsedFile: Sums] = [:]
    var descriptors: [Descriptor: ByteString?] = [:]
    for line in lines {
      guard let fd = line.fd else {
        if line.syscall == nil { sums[UsedFile(pid: line.pid, path: line.path)] = line.sums }
        continue
      }
      let descriptor = Descriptor(pid: line.pid, fd: fd)
      if line.implicit != nil || line.syscall == "close" {
        if (line.ret ?? 0) < 0 { continue }
        // Merged lines do not know a descriptor before it is used: a duplicate, for example. The
        // line of a close has the path under which the descriptor was used last, as its path may be
        // gone by then.
        guard let path = descriptors.removeValue(forKey: descriptor) else { continue }
        sums[UsedFile(pid: line.pid, path: path), default: Sums()].closes += 1
      } else if let used = use(line) {
        descriptors[descriptor] = .some(line.path)
        sums[UsedFile(pid: line.pid, path: line.path), default: Sums()] += used
      }
    }
    return sums
  }

  private struct Descriptor: Hashable {
    var pid: Int
    var fd: Int
  }

  /// The sums that an open, a read or a write adds; nil if it failed.
  private static func use(_ line: Line) -> Sums? {
    guard let syscall = line.syscall, let ret = line.ret, ret >= 0 else { return nil }
    let isOpen = syscall.hasPrefix("open") || syscall == "creat"
    if isOpen { return Sums(opens: 1) }
    let bytes = UInt64(ret)
    if syscall.contains("read") { return Sums(reads: 1, readBytes: bytes) }
    return Sums(writes: 1, writeBytes: bytes)
  }
}
