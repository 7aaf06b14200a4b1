// SPDX-License-Identifier: Apache-2.0
import FileEvents
import Glibc

/// Where the records go with --record: a file, or standard output.
struct RecordingOutput: ~Copyable {
  private var writer = RecordingWriter()
  private let header: RecordingHeader
  private var descriptor = STDOUT_FILENO
  /// NUL-terminated; nil: standard output.
  private let path: [CChar]?
  private let name: String
  private var failure: WriteError?

  /// Creates the file; "-" is standard output.
  init(_ path: String, _ header: RecordingHeader) throws(Failure) {
    self.header = header
    let isFile = path != "-"
    name = isFile ? "--record \(path)" : "standard output"
    self.path = isFile ? Array(path.utf8CString) : nil
    if let path = self.path {
      let created = try LineOutput.create(
        path, for: name, appends: false, orElse: "remove it or choose another name")
      // It did not exist, and so is no FIFO.
      if let created { descriptor = created }
    }
    writer.append(header)
    flush()
  }

  /// Refuses what no recording can be written to.
  static func check(_ path: String) throws(Failure) {
    guard path == "-" else { return }
    try LineOutput.checkStandardOutput()
    if isatty(STDOUT_FILENO) == 1 {
      throw Failure(message: "--record -: standard output is a terminal: name a file, or a pipe")
    }
  }

  /// Nothing more can be written.
  var isBroken: Bool { failure != nil }

  var isStandardOutput: Bool { path == nil }

  mutating func append(record: UnsafeRawBufferPointer, realtimeOffset: Int64) {
    writer.append(record: record, realtimeOffset: realtimeOffset)
    if writer.frames.isFull { flush() }
  }

  /// The ring has been drained.
  mutating func endShare() {
    writer.endShare()
    flush()
  }

  mutating func append(lost count: UInt64, time: UInt64) {
    writer.append(lost: count, time: time)
  }

  mutating func end(unresolved count: UInt64, time: UInt64) {
    writer.end(unresolved: count, time: time)
    flush()
  }

  /// Ends the recording, and goes on with another one in a file of the same name, as the one so far
  /// may have been moved away.
  mutating func reopen() {
    guard let path else { return }
    let descriptor = LineOutput.open(path, 0)
    if descriptor < 0 {
      complain("\(name): \(LineOutput.reason(errno)): it goes on in the file as it was")
      return
    }
    end(unresolved: 0, time: Clock.realtime)
    close(self.descriptor)
    self.descriptor = descriptor
    writer.append(header)
    flush()
  }

  func check() throws(Failure) {
    if let failure, failure.errno != EPIPE {
      throw LineOutput.failure(failure.errno, writingTo: name)
    }
  }

  private mutating func flush() {
    guard failure == nil else { return writer.frames.removeAll() }
    do throws(WriteError) {
      try writer.frames.write(to: descriptor)
    } catch {
      failure = error
    }
  }
}
