// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Glibc

/// What --host says: by which name lines tell this machine from others.
enum HostName: ExpressibleByArgument, CustomStringConvertible {
  /// The name of this machine, as the kernel has it.
  case own
  case given(String)

  init?(argument: String) {
    if argument.isEmpty || argument.utf8.count > Origin.longestName { return nil }
    self = .given(argument)
  }

  /// The default in the help.
  var description: String { "its own name" }

  /// - Parameter found: of this machine, or of a recording.
  func origin(_ found: Origin) -> Origin {
    switch self {
    case .own: found
    case .given(let name): Origin(host: name, bootID: found.bootID)
    }
  }

  /// The name that the kernel has.
  static var release: String {
    var names = utsname()
    uname(&names)
    return withUnsafeBytes(of: &names.release) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

extension Origin {
  static var ofThisMachine: Origin {
    var names = utsname()
    uname(&names)
    let host = withUnsafeBytes(of: &names.nodename) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return Origin(host: host, bootID: bootID)
  }

  /// Empty where /proc is not mounted.
  private static var bootID: String {
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return "" }
    defer { close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      let count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
      return String(decoding: buffer[..<count].prefix { $0 > 0x20 }, as: UTF8.self)
    }
  }
}
