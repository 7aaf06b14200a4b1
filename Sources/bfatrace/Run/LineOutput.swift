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
  private var failure: WriteError?

  /// - Parameter count: after so many lines no more are written.
  init(_ writer: consuming EventWriter, count: UInt64?) {
    self.writer = writer
    linesLeft = count ?? .max
  }

  /// Creates the file of --output, new.
  /// - Parameter path: NUL-terminated.
  mutating func open(_ path: [CChar]) throws(Failure) {
    let name = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 {
      let remedy = errno == EEXIST ? "remove it or choose another name" : "choose another place"
      throw Failure(message: "--output \(name): \(String(cString: strerror(errno))): \(remedy)")
    }
    self.descriptor = descriptor
    self.name = name
    lineByLine = false
  }

  /// Nothing more will be written.
  var isDone: Bool { linesLeft == 0 || failure != nil }

  /// Readable never, but in error when nobody reads any more.
  var pollDescriptor: pollfd { pollfd(fd: descriptor, events: 0, revents: 0) }

  /// To be called at times: the real-time clock may be stepped.
  mutating func setClock() { writer.realtimeOffset = Clock.realtimeOffset }

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
    if let failure, failure.errno != EPIPE {
      let reason = String(cString: strerror(failure.errno))
      let remedy = failure.errno == ENOSPC ? ": make room" : ""
      throw Failure(message: "cannot write to \(name): \(reason)\(remedy)")
    }
    if writer.malformed > 0 {
      throw Failure(message: "\(writer.malformed) records could not be decoded: please report this")
    }
  }
}
