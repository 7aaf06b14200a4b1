// SPDX-License-Identifier: Apache-2.0

/// What the bytes of a comm, path or filename are made of. The kernel allows any but NUL and `/`.
enum Characters {
  /// Whether all bytes are printable ASCII other than `\` and, if `quote` says so, `"`.
  ///
  /// Nearly every name is, so this looks at eight bytes at a time and its users copy the whole.
  static func arePlain(_ bytes: UnsafeRawBufferPointer, withoutQuote quote: Bool) -> Bool {
    guard bytes.count >= 8 else {
      for byte in bytes where !isPlain(byte, withoutQuote: quote) { return false }
      return true
    }
    var offset = 0
    let last = bytes.count &- 8
    while true {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if !isPlain(word: word, withoutQuote: quote) { return false }
      if offset == last { return true }
      // The last word overlaps the one before.
      offset = min(offset &+ 8, last)
    }
  }

  static func isPlain(_ byte: UInt8, withoutQuote quote: Bool) -> Bool {
    (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
      && !(quote && byte == UInt8(ascii: "\""))
  }

  /// `isPlain` for eight bytes at once: the top bit of a byte of `odd` marks one that is not plain.
  /// Carries and borrows can mark a neighbour wrongly, but only where one is marked rightly.
  @inline(__always)
  private static func isPlain(word: UInt64, withoutQuote quote: Bool) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let backslash = word ^ (ones &* 0x5c)
    var odd = word  // above 0x7f
    odd |= word &- (ones &* 0x20)  // below 0x20
    odd |= word &+ ones  // 0x7f
    odd |= (backslash &- ones) & ~backslash
    if quote {
      let quote = word ^ (ones &* 0x22)
      odd |= (quote &- ones) & ~quote
    }
    return odd & (ones &* 0x80) == 0
  }

  /// Length of the well-formed UTF-8 sequence at `offset` (The Unicode Standard, table 3-7), 1 for
  /// ASCII; 0 if there is none: overlong forms, surrogates and values above U+10FFFF are not.
  static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
    let lead = bytes[offset]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0...0x7f: return 1
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return 0
    }
    guard bytes.count - offset >= length, second.contains(bytes[offset + 1]) else { return 0 }
    for next in 2..<max(2, length) where bytes[offset + next] & 0xc0 != 0x80 { return 0 }
    return length
  }

  /// Whether the UTF-8 sequence of this length, not ASCII, is a control character: U+0080 to U+009F.
  static func isControl(_ bytes: UnsafeRawBufferPointer, at offset: Int, length: Int) -> Bool {
    length == 2 && bytes[offset] == 0xc2 && bytes[offset + 1] < 0xa0
  }

  /// Whether it ends a line or a paragraph, which many readers take for the end of a line, or
  /// changes the direction of writing: U+2028 to U+202E, U+2066 to U+2069.
  static func changesLine(_ bytes: UnsafeRawBufferPointer, at offset: Int, length: Int) -> Bool {
    guard length == 3, bytes[offset] == 0xe2 else { return false }
    switch bytes[offset + 1] {
    case 0x80: return (0xa8...0xae).contains(bytes[offset + 2])
    case 0x81: return (0xa6...0xa9).contains(bytes[offset + 2])
    default: return false
    }
  }

  /// Whether the bytes are a string in JSON, by fatrace's rule, rather than an array of bytes.
  static func areJSONString(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if arePlain(bytes, withoutQuote: true) { return true }
    var offset = 0
    while offset < bytes.count {
      let length = sequenceLength(bytes, at: offset)
      if length == 0 { return false }
      if length == 1, !isPlain(bytes[offset], withoutQuote: true) { return false }
      offset += length
    }
    return true
  }
}

extension LineBuffer {
  /// For text: control characters (also U+0080 to U+009F), what ends lines or changes their
  /// direction, backslashes and what is not UTF-8 as octal escapes of three digits, byte by byte.
  mutating func append(escaped bytes: UnsafeRawBufferPointer) {
    if Characters.arePlain(bytes, withoutQuote: false) {
      append(bytes)
      return
    }
    // Where the bytes begin that are still to be copied as they are.
    var run = 0
    var offset = 0
    while offset < bytes.count {
      let length = Characters.sequenceLength(bytes, at: offset)
      let end = offset &+ max(1, length)
      if !Self.isPrintable(bytes, at: offset, length: length) {
        append(UnsafeRawBufferPointer(rebasing: bytes[run..<offset]))
        append(octalEscapesOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
        run = end
      }
      offset = end
    }
    append(UnsafeRawBufferPointer(rebasing: bytes[run...]))
  }

  mutating func append(octalEscapesOf bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      append(byte: UInt8(ascii: "\\"))
      append(octal: UInt32(byte), digits: 3)
    }
  }

  private static func isPrintable(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, length: Int
  ) -> Bool {
    switch length {
    case 0: false
    case 1: Characters.isPlain(bytes[offset], withoutQuote: false)
    default:
      !Characters.isControl(bytes, at: offset, length: length)
        && !Characters.changesLine(bytes, at: offset, length: length)
    }
  }

  /// For JSON: the member `,"key":"..."`, or `,"key_raw":[...]` with the values of the bytes.
  /// The value is `bytes` between `prefix` and `suffix`, which must be plain.
  @inline(__always)
  mutating func append(
    key: StaticString, string bytes: UnsafeRawBufferPointer, prefix: StaticString = "",
    suffix: StaticString = ""
  ) {
    append(",\"")
    append(key)
    if Characters.areJSONString(bytes) {
      append("\":\"")
      append(prefix)
      append(json: bytes)
      append(suffix)
      append(byte: UInt8(ascii: "\""))
    } else {
      append("_raw\":[")
      append(valuesOf: prefix.bytes)
      append(valuesOf: bytes)
      append(valuesOf: suffix.bytes)
      // In place of the last comma: a string that is not plain has at least one byte.
      replaceByte(at: count - 1, with: UInt8(ascii: "]"))
    }
  }

  /// U+0080 to U+009F, which drive terminals too, become `\u` escapes: the same string to a parser.
  @inline(__always)
  private mutating func append(json bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while let lead = rest.offset(of: 0xc2) {
      append(UnsafeRawBufferPointer(rebasing: rest[..<lead]))
      if Characters.isControl(rest, at: lead, length: 2) {
        append("\\u00")
        append(hexadecimalDigit: rest[lead + 1] &>> 4)
        append(hexadecimalDigit: rest[lead + 1] & 0xf)
      } else {
        append(UnsafeRawBufferPointer(rebasing: rest[lead..<(lead + 2)]))
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(lead + 2)...])
    }
    append(rest)
  }

  /// A string by itself, which must be one by `areJSONString`.
  mutating func append(jsonString bytes: UnsafeRawBufferPointer) {
    append(byte: UInt8(ascii: "\""))
    append(json: bytes)
    append(byte: UInt8(ascii: "\""))
  }

  /// The values of bytes, perhaps of none.
  mutating func append(arrayOf bytes: UnsafeRawBufferPointer) {
    append(byte: UInt8(ascii: "["))
    append(valuesOf: bytes)
    if bytes.isEmpty {
      append(byte: UInt8(ascii: "]"))
    } else {
      replaceByte(at: count - 1, with: UInt8(ascii: "]"))
    }
  }

  @inline(never)
  private mutating func append(valuesOf bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      append(decimal: UInt64(byte))
      append(byte: UInt8(ascii: ","))
    }
  }
}

extension StaticString {
  fileprivate var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}
