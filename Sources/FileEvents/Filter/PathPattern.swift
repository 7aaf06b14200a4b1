// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths, taken apart. It is about bytes, as names are.
///
/// `*`, `?` and `[...]` stand for bytes of one component, `**` for any bytes, and `**/` at the
/// beginning of a component also for nothing. A backslash takes the meaning from what follows it. A
/// pattern without a slash is one for the last component.
struct PathPattern {
  /// One element: a literal byte below 256, one of the following, or `firstSet` and the number of a
  /// set of bytes.
  typealias Code = UInt16
  static let anyByte: Code = 256
  /// `*`
  static let inComponent: Code = 257
  /// `**`
  static let across: Code = 258
  /// `**/` where a component begins
  static let directories: Code = 259
  static let firstSet: Code = 512

  private(set) var codes: [Code] = []
  private(set) var sets: [ByteSet] = []
  private(set) var isForName = true

  init(_ pattern: [UInt8]) throws(PatternError) {
    if pattern.isEmpty { throw .isEmpty }
    var rest = pattern[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let literal = rest.popFirst() else { throw .endsInBackslash }
        append(literal)
      case UInt8(ascii: "?"): codes.append(Self.anyByte)
      case UInt8(ascii: "*"): appendStars(&rest)
      case UInt8(ascii: "["):
        if let (set, after) = ByteSet.parse(rest) {
          codes.append(Self.firstSet + Code(sets.count))
          sets.append(set)
          rest = after
        } else {
          append(byte)  // no bracket closes it
        }
      default: append(byte)
      }
    }
  }

  private mutating func append(_ literal: UInt8) {
    codes.append(Code(literal))
    if literal == UInt8(ascii: "/") { isForName = false }
  }

  /// One star has been read.
  private mutating func appendStars(_ rest: inout ArraySlice<UInt8>) {
    let slash = UInt8(ascii: "/")
    var count = 1
    while rest.first == UInt8(ascii: "*") {
      rest.removeFirst()
      count += 1
    }
    if count == 1 {
      codes.append(Self.inComponent)
      return
    }
    isForName = false
    if rest.first == slash
      && codes.last.map({ $0 == Code(slash) || $0 == Self.directories }) ?? true
    {
      rest.removeFirst()
      codes.append(Self.directories)
    } else {
      codes.append(Self.across)
    }
  }

  /// How many literal bytes are at the beginning, and at the end.
  var literalEnds: (first: Int, last: Int) {
    let first = codes.firstIndex { $0 >= 256 } ?? codes.count
    let last = codes.count - ((codes.lastIndex { $0 >= 256 } ?? -1) + 1)
    return (first, last)
  }
}

/// Why an argument is no pattern.
public enum PatternError: Error {
  case isEmpty
  case endsInBackslash
}

/// What a bracket expression stands for; never a slash.
struct ByteSet {
  private(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  private mutating func insert(_ byte: UInt8) {
    let bit = (1 as UInt64) << UInt64(byte % 64)
    switch byte / 64 {
    case 0: words.0 |= bit
    case 1: words.1 |= bit
    case 2: words.2 |= bit
    default: words.3 |= bit
    }
  }

  private mutating func insert(_ bytes: ClosedRange<UInt8>) {
    for byte in bytes { insert(byte) }
  }

  private mutating func invert() { words = (~words.0, ~words.1, ~words.2, ~words.3) }

  private mutating func removeSlash() { words.0 &= ~(1 << UInt64(UInt8(ascii: "/"))) }

  /// The set behind an opening bracket, and what follows it; nil if it is not closed within the
  /// component.
  static func parse(_ text: ArraySlice<UInt8>) -> (ByteSet, ArraySlice<UInt8>)? {
    var rest = text
    var set = ByteSet()
    let isInverted = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
    if isInverted { rest.removeFirst() }
    var isFirst = true
    while var byte = rest.popFirst(), byte != UInt8(ascii: "/") {
      if byte == UInt8(ascii: "]") && !isFirst {
        if isInverted { set.invert() }
        set.removeSlash()
        return (set, rest)
      }
      isFirst = false
      if byte == UInt8(ascii: "["), let after = set.insertClass(rest) {
        rest = after
        continue
      }
      if byte == UInt8(ascii: "\\") {
        guard let literal = rest.popFirst() else { return nil }
        byte = literal
      }
      guard let last = endOfRange(&rest) else {
        set.insert(byte)
        continue
      }
      if last >= byte { set.insert(byte...last) }
    }
    return nil
  }

  /// The last byte of a range whose first one has been read; nil if there is no range.
  private static func endOfRange(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
    guard rest.count >= 2, rest[rest.startIndex] == UInt8(ascii: "-") else { return nil }
    var last = rest[rest.startIndex + 1]
    if last == UInt8(ascii: "]") || last == UInt8(ascii: "/") { return nil }
    var count = 2
    if last == UInt8(ascii: "\\") {
      guard rest.count >= 3 else { return nil }
      last = rest[rest.startIndex + 2]
      count = 3
    }
    rest.removeFirst(count)
    return last
  }

  /// `[:alpha:]` and its kind, of ASCII, after the second bracket; nil if it is not a class.
  private mutating func insertClass(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    for (name, ranges) in Self.classes where text.starts(with: ":\(name):]".utf8) {
      for range in ranges { insert(range) }
      return text.dropFirst(name.utf8.count + 3)
    }
    return nil
  }

  private static let classes: [(String, [ClosedRange<UInt8>])] = [
    ("alnum", [0x30...0x39, 0x41...0x5a, 0x61...0x7a]), ("alpha", [0x41...0x5a, 0x61...0x7a]),
    ("blank", [0x09...0x09, 0x20...0x20]), ("cntrl", [0x00...0x1f, 0x7f...0x7f]),
    ("digit", [0x30...0x39]), ("graph", [0x21...0x7e]), ("lower", [0x61...0x7a]),
    ("print", [0x20...0x7e]),
    ("punct", [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e]),
    ("space", [0x09...0x0d, 0x20...0x20]), ("upper", [0x41...0x5a]),
    ("xdigit", [0x30...0x39, 0x41...0x46, 0x61...0x66]),
  ]
}
