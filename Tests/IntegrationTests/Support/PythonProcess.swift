// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A Python process that runs the lines it is given. It exists, and may have files open, before a
/// trace begins.
final class PythonProcess {
  private let running: Running
  private var count = 0

  private static let loop = """
    import json, os, sys
    os.chdir(sys.argv[1])
    while line := sys.stdin.readline():
      exec(json.loads(line))
      print("done", flush=True)
    """

  init(in directory: String, _ lines: String = "") throws {
    running = try Running(
      "/usr/bin/env", ["python3", "-I", "-S", "-c", Self.loop, directory])
    try run(lines)
  }

  deinit { kill() }

  var pid: pid_t { running.process.processIdentifier }

  /// Starts these lines and does not wait until they are done.
  func start(_ lines: String) throws {
    let line = try JSONEncoder().encode(lines) + Data("\n".utf8)
    try running.input.fileHandleForWriting.write(contentsOf: line)
    count += 1
  }

  /// Whether all lines have run, or the process has ended.
  var isDone: Bool {
    running.outputSoFar.count == count * "done\n".utf8.count || !running.process.isRunning
  }

  func run(_ lines: String) throws {
    try start(lines)
    try waitUntil("Python has run \(lines)") { isDone }
    try #require(running.process.isRunning, "\(text(of: running.errorsSoFar))")
  }

  /// Runs lines that end the process.
  func end(_ lines: String = "") throws {
    try start(lines)
    try? running.input.fileHandleForWriting.close()
    _ = running.wait()
  }

  func kill() {
    if running.process.isRunning { Glibc.kill(pid, SIGKILL) }
    _ = running.wait()
  }

  private func text(of data: Data) -> String { String(decoding: data, as: UTF8.self) }
}
