// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A shell that waits for commands: its pid is known before it does anything.
final class Worker {
  private let running: Running
  private var commands = 0

  /// - Parameters:
  ///   - program: the shell, or a copy of it under another name.
  ///   - launcher: a command that starts it in its own process, such as setpriv with its options.
  init(_ program: String = "/bin/sh", launcher: [String] = []) throws {
    running = try Running("/usr/bin/env", launcher + [program])
    // Wait until the process is the shell: before, it is env and the launcher.
    try run(":")
  }

  deinit {
    if running.process.isRunning { end() }
  }

  var pid: pid_t { running.process.processIdentifier }

  /// Passes a command line to the shell and waits until it is done.
  func run(_ command: String) throws {
    commands += 1
    let mark = "done \(commands)\n"
    let lines = "\(command)\necho done \(commands)\n"
    try running.input.fileHandleForWriting.write(contentsOf: Data(lines.utf8))
    try waitUntil("a shell has done \(command)") {
      String(decoding: running.outputSoFar, as: UTF8.self).hasSuffix(mark)
        || !running.process.isRunning
    }
  }

  /// Ends the shell, and waits for it and its children.
  func end() {
    try? running.input.fileHandleForWriting.close()
    _ = running.wait()
  }

  /// Ends the shell, and waits for it but not for its children. Foundation would wait for them,
  /// too: it waits for the end of a socket that they inherit.
  func leave() throws {
    try running.input.fileHandleForWriting.close()
    try waitUntil("a shell has ended") {
      let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      return status?.contains("State:\tZ") ?? true
    }
  }

  /// Makes a copy of the shell, which runs under the name of the copy.
  static func shell(named name: String, in directory: String) throws -> String {
    let copy = "\(directory)/\(name)"
    try Running.whileNothingStarts {
      try FileManager.default.copyItem(
        at: URL(filePath: "/bin/sh").resolvingSymlinksInPath(), to: URL(filePath: copy))
    }
    return copy
  }
}

/// System calls that the test makes itself, in this process.
enum Calls {
  /// Opens a file, which is created if it does not exist, writes bytes to it, and closes it.
  static func write(_ path: String) throws { try write(Array(path.utf8)) }

  static func write(_ path: [UInt8]) throws {
    try Running.whileNothingStarts {
      let descriptor = try open(path, O_WRONLY | O_CREAT, 0o644)
      defer { close(descriptor) }
      guard Glibc.write(descriptor, "x", 1) == 1 else { throw POSIXError.last }
    }
  }

  /// Opens a file, reads at most `count` bytes in one call, and closes it.
  static func read(_ path: String, count: Int = 1) throws {
    try Running.whileNothingStarts {
      let descriptor = try open(Array(path.utf8), O_RDONLY)
      defer { close(descriptor) }
      try read(descriptor, count: count)
    }
  }

  static func read(_ descriptor: Int32, count: Int = 1) throws {
    var buffer = [UInt8](repeating: 0, count: count)
    guard Glibc.read(descriptor, &buffer, count) >= 0 else { throw POSIXError.last }
  }

  static func open(_ path: String, _ flags: Int32 = O_RDONLY) throws -> Int32 {
    try open(Array(path.utf8), flags)
  }

  private static func open(_ path: [UInt8], _ flags: Int32, _ mode: mode_t = 0) throws -> Int32 {
    let name = path.map(CChar.init(bitPattern:)) + [0]
    let descriptor = Glibc.open(name, flags | O_CLOEXEC, mode)
    if descriptor < 0 { throw POSIXError.last }
    return descriptor
  }
}

extension POSIXError {
  static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}

/// Makes directories in a directory that exists.
func makeDirectories(_ names: String..., in directory: String) throws {
  for name in names {
    try FileManager.default.createDirectory(
      atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
  }
}
