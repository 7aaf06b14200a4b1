// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The program under test, as the package builds it beside the tests.
enum Built {
  static let bfatrace = path("bfatrace")
  static let fileload = path("fileload")

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
  /// recorded. Records go to a file of --output, whose existence tells that the tracing is on.
  static func of(_ options: [String], load: () throws -> Void) throws -> Trace {
    let output = Scratch.newName()
    defer { try? FileManager.default.removeItem(atPath: output) }
    let running = try Running(Built.bfatrace, ["--output", output] + options)
    try waitUntil("bfatrace \(options) records") {
      FileManager.default.fileExists(atPath: output) || !running.process.isRunning
    }
    do {
      try load()
    } catch {
      running.interrupt()
      _ = running.wait()
      throw error
    }
    running.interrupt()
    let ended = running.wait()
    let text = (try? Data(contentsOf: URL(filePath: output))) ?? Data()
    return Trace(
      lines: text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) },
      ended: ended, output: text)
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
