// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// Under which name the program was started: it decides whose options it takes.
enum Program: String {
  case bfatrace, fatrace

  static let current: Program = {
    let name = Arguments.all.first?.split(separator: "/").last
    return name == Program.fatrace.rawValue[...] ? .fatrace : .bfatrace
  }()

  /// The options that leave something out.
  var scopeOptions: String {
    switch self {
    case .bfatrace: "-p, -c, --under or -f"
    case .fatrace: "-c, -d, -C or -f"
    }
  }

  var remedyForLoss: String {
    let scope = "narrow the scope with \(scopeOptions)"
    return switch self {
    case .bfatrace: "\(scope), or enlarge --ring-size"
    case .fatrace: scope
    }
  }
}

/// The arguments of this process, the name it was started under first. Not those of CommandLine,
/// which has none where /proc is not mounted.
enum Arguments {
  static var count: Int32 { bfa_argc() }

  /// NUL-terminated, in bytes: they need not be UTF-8. Valid for the life of the process.
  static var bytes: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> { bfa_argv() }

  static var all: [String] {
    (0..<Int(count)).compactMap { index in bytes[index].map { String(cString: $0) } }
  }
}
