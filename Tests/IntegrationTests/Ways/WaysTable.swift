// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A way of fileways to touch a file, and the lines that are expected.
///
/// The tables are text. The name of a way begins a line; indented lines about it follow:
///
///     mkdirat-dfd
///       mkdirat + sub/new mode=0700 = 0
///       => + sub
///       => C sub fd closes=1
///
/// - `call types path key=value... = result` is a line with --syscalls --metadata. `-` stands for
///   no types or no path. Paths are relative to the way's directory, which is `.`. The result is a
///   number, the name of an error, or `*` for whatever the call returned. A line that begins with
///   `&` is another line of the same call.
/// - `unseen call = result` is a call without a line.
/// - `=>` has the sums of the merged lines of one file; lines of descriptors (`fd`) are added up
///   apart from others. `=>all` has the sums with --all, if they differ. `+` or `-` after it: the
///   sums are expected only if the last call worked, or failed. Bytes may be `returned`: the sum of
///   what the calls returned.
/// - `skip ERROR`: the error of a kernel or a file system that cannot do this.
/// - `comm=` is given if it is not that of the first program; `*` if kernels differ in it.
///
/// Flags may be names, joined by `|`. `(each mode)` after the name: the same lines are expected of
/// the ways whose names have -async and -sqpoll at the end.
struct Way: Sendable, CustomTestStringConvertible {
  var name: String
  var calls: [ExpectedCall] = []
  var merged: [ExpectedFile] = []
  var mergedWithAll: [ExpectedFile] = []
  var skipped: String?

  var testDescription: String { name }

  /// The ways of all tables.
  static let all = [
    opening, creating, reading, making, naming, moving, removing, transfers, requests, lengths,
    synchronisation, looking, changing, attributes, programs, ringFiles, ringNames, sockets, mounts,
    services, fileRequests,
  ].flatMap { Way.table($0) }

  /// Whether any name of the process is right: Linux 6.14 changed the name of a program that is
  /// executed without a path.
  var hasAnyComm: Bool { calls.contains { $0.text?.contains("comm=*") ?? false } }

  static func table(_ text: String) -> [Way] {
    var ways: [Way] = []
    var modes: [[String]] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("  ") {
        ways[ways.count - 1].add(String(line.dropFirst(2)))
      } else {
        let words = line.split(separator: " (")
        ways.append(Way(name: String(words[0])))
        modes.append(words.count == 1 ? [""] : ["", "-async", "-sqpoll"])
      }
    }
    return zip(ways, modes).flatMap { way, modes in
      modes.map { mode in
        var way = way
        way.name += mode
        return way
      }
    }
  }

  private mutating func add(_ line: String) {
    if line.hasPrefix("skip ") {
      skipped = String(line.dropFirst(5))
    } else if line.hasPrefix("=>all ") {
      mergedWithAll.append(ExpectedFile(line))
    } else if line.hasPrefix("=>") {
      merged.append(ExpectedFile(line))
    } else {
      calls.append(ExpectedCall(line))
    }
  }
}

/// The line that is expected for a call.
struct ExpectedCall: Sendable {
  var call: String
  /// Nil if the call has no line.
  var text: String?
  var result: String
  /// Whether this is one more line of the call before.
  var isMore: Bool

  init(_ line: String) {
    var words = line.split(separator: " ").map(String.init)
    isMore = words[0] == "&"
    if isMore { words.removeFirst() }
    result = words.removeLast()
    precondition(words.removeLast() == "=", "no result: \(line)")
    if words[0] == "unseen" {
      call = words[1]
    } else {
      call = words[0]
      text = sorted(Array(words.prefix(3)), words.dropFirst(3).map(named))
    }
  }

  var hasLetters: Bool { text.map { !$0.hasPrefix("\(call) - ") } ?? false }

  /// The line with the result that the call really had.
  func line(_ ret: Int64) -> String? {
    text.map { "\($0) = \(resultText(ret))" }
  }
}

/// The merged lines that are expected for a file.
struct ExpectedFile: Sendable {
  var text: String
  /// Whether the last call worked or failed when this is expected; nil if that does not matter.
  var ifWorked: Bool?

  init(_ line: String) {
    var words = line.split(separator: " ").map(String.init)
    let mark = words.removeFirst()
    if mark.hasSuffix("+") { ifWorked = true }
    if mark.hasSuffix("-") { ifWorked = false }
    text = sorted(Array(words.prefix(2)), words.dropFirst(2).map { $0 })
  }
}

/// A line whose keys are sorted, after those in `front`.
func sorted(_ front: [String], _ keys: [String]) -> String {
  (front + keys.sorted()).joined(separator: " ")
}

/// The result in the form of a text line, without the -1 of an error.
func resultText(_ ret: Int64) -> String {
  ret < 0 ? errorName(Int32(-ret)) : "\(ret)"
}

func errorName(_ number: Int32) -> String {
  POSIXErrorCode(rawValue: number).map { "\($0)" } ?? "error \(number)"
}

/// Replaces `flags=O_CREAT|O_WRONLY` by the octal number on this architecture.
private func named(_ word: String) -> String {
  guard word.hasPrefix("flags=O_") else { return word }
  let flags = word.dropFirst(6).split(separator: "|").reduce(Int32(0)) { sum, name in
    guard let flag = openFlags[String(name)] else { preconditionFailure("\(name): \(word)") }
    return sum | flag
  }
  return flags == 0 ? "flags=0" : "flags=0\(String(flags, radix: 8))"
}

/// The values of flags; some differ between architectures.
private let openFlags: [String: Int32] = [
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_CREAT": O_CREAT,
  "O_EXCL": O_EXCL, "O_TRUNC": O_TRUNC, "O_DIRECTORY": O_DIRECTORY, "O_NOFOLLOW": O_NOFOLLOW,
  "O_PATH": 0o10_000_000, "O_TMPFILE": 0o20_000_000 | O_DIRECTORY, "O_LARGEFILE": largeFile,
]

/// O_LARGEFILE in the kernel; the C library of a 64-bit system defines it as 0.
#if arch(arm64)
  private let largeFile: Int32 = 0o400_000
#else
  private let largeFile: Int32 = 0o100_000
#endif
