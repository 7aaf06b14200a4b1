// SPDX-License-Identifier: Apache-2.0
import CLibBPF

/// An object as EmbedObject has packed it: gzip in base64.
enum PackedObject {
  /// - Returns: nil if it is damaged.
  static func unpack(_ text: String) -> [UInt8]? {
    guard var packed = bytes(ofBase64: text), packed.count > 18 else { return nil }
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

  private static func bytes(ofBase64 text: String) -> [UInt8]? {
    let digits = digits
    var isDamaged = false
    let bytes = [UInt8](unsafeUninitializedCapacity: text.utf8.count / 4 * 3) { bytes, count in
      var bits: UInt32 = 0
      var length: UInt32 = 0
      for character in text.utf8 where character != UInt8(ascii: "=") {
        let digit = digits[Int(character)]
        if digit == .max { isDamaged = true }
        bits = bits << 6 | UInt32(digit)
        length += 6
        if length < 8 || count == bytes.count { continue }
        length -= 8
        bytes[count] = UInt8(truncatingIfNeeded: bits >> length)
        count += 1
      }
    }
    return isDamaged ? nil : bytes
  }

  /// What each character stands for; none: the largest number.
  private static var digits: [UInt8] {
    let characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    var digits = [UInt8](repeating: .max, count: 256)
    for (digit, character) in characters.utf8.enumerated() {
      digits[Int(character)] = UInt8(digit)
    }
    return digits
  }
}
