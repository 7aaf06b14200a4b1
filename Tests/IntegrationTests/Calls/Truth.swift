// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A line of fileload's log or of bfatrace's JSON, which use the same names for what both have.
/// Tests/fileload/main.c describes the log.
struct Line: Decodable {
  var pid: Int
  var tid: Int?
  var comm: ByteString?
  var path: ByteString?
  var isTruncated: Bool
  var isDeleted: Bool
  var fd: Int?
  var flags: String?
  var mode: String?

  /// Set in the line of a call.
  var syscall: String?
  var ret: Int64?
  var size: UInt64?
  var offset: Int64?
  var errno: String?
  var filename: ByteString?
  var duration: UInt64?

  /// Set in a merged line, and in a sum of the log.
  var sums: Sums

  /// Set in the log only: what closed a descriptor without close(2), and the order of the lines.
  var implicit: String?
  var sequence: Int?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case pid, tid, comm, path, tail, truncated, deleted, fd, flags, mode
    case syscall, ret, size, offset, errno, filename, implicit, seq
    case opens, reads, writes, closes
    case commRaw = "comm_raw"
    case pathRaw = "path_raw"
    case tailRaw = "tail_raw"
    case filenameRaw = "filename_raw"
    case duration = "duration_ns"
    case readBytes = "read_bytes"
    case writeBytes = "write_bytes"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    pid = try keys.decode(Int.self, forKey: .pid)
    tid = try keys.decodeIfPresent(Int.self, forKey: .tid)
    comm = try keys.bytes(.comm, raw: .commRaw)
    isTruncated = try keys.decodeIfPresent(Bool.self, forKey: .truncated) ?? false
    isDeleted = try keys.decodeIfPresent(Bool.self, forKey: .deleted) ?? false
    path = try keys.bytes(.path, raw: .pathRaw)
    // Where a path is too long, the log has its tail, which bfatrace prints after three dots.
    if let tail = try keys.bytes(.tail, raw: .tailRaw) { path = ByteString("...") + tail }
    fd = try keys.decodeIfPresent(Int.self, forKey: .fd)
    flags = try keys.decodeIfPresent(String.self, forKey: .flags)
    mode = try keys.decodeIfPresent(String.self, forKey: .mode)
    syscall = try keys.decodeIfPresent(String.self, forKey: .syscall)
    ret = try keys.decodeIfPresent(Int64.self, forKey: .ret)
    size = try keys.decodeIfPresent(UInt64.self, forKey: .size)
    offset = try keys.decodeIfPresent(Int64.self, forKey: .offset)
    errno = try keys.decodeIfPresent(String.self, forKey: .errno)
    filename = try keys.bytes(.filename, raw: .filenameRaw)
    duration = try keys.decodeIfPresent(UInt64.self, forKey: .duration)
    implicit = try keys.decodeIfPresent(String.self, forKey: .implicit)
    sequence = try keys.decodeIfPresent(Int.self, forKey: .seq)
    sums = Sums(
      opens: try keys.count(.opens), reads: try keys.count(.reads),
      readBytes: try keys.count(.readBytes), writes: try keys.count(.writes),
      writeBytes: try keys.count(.writeBytes), closes: try keys.count(.closes))
  }

  /// The lines of a log or a trace.
  static func all(in text: Data) throws -> [Line] {
    let decoder = JSONDecoder()
    return try text.split(separator: UInt8(ascii: "\n")).map { line in
      do {
        return try decoder.decode(Line.self, from: line)
      } catch {
        throw BadLine(line: String(decoding: line, as: UTF8.self), why: error)
      }
    }
  }

  static func all(inFile path: String) throws -> [Line] {
    try all(in: Data(contentsOf: URL(filePath: path)))
  }
}

/// A line that is not about a file: lost events are reported by such a line, and none is expected.
struct BadLine: Error {
  var line: String
  var why: any Error
}

extension KeyedDecodingContainer {
  /// A string as bytes: JSON has them one by one under another key if they are not UTF-8.
  fileprivate func bytes(_ key: Key, raw: Key) throws -> ByteString? {
    if let bytes = try decodeIfPresent([UInt8].self, forKey: raw) { return ByteString(bytes) }
    return try decodeIfPresent(String.self, forKey: key).map { ByteString($0) }
  }

  /// A number that is left out of the line when it is zero.
  fileprivate func count(_ key: Key) throws -> UInt64 {
    try decodeIfPresent(UInt64.self, forKey: key) ?? 0
  }
}

/// A string as the kernel has it. String compares characters, which have several encodings.
struct ByteString: Hashable, CustomStringConvertible {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(_ string: String) { bytes = Array(string.utf8) }

  static func + (left: ByteString, right: ByteString) -> ByteString {
    ByteString(left.bytes + right.bytes)
  }

  func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

  /// The string with escapes for everything that is not printable ASCII.
  var description: String {
    let isPlain = bytes.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }
    if isPlain { return String(decoding: bytes, as: UTF8.self) }
    return bytes.map { byte in
      let isPrinted = (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
      return isPrinted ? String(UnicodeScalar(byte)) : "\\\(String(byte, radix: 8))"
    }.joined()
  }
}
