// SPDX-License-Identifier: Apache-2.0

/// A system call on a file, in a form that strace's lines and bfatrace's records both convert to.
struct FileCall: Equatable {
  var name: String
  /// The descriptor passed or returned; an open that failed has none.
  var fd: Int?
  /// The value returned, or the name of the error; `?` if the tracer did not learn it.
  var result: String
  /// The path as bytes, which need not be UTF-8; nil if there is no such descriptor.
  var path: [UInt8]?
  var deleted = false
  /// The name passed to an open that failed.
  var filename: [UInt8]?
  var flags: Int?
  /// The mode passed to an open that creates.
  var mode: Int?
  /// The bytes asked for.
  var size: Int?
  var offset: Int?

  /// The calls that are compared: all that bfatrace shows with --syscalls.
  static let names = [
    "open", "openat", "openat2", "creat", "read", "pread64", "readv", "preadv", "preadv2",
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "close",
  ]

  /// Whether an open with these flags takes a mode: it has O_CREAT, or the bit that O_TMPFILE adds
  /// to O_DIRECTORY.
  static func takesMode(_ flags: Int) -> Bool { flags & 0o20000100 != 0 }
}

extension FileCall: CustomStringConvertible {
  var description: String {
    var text = name
    if let path { text += " \(Self.printable(path))" }
    if deleted { text += " (deleted)" }
    if let filename { text += " filename=\(Self.printable(filename))" }
    if let fd { text += " fd=\(fd)" }
    if let flags { text += " flags=\(String(flags, radix: 8))" }
    if let mode { text += " mode=\(String(mode, radix: 8))" }
    if let size { text += " size=\(size)" }
    if let offset { text += " offset=\(offset)" }
    return text + " = " + result
  }

  private static func printable(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).debugDescription
  }
}

/// A record of bfatrace that contradicts itself, whatever strace shows.
struct Contradiction: Error {
  let what: String
  let record: [String: StrictJSON.Value]
}

extension FileCall {
  /// The call in a JSON record of --syscalls.
  init(record: [String: StrictJSON.Value]) throws {
    func number(_ key: String) -> Int? {
      if case .number(let text) = record[key] { Int(text) } else { nil }
    }
    func string(_ key: String) -> String? {
      if case .string(let text) = record[key] { text } else { nil }
    }
    func bytes(_ key: String) throws -> [UInt8]? {
      guard case .array(let elements) = record[key + "_raw"] else {
        return string(key).map { Array($0.utf8) }
      }
      guard record[key] == nil else { throw Contradiction(what: "\(key) twice", record: record) }
      return try elements.map { element in
        guard case .number(let text) = element, let byte = UInt8(text) else {
          throw Contradiction(what: "no byte in \(key)_raw", record: record)
        }
        return byte
      }
    }
    guard let name = string("syscall"), let ret = number("ret"),
      (ret < 0) == (string("errno") != nil)
    else { throw Contradiction(what: "no call, or no result, or no errno", record: record) }
    self.init(name: name, fd: number("fd"), result: string("errno") ?? String(ret))
    path = try bytes("path")
    deleted = record["deleted"] == .bool(true)
    filename = try bytes("filename")
    flags = string("flags").flatMap { Int($0, radix: 8) }
    if let flags, Self.takesMode(flags) { mode = string("mode").flatMap { Int($0, radix: 8) } }
    size = number("size")
    offset = number("offset")
  }
}
