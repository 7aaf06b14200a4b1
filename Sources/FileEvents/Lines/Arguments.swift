// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// The arguments of a process, borrowed: strings, each with a NUL behind it, but perhaps the last one.
struct ProcessArguments {
  private var rest: UnsafeRawBufferPointer
  private var isOver: Bool

  /// More than one empty argument at the end is what a process that has changed its title has left.
  init(_ bytes: UnsafeRawBufferPointer) {
    var end = bytes.count
    while end > 0 && bytes[end - 1] == 0 { end -= 1 }
    // The NUL of the last argument, and of one that is empty.
    let kept = bytes.count - end == 2 ? bytes.count : min(end + 1, bytes.count)
    rest = UnsafeRawBufferPointer(rebasing: bytes[..<kept])
    isOver = bytes.isEmpty
  }

  mutating func next() -> UnsafeRawBufferPointer? {
    if isOver { return nil }
    let end = rest.offset(of: 0)
    let argument = UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)])
    rest = UnsafeRawBufferPointer(rebasing: rest[min(rest.count, argument.count + 1)...])
    isOver = rest.isEmpty
    return argument
  }
}

extension LineBuffer {
  /// ` args="..."`: words as a shell reads them. Nothing in them ends the quotes.
  mutating func appendText(arguments bytes: UnsafeRawBufferPointer, areCut: Bool) {
    var arguments = ProcessArguments(bytes)
    append(" args=\"")
    var isFirst = true
    while let argument = arguments.next() {
      if !isFirst { append(byte: UInt8(ascii: " ")) }
      isFirst = false
      append(word: argument)
    }
    append(byte: UInt8(ascii: "\""))
    if areCut { append("...") }
  }

  /// Plain, in single quotes, or as $'...', which has octal escapes.
  private mutating func append(word: UnsafeRawBufferPointer) {
    if !word.isEmpty && word.allSatisfy(Self.isSafe) { return append(word) }
    let isQuotable =
      Characters.arePlain(word, withoutQuote: true) && word.offset(of: UInt8(ascii: "'")) == nil
    append(isQuotable ? "'" : "$'")
    var rest = word
    while let quote = rest.firstIndex(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }
    ) {
      append(escaped: UnsafeRawBufferPointer(rebasing: rest[..<quote]))
      append(octalEscapesOf: UnsafeRawBufferPointer(rebasing: rest[quote...quote]))
      rest = UnsafeRawBufferPointer(rebasing: rest[(quote + 1)...])
    }
    append(escaped: rest)
    append(byte: UInt8(ascii: "'"))
  }

  /// No shell takes it for anything else, wherever it is in a word.
  private static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ","), UInt8(ascii: ":"),
      UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "="):
      true
    default: false
    }
  }

  /// The member `args`, an array of strings, or `args_raw`, one of arrays, if one of them is no string.
  mutating func appendJSON(arguments bytes: UnsafeRawBufferPointer, areCut: Bool) {
    var arguments = ProcessArguments(bytes)
    var isRaw = false
    while let argument = arguments.next() { isRaw = isRaw || !Characters.areJSONString(argument) }
    arguments = ProcessArguments(bytes)
    append(isRaw ? ",\"args_raw\":[" : ",\"args\":[")
    var isFirst = true
    while let argument = arguments.next() {
      if !isFirst { append(byte: UInt8(ascii: ",")) }
      isFirst = false
      if isRaw {
        append(arrayOf: argument)
      } else {
        append(jsonString: argument)
      }
    }
    append(byte: UInt8(ascii: "]"))
    if areCut { append(",\"args_truncated\":true") }
  }
}
