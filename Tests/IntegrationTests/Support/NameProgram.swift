// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A program that makes calls on names, and finds out by itself what they stand for: lines of Python
/// on top of Tests/names/names.py.
final class NameProgram {
  /// One call: what the kernel made of it.
  struct Call: Decodable {
    let call: String
    let ret: Int
    /// None if not even the directory is there.
    let path: String?
    let pathAsked: String
    let filename: String
    let newPath: String?
    let newPathAsked: String?
    let newFilename: String?
    /// Major, minor and inode of the file, or if `letters` are not empty of the name's directory.
    let identity: [UInt64]?
    let newIdentity: [UInt64]?
    /// Of the directories of both names; of calls that worked.
    let letters: [String]?
    /// Whether each name goes through a link that cannot be followed.
    let unfollowed: [Bool]?
    let moving: Bool?

    /// Whether a name need not be resolved.
    var mayBeUnresolved: Bool { moving == true || unfollowed?.contains(true) == true }

    /// Whether the first or second name can be followed, apart from what the call itself moves. The
    /// old name of a rename is not if the new one is not: what was moved is not known then.
    func isFollowed(_ index: Int) -> Bool {
      guard let unfollowed else { return true }
      return !unfollowed[index] && !(call.hasPrefix("rename") && unfollowed[1])
    }
  }

  private let running: Running
  private let truth = Scratch.newName()

  /// Starts it; `lines` call `wait()` when the trace is to begin.
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

  /// Traces the calls, and nothing else, by several runs at a time with options of their own.
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
