// SPDX-License-Identifier: Apache-2.0
import FileEvents
import Glibc

/// Where the lines go: standard output or the file of --output. The only place that writes them.
struct LineOutput: ~Copyable {
  private var writer: EventWriter
  private var descriptor = STDOUT_FILENO
  private var name = "standard output"
  /// A person is reading.
  private var lineByLine = isatty(STDOUT_FILENO) == 1
  private var linesLeft: UInt64
  /// How far the clock of records is ahead of this process's: nanoseconds.
  private let clockLead: Int64
  private var failure: WriteError?

  /// - Parameter count: after so many lines no more are written.
  init(_ writer: consuming EventWriter, count: UInt64?, clockLead: Int64) {
    self.writer = writer
    self.clockLead = clockLead
    linesLeft = count ?? .max
  }

  /// A text that is no line of a trace: help, the version, findings.
  static func print(_ text: String) throws(Failure) {
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno != EINTR {
        throw Self.failure(errno, writingTo: "standard output")
      }
    }
  }

  /// What is closed, or open for reading only, is refused before anything is traced.
  static func checkStandardOutput() throws(Failure) {
    if fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE == O_RDONLY {
      throw failure(EBADF, writingTo: "standard output")
    }
  }

  private static func failure(_ error: Int32, writingTo name: String) -> Failure {
    let remedy =
      switch error {
      case ENOSPC: ": make room"
      case EBADF: ": it is closed, or open for reading only: use --output"
      default: ""
      }
    return Failure(message: "cannot write to \(name): \(String(cString: strerror(error)))\(remedy)")
  }

  /// Creates the file of --output.
  /// - Parameters:
  ///   - path: NUL-terminated.
  ///   - appends: it may exist.
  mutating func open(_ path: [CChar], appends: Bool) throws(Failure) {
    name = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    let descriptor = Self.open(path, appends ? 0 : O_EXCL)
    if descriptor < 0 {
      let remedy =
        errno == EEXIST ? "remove it, choose another name or use --append" : "choose another place"
      throw Failure(message: "--output \(name): \(String(cString: strerror(errno))): \(remedy)")
    }
    self.descriptor = descriptor
    lineByLine = false
  }

  /// Goes on in a file of the same name, as the one so far may have been moved away.
  mutating func reopen(_ path: [CChar]) {
    flush()
    let descriptor = Self.open(path, 0)
    if descriptor < 0 {
      complain(
        "--output \(name): \(String(cString: strerror(errno))): lines go on to the file as it was")
      return
    }
    close(self.descriptor)
    self.descriptor = descriptor
  }

  /// Always at the end: others may cut the file meanwhile, as copytruncate of logrotate(8) does.
  private static func open(_ path: [CChar], _ flags: Int32) -> Int32 {
    Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0o666)
  }

  /// Nothing more will be written.
  var isDone: Bool { linesLeft == 0 || failure != nil }

  /// Readable never, but in error when nobody reads any more.
  var pollDescriptor: pollfd { pollfd(fd: descriptor, events: 0, revents: 0) }

  /// To be called at times: the real-time clock may be stepped.
  mutating func setClock() { writer.realtimeOffset = Clock.realtimeOffset - clockLead }

  mutating func append(record: UnsafeRawBufferPointer) {
    if !isDone && writer.append(record: record) { appended() }
  }

  /// Appends the lines of the requests to block devices since the last time.
  mutating func appendRequests() {
    if isDone { return }
    var left = linesLeft
    writer.appendRequests {
      left -= 1
      return left > 0
    }
    linesLeft = left
    flush()
  }

  /// Says in the stream that events are missing here; false if text has no such line.
  mutating func appendLost(_ count: UInt64) {
    if !isDone && writer.appendLost(count) { flush() }
  }

  /// Writes what the processes did, if that is wanted; it fits the terminal, if it goes to one.
  mutating func writeSummary(lost: UInt64) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    writer.appendSummary(width: isKnown ? Int(size.ws_col) : 0, lost: lost)
    flush()
  }

  private mutating func appended() {
    linesLeft -= 1
    if lineByLine || linesLeft == 0 || writer.lines.isFull { flush() }
  }

  /// Writes what is in the buffer.
  mutating func flush() {
    guard failure == nil else { return }
    do throws(WriteError) {
      try writer.lines.write(to: descriptor)
    } catch {
      failure = error
    }
  }

  /// Why writing failed; a reader that went away is no failure.
  func check() throws(Failure) {
    if let failure, failure.errno != EPIPE { throw Self.failure(failure.errno, writingTo: name) }
    if writer.malformed > 0 {
      throw Failure(message: "\(writer.malformed) records could not be decoded: please report this")
    }
  }
}
