// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// A type of events, as lines show it and --filter takes it.
public struct Letter: Sendable {
  public let type: UInt16
  /// In ASCII.
  let byte: UInt8
  /// The number of a colour in SGR sequences, of two digits.
  let color: UInt8
  public let meaning: StaticString
  /// fatrace has it, too.
  let isOfFatrace: Bool

  private init(
    _ type: bfa_type, _ letter: Unicode.Scalar, color: UInt8, _ meaning: StaticString,
    isOfFatrace: Bool = true
  ) {
    self.type = UInt16(type.rawValue)
    byte = UInt8(ascii: letter)
    self.color = color
    self.meaning = meaning
    self.isOfFatrace = isOfFatrace
  }

  /// All there are, each in the place of its bit.
  static let table: [9 of Letter] = [
    Letter(BFA_READ, "R", color: 32, "read"),
    Letter(BFA_CLOSED, "C", color: 34, "closed"),
    Letter(BFA_WRITTEN, "W", color: 33, "written"),
    Letter(BFA_OPENED, "O", color: 36, "opened"),
    Letter(BFA_CREATED, "+", color: 35, "created in a directory"),
    Letter(BFA_DELETED, "D", color: 35, "deleted"),
    Letter(BFA_MOVED_FROM, "<", color: 35, "moved away"),
    Letter(BFA_MOVED_TO, ">", color: 35, "moved in"),
    Letter(BFA_MAPPED, "M", color: 37, "mapped", isOfFatrace: false),
  ]

  /// Types without a letter are beyond it.
  static var mask: UInt16 { 1 << UInt16(table.count) - 1 }
}

/// The letters that an option takes.
public struct Letters: Sendable {
  public let all: [Letter]

  public init(ofFatrace: Bool) {
    all = Letter.table.indices.map { Letter.table[$0] }.filter { $0.isOfFatrace || !ofFatrace }
  }

  /// As help and messages list them: `R C W`.
  public var names: String { all.map(\.name).joined(separator: " ") }

  /// Letters in either case, as bits of `bfa_type`.
  public func types(_ text: String) throws(UnknownLetter) -> UInt16 {
    var types: UInt16 = 0
    for letter in text.uppercased() {
      guard let known = all.first(where: { $0.name == String(letter) }) else {
        throw UnknownLetter(letter: letter, known: names)
      }
      types |= known.type
    }
    return types
  }
}

public struct UnknownLetter: Error, CustomStringConvertible {
  let letter: Character
  let known: String

  public var description: String { "'\(letter)' is none of the letters \(known)" }
}

extension Letter {
  public var name: String { String(UnicodeScalar(byte)) }
}

extension LineBuffer {
  /// Appends the letters of `types`, bits of `bfa_type`, in the order of the bits.
  /// - Returns: how many they are.
  @discardableResult
  mutating func append(letters types: UInt16, colored: Bool = false) -> Int {
    var rest = types & Letter.mask
    var count = 0
    while rest != 0 {
      let letter = Letter.table[rest.trailingZeroBitCount]
      if colored { append(colorOf: letter) }
      append(byte: letter.byte)
      rest &= rest &- 1
      count += 1
    }
    append(style: Style.plain, if: colored && count > 0)
    return count
  }

  /// Begins the colour of the first letter of `types`; false if it has none.
  mutating func append(colorOfFirst types: UInt16) -> Bool {
    let types = types & Letter.mask
    if types == 0 { return false }
    append(colorOf: Letter.table[types.trailingZeroBitCount])
    return true
  }

  private mutating func append(colorOf letter: Letter) {
    append("\u{1b}[")
    append(decimal: UInt64(letter.color), digits: 2)
    append(byte: UInt8(ascii: "m"))
  }
}
