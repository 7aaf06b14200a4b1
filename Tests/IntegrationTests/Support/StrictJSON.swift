// SPDX-License-Identifier: Apache-2.0

/// Reads a JSON line and accepts nothing but what bfatrace promises: valid UTF-8, no white space,
/// no escapes but those of U+0080 to U+009F (a string that would need another is written as
/// `_raw`), no exponents, and no key twice in an object, which JSONSerialization and jq let pass.
struct StrictJSON {
  enum Value: Equatable, Sendable {
    case object([String: Value])
    case array([Value])
    case string(String)
    /// The digits of the line: a Double cannot hold every offset.
    case number(String)
    case bool(Bool)
    case null
  }

  struct Malformed: Error, CustomStringConvertible {
    let reason: String
    let offset: Int
    let line: String

    var description: String { "\(reason) at byte \(offset) of \(line)" }
  }

  private let bytes: [UInt8]
  private var position = 0

  /// The object on a line.
  static func object(_ line: some Sequence<UInt8>) throws -> [String: Value] {
    var reader = StrictJSON(bytes: Array(line))
    guard String(validating: reader.bytes, as: UTF8.self) != nil else {
      throw reader.malformed("not UTF-8")
    }
    guard case .object(let members) = try reader.value() else {
      throw reader.malformed("no object")
    }
    guard reader.position == reader.bytes.count else {
      throw reader.malformed("more than an object")
    }
    return members
  }

  private mutating func value() throws -> Value {
    switch peek {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: return try word()
    }
  }

  private mutating func object() throws -> Value {
    var members: [String: Value] = [:]
    position += 1
    if take("}") { return .object(members) }
    repeat {
      let key = try string()
      guard take(":") else { throw malformed("no colon") }
      guard members.updateValue(try value(), forKey: key) == nil else {
        throw malformed("\(key) twice")
      }
    } while take(",")
    guard take("}") else { throw malformed("no end of the object") }
    return .object(members)
  }

  private mutating func array() throws -> Value {
    var elements: [Value] = []
    position += 1
    if take("]") { return .array(elements) }
    repeat { elements.append(try value()) } while take(",")
    guard take("]") else { throw malformed("no end of the array") }
    return .array(elements)
  }

  private mutating func string() throws -> String {
    guard take("\"") else { throw malformed("no string") }
    var text: [UInt8] = []
    while peek != UInt8(ascii: "\"") {
      if peek == UInt8(ascii: "\\") {
        text += try escaped()
      } else if peek < 0x20 {
        throw malformed("unfit for a string")
      } else {
        text.append(peek)
        position += 1
      }
    }
    position += 1
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads an escape: the UTF-8 bytes of U+0080 to U+009F.
  private mutating func escaped() throws -> [UInt8] {
    let escape = bytes[position...].prefix(6)
    let digits = String(decoding: escape.dropFirst(4), as: UTF8.self)
    guard escape.starts(with: Array(#"\u00"#.utf8)), let value = UInt8(digits, radix: 16),
      (0x80...0x9f).contains(value)
    else { throw malformed("an escape") }
    position += 6
    return [0xc2, value]
  }

  private mutating func number() throws -> Value {
    let start = position
    _ = take("-")
    let integer = digits()
    guard integer == 1 || integer > 1 && bytes[position - integer] != UInt8(ascii: "0") else {
      throw malformed("no number")
    }
    if take("."), digits() == 0 { throw malformed("no digits after the point") }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func word() throws -> Value {
    let words: [(StaticString, Value)] = [
      ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
    ]
    for (word, value) in words where take(word) { return value }
    throw malformed("no value")
  }

  /// The next byte; at the end 0, which no valid line holds.
  private var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

  private mutating func digits() -> Int {
    let start = position
    while case UInt8(ascii: "0")...UInt8(ascii: "9") = peek { position += 1 }
    return position - start
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount
    where bytes[position + offset] != text.utf8Start[offset] {
      return false
    }
    position = end
    return true
  }

  private func malformed(_ reason: String) -> Malformed {
    Malformed(reason: reason, offset: position, line: String(decoding: bytes, as: UTF8.self))
  }
}
