// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The program under test, as the package builds it beside the tests.
enum Built {
  static let bfatrace = path("bfatrace")
  static let fileload = path("fileload")
  static let fileways = path("fileways")
  static let filemoves = path("filemoves")

  /// The same program by the name of fatrace: a symbolic link, made once.
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

  /// The repository.
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}

/// Whether this user may trace; a test that needs it is skipped otherwise, and says so.
let mayTrace = getuid() == 0

extension Trait where Self == ConditionTrait {
  static var needsRoot: Self {
    .enabled(if: mayTrace, "needs root: it traces")
  }
}

/// A run of bfatrace beside a load: its lines, and how it ended.
struct Trace {
  var lines: [String]
  var ended: Ended
  /// What the lines are made of, byte by byte.
  var output = Data()

  /// Traces with these options while `load` runs; ended by SIGINT, which delivers all that was
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

  /// All of it, for a test that fails.
  var description: Comment {
    "status \(ended.status)\n\(ended.errors)\(lines.joined(separator: "\n"))"
  }
}
