// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A program that makes calls on names and finds out by itself which files they mean: Python lines
/// after those of Tests/names/names.py.
final class NameProgram {
  /// A call, and what the kernel made of it.
  struct Call: Decodable {
    let call: String
    let ret: Int
    /// Nil if not even the directory exists.
    let path: String?
    let pathAsked: String
    let filename: String
    let newPath: String?
    let newPathAsked: String?
    let newFilename: String?
    /// Major, minor and inode of the file, or of the name's directory if there are `letters`.
    let identity: [UInt64]?
    let newIdentity: [UInt64]?
    /// The letters of the directories of both names, of calls that worked.
    let letters: [String]?
    /// Whether each name leads through a link that cannot be followed.
    let unfollowed: [Bool]?
    let moving: Bool?

    /// Whether a name may be unresolved.
    var mayBeUnresolved: Bool { moving == true || unfollowed?.contains(true) == true }

    /// Whether the first or second name can be followed, if the call itself moves nothing. The old
    /// name of a rename cannot if the new one cannot: the moved file is not known then.
    func isFollowed(_ index: Int) -> Bool {
      guard let unfollowed else { return true }
      return !unfollowed[index] && !(call.hasPrefix("rename") && unfollowed[1])
    }
  }

  private let running: Running
  private let truth = Scratch.newName()

  /// Starts the program. `lines` call `wait()` where the trace begins.
  init(_ lines: String, in directory: String) throws {
    let modules = "\(Built.root)/Tests/names"
    let program = "import sys; sys.path.insert(0, '\(modules)')\nfrom names import *\n" + lines
    running = try Running(
      "/usr/bin/env", ["python3", "-I", "-S", "-B", "-c", program, truth, directory])
    try waitUntil("the calls on names begin") {
      !running.outputSoFar.isEmpty || !running.process.isRunning
    }
  }

  deinit {
    if running.process.isRunning { kill(running.process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(atPath: truth)
  }

  /// Traces these calls and no others, by several runs at the same time with options of their own.
  func trace(_ options: [String]...) throws -> (traces: [Trace], calls: [Call]) {
    let pid = running.process.processIdentifier
    let tracings = try options.map { try Tracing(["--json", "--all", "-p", "\(pid)"] + $0) }
    try running.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    let ended = running.wait()
    let traces = tracings.map { $0.stop() }
    try #require(ended.status == 0, "\(ended.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let lines = try Data(contentsOf: URL(filePath: truth)).split(separator: UInt8(ascii: "\n"))
    return (traces, try lines.map { try decoder.decode(Call.self, from: $0) })
  }
}
