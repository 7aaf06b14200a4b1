// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The program under test, as the package builds it beside the tests.
enum Built {
  static let bfatrace = path("bfatrace")
  static let fileload = path("fileload")
  static let fileways = path("fileways")
  static let filemoves = path("filemoves")

  /// bfatrace under the name of fatrace: a symbolic link, made once.
  static let fatrace: String = {
    let directory = "\(NSTemporaryDirectory())/bfatrace-test.by-name.\(getpid())"
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    try? FileManager.default.createSymbolicLink(
      atPath: "\(directory)/fatrace", withDestinationPath: bfatrace)
    return "\(directory)/fatrace"
  }()

  private static func path(_ product: String) -> String {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: product).path
  }

  /// The root of the repository.
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}

/// Whether this user may trace: tests that need it are skipped otherwise, with the reason.
let mayTrace = getuid() == 0

extension Trait where Self == ConditionTrait {
  static var needsRoot: Self {
    .enabled(if: mayTrace, "needs root: it traces")
  }
}

/// A run of bfatrace during a load: its lines, and how it ended.
struct Trace {
  var lines: [String]
  var ended: Ended
  /// The bytes of the lines.
  var output = Data()

  /// Traces with these options while `load` runs, and ends with SIGINT, which delivers everything
  /// recorded.
  static func of(
    _ options: [String], in directory: String? = nil, program: String = Built.bfatrace,
    load: () throws -> Void
  ) throws -> Trace {
    let tracing = try Tracing(options, in: directory, program: program)
    try load()
    return tracing.stop()
  }

  /// The lines as JSON objects.
  func objects() throws -> [[String: Any]] {
    try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any], "no object: \(line)")
    }
  }

  /// The whole trace, as the comment of a test that fails.
  var description: Comment {
    "status \(ended.status)\n\(ended.errors)\(lines.joined(separator: "\n"))"
  }
}
