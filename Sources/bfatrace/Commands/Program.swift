// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Under which name the program was started: it decides whose options it takes.
enum Program: String {
  case bfatrace, fatrace

  static let current: Program = {
    let name = CommandLine.arguments.first?.split(separator: "/").last
    return name == Program.fatrace.rawValue[...] ? .fatrace : .bfatrace
  }()

  var remedyForLoss: String {
    switch self {
    case .bfatrace:
      "narrow the scope with -p, -c, --under or -f, or enlarge --ring-size"
    case .fatrace: "narrow the scope with -c, -d, -C or -f"
    }
  }
}
