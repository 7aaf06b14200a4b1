// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The processes in /proc.
enum ProcessTable {
  /// Whether /proc is there, and is that of this pid namespace: it has this process under its own
  /// number.
  static var isOwn: Bool {
    var link = [CChar](repeating: 0, count: 16)
    let length = readlink("/proc/self", &link, link.count)
    return link.prefix(max(length, 0)).elementsEqual(String(getpid()).utf8.map(CChar.init))
  }

  static var processes: [pid_t] { numbers(in: "/proc") }

  /// Of this process.
  static var ancestors: Set<pid_t> {
    var found: Set<pid_t> = []
    var pid = getppid()
    while pid > 0, found.insert(pid).inserted { pid = parent(of: pid) }
    return found
  }

  /// What it is called; nil if it has ended.
  static func name(of pid: pid_t) -> String? {
    guard let file = fopen("/proc/\(pid)/comm", "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count].dropLast(), as: UTF8.self)
  }

  private static func parent(of pid: pid_t) -> pid_t {
    guard let file = fopen("/proc/\(pid)/stat", "re") else { return 0 }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = fread(&bytes, 1, bytes.count, file)
    // State and parent follow the name, which may hold anything.
    guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return 0 }
    let fields = String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? pid_t(fields[1]) ?? 0 : 0
  }

  /// Entries of a directory that are numbers.
  static func numbers(in path: String) -> [Int32] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var numbers: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let number = Int32(name) { numbers.append(number) }
    }
    return numbers
  }
}
