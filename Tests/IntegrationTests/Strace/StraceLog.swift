// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The calls on files in strace's log of one thread, in order.
struct StraceLog {
  struct Call {
    var call: FileCall
    /// The members that the line does not show.
    var unseen: Set<Unseen> = []

    enum Unseen {
      /// The result: the thread was killed during the call.
      case result
      /// Size and offset: the vector could not be read, or the call was cut short.
      case transfer
      /// The path: open and creat start from a directory that strace does not show.
      case path
    }

    /// Whether the two are the same call; members that are unseen are not compared.
    func agrees(with traced: FileCall) -> Bool {
      var seen = call
      if unseen.contains(.result) { seen.result = traced.result }
      if unseen.contains(.path) { seen.path = traced.path }
      if unseen.contains(.transfer) { (seen.size, seen.offset) = (traced.size, traced.offset) }
      return seen == traced
    }
  }

  struct NotUnderstood: Error { let line: Substring }

  private(set) var calls: [Call] = []

  private let line =
    /(\w+)\((.*)\) = (\?|-?\d+)(?:<([^>]*)>(\(deleted\))?)?(?: (E\w+) \(.*\))?/
  private let descriptor = /(-?\d+)(?:<([^>]*)>(\(deleted\))?)?(?:, )?/
  private let filename = /(?:"([^"]*)"|NULL|0x[0-9a-f]+)(?:, )?/

  init(text: String) throws {
    for entry in text.split(separator: "\n") {
      // Skip signals and the end of the thread.
      if entry.hasPrefix("--- ") || entry.hasPrefix("+++ ") { continue }
      let parsed = try parse(entry)
      // Skip pipes, sockets and anonymous inodes: they are no files, and have a name without a
      // slash.
      if let path = parsed.call.path, path.first != UInt8(ascii: "/") { continue }
      calls.append(parsed)
    }
  }

  private func parse(_ entry: Substring) throws -> Call {
    guard let match = try line.wholeMatch(in: entry) else { throw NotUnderstood(line: entry) }
    let (_, name, arguments, value, path, deleted, errno) = match.output
    var parsed = Call(call: FileCall(name: String(name), result: String(errno ?? value)))
    if value == "?", errno == nil { parsed.unseen = [.result] }
    if name.hasPrefix("open") || name == "creat" {
      try parseOpen(arguments, &parsed)
      if errno == nil, let fd = Int(value) {
        parsed.call.fd = fd
        parsed.call.filename = nil
        parsed.unseen.remove(.path)
        parsed.call.path = path.map(Self.bytes)
        parsed.call.deleted = deleted != nil
      }
    } else {
      try parseTransfer(arguments, &parsed)
    }
    return parsed
  }

  /// Parses the arguments of an open, as if it had failed.
  private func parseOpen(_ arguments: Substring, _ parsed: inout Call) throws {
    var rest = arguments
    var directory: [UInt8]?
    if parsed.call.name.hasPrefix("openat") {
      guard let match = try descriptor.prefixMatch(in: rest) else {
        throw NotUnderstood(line: arguments)
      }
      rest = rest[match.range.upperBound...]
      directory = match.output.2.map(Self.bytes).map(Self.withoutDeleted)
    }
    guard let match = try filename.prefixMatch(in: rest) else {
      throw NotUnderstood(line: arguments)
    }
    rest = rest[match.range.upperBound...]
    if let passed = match.output.1.map(Self.bytes) {
      parsed.call.filename = passed
      parsed.call.path = Self.join(directory, passed)
      if parsed.call.path == nil, !parsed.call.name.hasPrefix("openat") {
        parsed.unseen.insert(.path)
      }
    }
    let words = rest.split { ", {}".contains($0) }.map { $0.split(separator: "=").last ?? "" }
    if parsed.call.name == "creat" {
      // creat(2): O_CREAT | O_WRONLY | O_TRUNC
      parsed.call.flags = 0o1101
      parsed.call.mode = words.first.flatMap { Int($0, radix: 8) }
      return
    }
    guard let flags = words.first.flatMap(Self.number) else { throw NotUnderstood(line: rest) }
    parsed.call.flags = flags
    if FileCall.takesMode(flags) {
      parsed.call.mode = words.dropFirst().first.flatMap { Int($0, radix: 8) } ?? 0
    }
  }

  /// Parses the arguments of a call on a descriptor.
  private func parseTransfer(_ arguments: Substring, _ parsed: inout Call) throws {
    guard let match = try descriptor.prefixMatch(in: arguments), let fd = Int(match.output.1) else {
      throw NotUnderstood(line: arguments)
    }
    parsed.call.fd = fd
    parsed.call.path = match.output.2.map(Self.bytes)
    parsed.call.deleted = match.output.3 != nil
    let name = parsed.call.name
    if name == "close" { return }
    let rest = arguments[match.range.upperBound...]
    if rest.contains("<unfinished") || name.contains("v") && rest.first != "[" {
      parsed.unseen.insert(.transfer)
      return
    }
    let words = rest.split(separator: ", ")
    if name.contains("v") {
      parsed.call.size = rest.matches(of: /iov_len=(\d+)/).reduce(0) { $0 + (Int($1.1) ?? 0) }
    } else {
      parsed.call.size = Int(words[1])
    }
    if name.hasPrefix("p") {
      // preadv2 and pwritev2 have flags after the offset.
      parsed.call.offset = Int(words[words.count - (name.hasSuffix("2") ? 2 : 1)])
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }

  /// The bytes of a string that is written as `\x2f\x76`.
  private static func bytes(_ hex: Substring) -> [UInt8] {
    hex.split(separator: "\\x").compactMap { UInt8($0, radix: 16) }
  }

  /// strace removes this suffix from the path of a descriptor, but not from that of AT_FDCWD.
  private static func withoutDeleted(_ path: [UInt8]) -> [UInt8] {
    let suffix = Array(" (deleted)".utf8)
    return path.suffix(suffix.count).elementsEqual(suffix) ? path.dropLast(suffix.count) : path
  }

  /// The absolute path passed to an open that failed, without resolving links: nothing was found.
  private static func join(_ directory: [UInt8]?, _ filename: [UInt8]) -> [UInt8]? {
    let slash = UInt8(ascii: "/")
    guard let base = filename.first == slash ? [] : directory else { return nil }
    var components: [ArraySlice<UInt8>] = []
    for component in (base + [slash] + filename).split(separator: slash) {
      switch component {
      case [UInt8(ascii: ".")]: break
      case [UInt8(ascii: "."), UInt8(ascii: ".")]: _ = components.popLast()
      default: components.append(component)
      }
    }
    return [slash] + components.joined(separator: [slash])
  }
}
