// SPDX-License-Identifier: Apache-2.0
import CLibBPF

/// An object as EmbedObject has packed it: gzip in base85.
enum PackedObject {
  /// - Returns: nil if it is damaged.
  static func unpack(_ text: String) -> [UInt8]? {
    guard var packed = bytes(ofBase85: text), packed.count > 18 else { return nil }
    // The last field: how long it is unpacked (RFC 1952).
    let size = packed.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    var stream = z_stream()
    // Windows of 15 bits; 16 more: a header of gzip. What inflateInit2() does, which is a macro.
    let begun = inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout.size(ofValue: stream)))
    guard begun == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var unpacked = [UInt8](repeating: 0, count: Int(size))
    let ended = packed.withUnsafeMutableBufferPointer { packed in
      unpacked.withUnsafeMutableBufferPointer { unpacked in
        (stream.next_in, stream.avail_in) = (packed.baseAddress, UInt32(packed.count))
        (stream.next_out, stream.avail_out) = (unpacked.baseAddress, size)
        return inflate(&stream, Z_FINISH)
      }
    }
    return ended == Z_STREAM_END && stream.avail_out == 0 ? unpacked : nil
  }

  /// As `base85` in Plugins/EmbedObject writes them.
  private static func bytes(ofBase85 text: String) -> [UInt8]? {
    var isDamaged = false
    let bytes = [UInt8](unsafeUninitializedCapacity: text.utf8.count) { bytes, count in
      var bits: UInt32 = 0
      var digits = 0
      func append(_ wanted: Int) {
        for byte in 0..<wanted {
          bytes[count + byte] = UInt8(truncatingIfNeeded: bits >> (24 - 8 * byte))
        }
        count += wanted
        (bits, digits) = (0, 0)
      }
      for character in text.utf8 {
        guard let digit = digit(character) else {
          isDamaged = true
          return
        }
        bits = bits &* 85 &+ digit
        digits += 1
        if digits == 5 { append(4) }
      }
      if digits == 0 { return }
      let rest = digits - 1
      for _ in digits..<5 { bits = bits &* 85 &+ 84 }
      append(rest)
    }
    return isDamaged ? nil : bytes
  }

  /// What a character stands for.
  private static func digit(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "#")..<UInt8(ascii: "\\"): UInt32(character - UInt8(ascii: "#"))
    case UInt8(ascii: "]")...UInt8(ascii: "x"): UInt32(character - UInt8(ascii: "$"))
    default: nil
    }
  }
}
