// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The mounts that this process sees, from /proc/self/mountinfo (proc_pid_mountinfo(5)).
struct MountTable {
  struct Mount {
    /// Absolute, resolved.
    var point: [UInt8]
    /// "8:2", of the file system.
    var device: Substring
    /// "ext4".
    var type: Substring
    /// What is mounted: a path of a device, or any word.
    var source: [UInt8]

    /// `source` as system calls take it: NUL-terminated.
    var sourcePath: [CChar] { source.map(CChar.init(bitPattern:)) + [0] }
  }

  private(set) var mounts: [Mount] = []

  /// - Parameter option: what needs it, for the message.
  init(for option: String) throws(Failure) {
    guard let file = fopen("/proc/self/mountinfo", "re") else {
      let reason = String(cString: strerror(errno))
      throw Failure(message: "\(option): cannot read /proc/self/mountinfo: \(reason): mount /proc")
    }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let line {
      let fields = String(cString: line).split(separator: " ")
      // "-" ends a number of optional fields.
      guard fields.count > 4, let end = fields.dropFirst(6).firstIndex(of: "-"),
        fields.count > end + 2
      else { continue }
      let point = Self.unescaped(fields[4])
      mounts.removeAll { $0.point == point }  // covered by this one
      mounts.append(
        Mount(
          point: point, device: fields[2], type: fields[end + 1],
          source: Self.unescaped(fields[end + 2])))
    }
  }

  /// The mount that the path, absolute and resolved, is on.
  func mount(of path: [UInt8]) -> Mount? {
    mounts.filter { Self.contains($0.point, path) }.max { $0.point.count < $1.point.count }
  }

  /// Whether `path` is the directory or below it, as text.
  static func contains(_ directory: [UInt8], _ path: [UInt8]) -> Bool {
    let slash = UInt8(ascii: "/")
    return path.starts(with: directory)
      && (directory == [slash] || path.count == directory.count || path[directory.count] == slash)
  }

  /// Space, tab, newline and backslash are a backslash and three octal digits.
  private static func unescaped(_ field: Substring) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
