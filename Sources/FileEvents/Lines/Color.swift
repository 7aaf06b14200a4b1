// SPDX-License-Identifier: Apache-2.0

/// Colours of a terminal, by SGR sequences (ECMA-48): those that every theme makes legible.
enum Style {
  static var plain: StaticString { "\u{1b}[0m" }
  static var bold: StaticString { "\u{1b}[1m" }
  static var failure: StaticString { "\u{1b}[1;31m" }
}

extension LineBuffer {
  mutating func append(style: StaticString, if isColored: Bool) {
    if isColored { append(style) }
  }

  /// A path with its last component in bold.
  mutating func append(coloredPath path: UnsafeRawBufferPointer) {
    var directory = path.count
    while directory > 0 && path[directory - 1] != UInt8(ascii: "/") { directory -= 1 }
    append(escaped: UnsafeRawBufferPointer(rebasing: path[..<directory]))
    append(Style.bold)
    append(escaped: UnsafeRawBufferPointer(rebasing: path[directory...]))
    append(Style.plain)
  }
}
