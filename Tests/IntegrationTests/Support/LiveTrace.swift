// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A run of bfatrace whose standard output the test reads as it comes, through a pipe or a terminal.
final class LiveTrace {
  enum Kind: CaseIterable { case pipe, terminal }

  let running: Running
  private let reader: Int32
  private var output = Data()

  /// - Parameter directory: where a FIFO can be made, outside of the places that are traced.
  init(
    _ options: [String], through kind: Kind, in directory: String,
    environment: [String: String] = [:]
  ) throws {
    let path: String
    switch kind {
    case .pipe:
      path = "\(directory)/fifo.\(UUID())"
      guard mkfifo(path, 0o600) == 0 else { throw POSIXError.last }
      reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    case .terminal:
      reader = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
      path = "/dev/pts/\(try Self.unlock(reader))"
    }
    if reader < 0 { throw POSIXError.last }
    running = try Running(
      "/bin/sh", ["-c", #"exec "$@" > "$0""#, path, Built.bfatrace] + options,
      environment: environment)
  }

  deinit {
    close(reader)
    if running.process.isRunning { signal(SIGKILL) }
  }

  var pid: pid_t { running.process.processIdentifier }

  func signal(_ number: Int32) { kill(pid, number) }

  /// The number of bytes in the pipe.
  var waiting: Int32 {
    var count: Int32 = 0
    return ioctl(reader, UInt(FIONREAD), &count) == 0 ? count : 0
  }

  /// Sets the width of the terminal.
  func resize(columns: UInt16) throws {
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    guard ioctl(reader, UInt(TIOCSWINSZ), &size) == 0 else { throw POSIXError.last }
  }

  /// Makes the other end of a terminal usable.
  /// - Returns: its number.
  private static func unlock(_ terminal: Int32) throws -> UInt32 {
    // TIOCSPTLCK and TIOCGPTN, which Swift does not import.
    var isLocked: Int32 = 0
    var number: UInt32 = 0
    guard ioctl(terminal, 0x4004_5431, &isLocked) == 0, ioctl(terminal, 0x8004_5430, &number) == 0
    else { throw POSIXError.last }
    return number
  }

  /// Reads what is there. Returns all text so far as the program writes it: without the carriage
  /// returns that a terminal adds.
  func text() -> String {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(reader, &buffer, buffer.count), count > 0 {
      output.append(contentsOf: buffer[..<count])
    }
    return String(decoding: output, as: UTF8.self).replacing("\r\n", with: "\n")
  }

  /// Writes to the file until a line for it shows that bfatrace records.
  func waitUntilRecording(_ file: String) throws {
    try waitUntil("the first line of output") {
      try? Calls.write(file)
      return !running.process.isRunning || text().contains(file)
    }
  }

  /// Waits for the end while reading all output.
  func end() throws -> Ended {
    try waitUntil("bfatrace has ended") {
      _ = text()
      return !running.process.isRunning
    }
    return running.wait()
  }
}
