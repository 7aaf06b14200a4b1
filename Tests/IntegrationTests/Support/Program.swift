// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

/// A program that has ended: its output, and how it ended.
struct Ended {
  var output: Data
  var errors: String
  /// The exit status, or 128 + N for signal N, as a shell has it.
  var status: Int32

  var text: String { String(decoding: output, as: UTF8.self) }

  /// Standard error without the line about calls on descriptors that were closed meanwhile. The
  /// files of these calls are not known, so the line counts those of every process of the machine,
  /// whatever place is traced.
  var complaints: String {
    errors.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("that another thread closed meanwhile") }.joined(separator: "\n")
  }
}

/// A program that runs beside the test. Its output is collected in files, so that no pipe fills up.
final class Running {
  let process = Process()
  let input = Pipe()
  private let output = Scratch.newFile()
  private let errors = Scratch.newFile()

  init(
    _ program: String, _ arguments: [String], in directory: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input
    process.standardOutput = output.handle
    process.standardError = errors.handle
    // Make writing to a program that has ended an error, and not the end of the tests. Programs do
    // not inherit a handler; they would inherit SIG_IGN.
    signal(SIGPIPE) { _ in }
    try Self.whileNothingStarts {
      try Self.withoutBlockedSignals { try process.run() }
    }
  }

  private static let starting = Mutex(())

  /// Lets no other test start a program meanwhile. Until it is executed, a program holds copies of
  /// all descriptors of this process. A file that is open for writing here cannot be executed as
  /// long, and --syscalls shows that the copies are closed. The program also keeps the socket of
  /// another program that starts at the same time, by whose end Foundation learns that the program
  /// has ended.
  static func whileNothingStarts(_ body: () throws -> Void) rethrows {
    try starting.withLock { _ in try body() }
  }

  /// Starts a program with no signal blocked, as a shell does. Threads of Dispatch block nearly all
  /// signals, and Foundation lets the child inherit that.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var blocked = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &blocked)
    defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
    try body()
  }

  deinit {
    try? FileManager.default.removeItem(at: output.url)
    try? FileManager.default.removeItem(at: errors.url)
  }

  func interrupt() { process.interrupt() }

  /// Standard output so far.
  var outputSoFar: Data { (try? Data(contentsOf: output.url)) ?? Data() }

  /// Standard error so far.
  var errorsSoFar: Data { (try? Data(contentsOf: errors.url)) ?? Data() }

  func wait() -> Ended {
    process.waitUntilExit()
    let signalled = process.terminationReason == .uncaughtSignal
    return Ended(
      output: outputSoFar,
      errors: String(decoding: (try? Data(contentsOf: errors.url)) ?? Data(), as: UTF8.self),
      status: process.terminationStatus + (signalled ? 128 : 0))
  }
}

/// Runs a program to its end; standard input is empty.
func run(
  _ program: String, _ arguments: [String] = [], in directory: String? = nil,
  environment: [String: String] = [:]
) throws -> Ended {
  let running = try Running(program, arguments, in: directory, environment: environment)
  try running.input.fileHandleForWriting.close()
  return running.wait()
}

/// Runs a command line with sh.
@discardableResult
func shell(_ command: String, in directory: String? = nil, environment: [String: String] = [:])
  throws -> Ended
{
  try run("/bin/sh", ["-c", command], in: directory, environment: environment)
}

/// Waits for a condition. Fails after a minute, so that no test waits for ever.
func waitUntil(_ what: String, _ isSo: () -> Bool) throws {
  for _ in 0..<6000 {
    if isSo() { return }
    usleep(10_000)
  }
  throw TimedOut(what: what)
}

struct TimedOut: Error { let what: String }
