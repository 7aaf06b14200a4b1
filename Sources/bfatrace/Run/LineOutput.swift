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
  /// Where the records go besides the lines, or instead of them.
  private var recording: RecordingOutput?
  private var isRecording = false
  private var hasLines = true
  private var failure: WriteError?
  /// With --top, the screen that everything is shown on.
  private var top: Top?

  /// - Parameter count: after so many lines no more are written.
  init(_ writer: consuming EventWriter, count: UInt64?) {
    self.writer = writer
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

  /// What cannot be written is an error, and ends nothing by a signal: SIGXFSZ comes where RLIMIT_FSIZE
  /// is reached.
  static func ignoreSignals() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  static func failure(_ error: Int32, writingTo name: String) -> Failure {
    let remedy =
      switch error {
      case ENOSPC: ": make room"
      case EFBIG: ": allow larger files: ulimit -f"
      case EBADF: ": it is closed, or open for reading only: use --output"
      default: ""
      }
    return Failure(message: "cannot write to \(name): \(String(cString: strerror(error)))\(remedy)")
  }

  /// Creates the file of --output.
  /// - Parameters:
  ///   - path: NUL-terminated.
  ///   - appends: it may exist.
  ///   - mayWait: waits a moment for the reader of a FIFO; false: no longer.
  /// - Returns: false if a FIFO has no reader.
  mutating func open(
    _ path: [CChar], appends: Bool, while mayWait: () -> Bool
  ) throws(Failure) -> Bool {
    name = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    repeat {
      let opened = try Self.create(
        path, for: "--output \(name)", appends: appends,
        orElse: "remove it, choose another name or use --append")
      if let opened {
        descriptor = opened
        lineByLine = false
        return true
      }
    } while mayWait()
    return false
  }

  /// Goes on in a file of the same name, as the one so far may have been moved away.
  mutating func reopen(_ path: [CChar]?) {
    recording?.reopen()
    guard let path else { return }
    flush()
    let descriptor = Self.open(path, 0)
    if descriptor < 0 {
      complain("--output \(name): \(Self.reason(errno)): lines go on to the file as it was")
      return
    }
    close(self.descriptor)
    self.descriptor = descriptor
  }

  /// - Parameters:
  ///   - path: NUL-terminated.
  ///   - name: the option and its value, for the message.
  ///   - remedy: if it exists and may not.
  /// - Returns: nil if it is a FIFO that nobody reads.
  static func create(
    _ path: [CChar], for name: String, appends: Bool, orElse remedy: String
  ) throws(Failure) -> Int32? {
    let descriptor = open(path, appends ? 0 : O_EXCL)
    if descriptor >= 0 { return descriptor }
    if errno == ENXIO && isFifo(path) { return nil }
    let remedy = errno == EEXIST ? remedy : "choose another place"
    throw Failure(message: "\(name): \(String(cString: strerror(errno))): \(remedy)")
  }

  /// Why a file is not opened anew.
  static func reason(_ error: Int32) -> String {
    error == ENXIO ? "nobody reads it" : String(cString: strerror(error))
  }

  private static func isFifo(_ path: [CChar]) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// Begins to record; lines are written only to a file.
  mutating func record(_ recording: Plan.Recording, withLines: Bool) throws(Failure) {
    self.recording = try RecordingOutput(recording.path, recording.header)
    isRecording = true
    hasLines = withLines || recording.hasSummary
  }

  /// - Parameter time: nanoseconds since the epoch.
  mutating func endRecording(unresolved: UInt64, time: UInt64) {
    recording?.end(unresolved: unresolved, time: time)
  }

  /// Always at the end: others may cut the file meanwhile, as copytruncate of logrotate(8) does. A FIFO
  /// that nobody reads fails with ENXIO: a signal for the command would not end the wait.
  static func open(_ path: [CChar], _ flags: Int32) -> Int32 {
    let waiting = isFifo(path) ? O_NONBLOCK : 0
    let descriptor = Glibc.open(
      path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags | waiting, 0o666)
    if descriptor >= 0 && waiting != 0 { _ = fcntl(descriptor, F_SETFL, O_APPEND) }
    return descriptor
  }

  /// Nothing more will be written.
  var isDone: Bool {
    let isBroken =
      switch recording {
      case .some(let recording): recording.isBroken
      case nil: false
      }
    return isBroken || linesLeft == 0 || failure != nil || hasQuit
  }

  /// Records that could not be decoded.
  var hasMalformed: Bool { writer.malformed > 0 }

  /// Changes that are not in the list of them.
  var missedChanges: UInt64 { writer.missedChanges }

  /// Makes the terminal a screen for tables, if it can be one.
  mutating func openScreen(_ plan: TopPlan) {
    top = Top(plan)
    if top == nil {
      let terminal = getenv("TERM").map { String(cString: $0) } ?? ""
      complain("--top: there is no terminfo entry for TERM=\(terminal): tables are printed instead")
    }
  }

  var hasScreen: Bool { top != nil }

  /// Readable when there are keys for the screen.
  var keysDescriptor: pollfd {
    switch top {
    case .some(let top): top.pollDescriptor
    case nil: pollfd(fd: -1, events: 0, revents: 0)
    }
  }

  /// Does what keys ask the screen for.
  /// - Returns: whether the interval is to end now.
  mutating func takeKeys() -> Bool { top?.takeKeys(&writer) ?? false }

  private var hasQuit: Bool {
    switch top {
    case .some(let top): top.hasQuit
    case nil: false
    }
  }

  /// Readable never, but in error when nobody reads any more.
  var pollDescriptor: pollfd {
    switch recording {
    case .some(let recording) where !hasLines:
      pollfd(fd: recording.isStandardOutput ? STDOUT_FILENO : -1, events: 0, revents: 0)
    default:
      pollfd(fd: descriptor, events: 0, revents: 0)
    }
  }

  /// To be called at times: the real-time clock may be stepped.
  mutating func setClock(realtimeOffset: Int64) { writer.realtimeOffset = realtimeOffset }

  mutating func append(record: UnsafeRawBufferPointer) {
    if isRecording && writer.isInPlace(record: record) {
      recording?.append(record: record, realtimeOffset: writer.realtimeOffset)
    }
    if hasLines && !isDone && writer.append(record: record) { appended() }
  }

  /// The ring has been drained.
  mutating func endShare() {
    recording?.endShare()
    appendRequests()
    flush()
  }

  /// Appends the lines of the requests to block devices that have ended since the last time.
  /// - Parameter all: also those of requests that have not ended.
  mutating func appendRequests(all: Bool = false) {
    if isDone { return }
    var left = linesLeft
    writer.appendRequests(all: all) {
      left -= 1
      return left > 0
    }
    linesLeft = left
    flush()
  }

  /// From now on, each object of JSON says where its events happened.
  mutating func setOrigin(_ origin: Origin) { writer.setOrigin(origin) }

  /// Says in the stream that events are missing here; text has no such line.
  /// - Parameter time: nanoseconds since the epoch.
  mutating func appendLost(_ count: UInt64, time: UInt64) {
    recording?.append(lost: count, time: time)
    top?.lost += count
    if hasLines && !isDone && writer.appendLost(count, time: time) { flush() }
  }

  /// What --histogram has counted since the start.
  mutating func setHistograms(_ histograms: Histograms) { writer.setHistograms(histograms) }

  /// Writes what the processes did, if that is wanted; it fits the terminal, if it goes to one.
  /// - Parameter time: nanoseconds since the epoch.
  mutating func writeSummary(lost: UInt64, time: UInt64) {
    if hasScreen {
      top = nil
      return
    }
    writer.appendSummary(width: width, lost: lost, time: time)
    flush()
  }

  /// Writes what they did in an interval of so many nanoseconds.
  /// - Parameter time: when it ended, in nanoseconds since the epoch.
  mutating func writeInterval(length: UInt64, time: UInt64) {
    if isDone { return }
    top?.endInterval(of: &writer, length: length)
    if hasScreen { return }
    writer.appendInterval(width: width, time: time, length: length)
    flush()
  }

  /// Columns of the terminal; 0 if it is no terminal.
  private var width: Int {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
  }

  private mutating func appended() {
    linesLeft -= 1
    if lineByLine || linesLeft == 0 || writer.lines.isFull { flush() }
  }

  /// Writes what is in the buffer.
  mutating func flush() {
    guard failure == nil else { return }
    if hasScreen {
      let lines = writer.lines.withUnsafeBytes { Array($0) }
      lines.withUnsafeBytes { top?.take($0) }
      writer.lines.removeAll()
      return
    }
    do throws(WriteError) {
      try writer.lines.write(to: descriptor)
    } catch {
      failure = error
    }
  }

  /// Why writing failed; a reader that went away is no failure.
  func check() throws(Failure) {
    try recording?.check()
    if let failure, failure.errno != EPIPE { throw Self.failure(failure.errno, writingTo: name) }
    if writer.malformed > 0 {
      throw Failure(message: "\(writer.malformed) records could not be decoded: please report this")
    }
  }
}
