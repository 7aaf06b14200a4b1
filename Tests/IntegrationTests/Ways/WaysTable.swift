// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A way to touch a file, which fileways goes, and what is to be told of it.
///
/// The tables are text. A way's name begins its line; what belongs to it follows, indented:
///
///     mkdirat-dfd
///       mkdirat + sub/new mode=0700 = 0
///       => + sub
///       => C sub fd closes=1
///
/// - `call types path key=value... = result` is a line with --syscalls --metadata. `-` stands for
///   no types, or no path; paths are those below the way's directory, `.` itself; the result is a
///   number, an error's name, or `*` for what the call returned. A line that begins with `&` is
///   one more of the same call.
/// - `unseen call = result` is a call that has no line.
/// - `=>` is what merged lines of one file add up to, descriptors (`fd`) apart from other accesses;
///   `=>all` the same with --all, where that is something else. `+` or `-` behind it: only if the
///   last call worked, or failed. Bytes may be `returned`: all that the calls returned.
/// - `skip ERROR`: a kernel or a file system that cannot do this answers so.
/// - `comm=` is there if it is not that of the first program; `*` if it is not the same everywhere.
///
/// Flags may be names, joined by `|`. `(each mode)` behind the name: the same goes for the ways with
/// -async and -sqpoll at the end of their names.
struct Way: Sendable, CustomTestStringConvertible {
  var name: String
  var calls: [ExpectedCall] = []
  var merged: [ExpectedFile] = []
  var mergedWithAll: [ExpectedFile] = []
  var skipped: String?

  var testDescription: String { name }

  /// Those of all tables.
  static let all = [
    opening, creating, reading, making, naming, moving, removing, transfers, requests, lengths,
    synchronisation, looking, changing, attributes, programs, ringFiles, ringNames, sockets, mounts,
    services, fileRequests,
  ].flatMap { Way.table($0) }

  /// Linux 6.14 has changed the name of what is executed without one.
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

/// A line that is expected of a call.
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

  /// With the result that the call had in fact.
  func line(_ ret: Int64) -> String? {
    text.map { "\($0) = \(resultText(ret))" }
  }
}

/// What is expected of a file in merged lines.
struct ExpectedFile: Sendable {
  var text: String
  /// The outcome of the last call that this is for; nil for any.
  var ifWorked: Bool?

  init(_ line: String) {
    var words = line.split(separator: " ").map(String.init)
    let mark = words.removeFirst()
    if mark.hasSuffix("+") { ifWorked = true }
    if mark.hasSuffix("-") { ifWorked = false }
    text = sorted(Array(words.prefix(2)), words.dropFirst(2).map { $0 })
  }
}

/// A line whose keys have an order of their own.
func sorted(_ front: [String], _ keys: [String]) -> String {
  (front + keys.sorted()).joined(separator: " ")
}

/// What a text line shows of a result, without the -1 of an error.
func resultText(_ ret: Int64) -> String {
  ret < 0 ? errorName(Int32(-ret)) : "\(ret)"
}

func errorName(_ number: Int32) -> String {
  POSIXErrorCode(rawValue: number).map { "\($0)" } ?? "error \(number)"
}

/// `flags=O_CREAT|O_WRONLY` as the octal number that it is here.
private func named(_ word: String) -> String {
  guard word.hasPrefix("flags=O_") else { return word }
  let flags = word.dropFirst(6).split(separator: "|").reduce(Int32(0)) { sum, name in
    guard let flag = openFlags[String(name)] else { preconditionFailure("\(name): \(word)") }
    return sum | flag
  }
  return flags == 0 ? "flags=0" : "flags=0\(String(flags, radix: 8))"
}

/// Some have other values on other architectures.
private let openFlags: [String: Int32] = [
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_CREAT": O_CREAT,
  "O_EXCL": O_EXCL, "O_TRUNC": O_TRUNC, "O_DIRECTORY": O_DIRECTORY, "O_NOFOLLOW": O_NOFOLLOW,
  "O_PATH": 0o10_000_000, "O_TMPFILE": 0o20_000_000 | O_DIRECTORY, "O_LARGEFILE": largeFile,
]

/// The C library of a 64-bit system says 0.
#if arch(arm64)
  private let largeFile: Int32 = 0o400_000
#else
  private let largeFile: Int32 = 0o100_000
#endif
