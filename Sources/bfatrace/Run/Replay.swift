// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc

/// A run on a recording instead of the kernel, from the options to the exit status.
struct Replay: ~Copyable {
  /// What the command line asks for.
  struct Request {
    /// "-": standard input.
    var path: String
    var filter = RecordFilter()
    /// What must have been recorded, and the option that asks for it.
    var needs: [(contents: RecordingHeader.Contents, option: String)] = []
    /// Lines say where events happened; the recording knows, unless it is a name of its own.
    var host: HostName?
  }

  private static let chunk = 1 << 18

  private let request: Request
  private let plan: Plan
  private let descriptor: Int32
  private var output: LineOutput?
  private var reader = RecordingReader()
  /// The time of the first record: nanoseconds.
  private var start: UInt64?
  /// Nanoseconds since the epoch, of the latest record or of the end of the recording.
  private var now: UInt64 = 0
  private var realtimeOffset: Int64 = 0
  /// When the last table of --every was: nanoseconds since the epoch.
  private var lastTable: UInt64?
  /// What the first header says was recorded.
  private var contents: RecordingHeader.Contents?
  private var isOver = false
  private var lost: UInt64 = 0
  private var unresolved: UInt64 = 0
  /// The last frame was the end of a recording.
  private var isWhole = false

  init(_ request: Request, _ plan: Plan) throws(Failure) {
    if plan.output == nil { try LineOutput.checkStandardOutput() }
    if plan.lines.timestamps == .timeOfDay || plan.every != nil { Clock.checkTimeZone() }
    // Before the recording is opened: of a FIFO, that waits for a writer.
    bfa_catch_signals()
    let descriptor =
      request.path == "-" ? STDIN_FILENO : Glibc.open(request.path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 && bfa_caught_signal() == 0 {
      throw Failure(
        message: "--replay \(request.path): \(String(cString: strerror(errno))): name a recording")
    }
    self.request = request
    self.plan = plan
    self.descriptor = descriptor
  }

  mutating func run() throws(Failure) -> ExitStatus {
    LineOutput.ignoreSignals()
    try readAll()
    guard var output = output.take() else {
      if isOver { return .ended }
      throw failure("this is no recording of bfatrace")
    }
    output.appendRequests(all: true)
    if plan.every != nil { output.writeInterval(length: now - (lastTable ?? now), time: now) }
    output.writeSummary(lost: lost, time: now)
    if output.hasMalformed { throw Self.damaged(request.path) }
    try output.check()
    let isCut = !isWhole && !isOver
    if isCut { complain("--replay \(request.path): the recording was cut: its end is missing") }
    complain(unresolved: unresolved)
    if lost > 0 { complain("lost \(lost) events in all") }
    complain(missed: output.missedChanges)
    return lost + output.missedChanges > 0 || isCut ? .lost : .ended
  }

  /// Until the end of the file, or of what was asked for.
  private mutating func readAll() throws(Failure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 2 * RecordingReader.longestFrame + Self.chunk, alignment: 8)
    defer { buffer.deallocate() }
    var filled = 0
    while !isOver {
      if bfa_caught_signal() != 0 {
        isOver = true
        return
      }
      let count = read(descriptor, buffer.baseAddress.map { $0 + filled }, Self.chunk)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw failure("\(String(cString: strerror(errno))): name a recording") }
      filled += count
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
      let consumed = try take(bytes)
      filled -= consumed
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
      if count == 0 {
        if filled > 0 { isWhole = false }
        return
      }
    }
  }

  /// Prints what is in whole frames; how many bytes these are.
  private mutating func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Int {
    var consumed = 0
    while !isOver, let frame = try next(in: bytes, consumed: &consumed) {
      try show(frame)
      if output?.isDone != false { isOver = true }
    }
    return consumed
  }

  private mutating func next(
    in bytes: UnsafeRawBufferPointer, consumed: inout Int
  ) throws(Failure) -> RecordingFrame? {
    do throws(RecordingError) {
      return try reader.next(in: bytes, consumed: &consumed)
    } catch {
      output?.flush()
      switch error {
      case .noRecording: throw failure("this is no recording of bfatrace")
      case .otherByteOrder: throw failure("it was recorded on a machine of the other byte order")
      case .otherVersion(let version):
        throw failure("it was recorded by another bfatrace, \(version): replay it with that one")
      case .damaged: throw Self.damaged(request.path)
      }
    }
  }

  private mutating func show(_ frame: RecordingFrame) throws(Failure) {
    isWhole = false
    switch frame {
    case .header(let header): try begin(header)
    case .clock(let offset):
      realtimeOffset = offset
      output?.setClock(realtimeOffset: offset)
    case .record(let record): show(record)
    case .drained:
      output?.appendRequests()
      output?.flush()
    case .lost(let count, let time):
      output?.appendLost(count, time: time)
      complain("lost \(count) events: the ring buffer was full")
      lost &+= count
    case .end(let count, let time):
      unresolved &+= count
      isWhole = true
      if let time { go(to: time) }
    }
  }

  private mutating func show(_ record: UnsafeRawBufferPointer) {
    if record.count >= MemoryLayout<bfa_record>.size {
      let time = record.loadUnaligned(as: bfa_record.self).time_ns
      if isBeyondEnd(time) {
        isOver = true
        return
      }
      go(to: time &+ UInt64(bitPattern: realtimeOffset))
    }
    output?.append(record: record)
  }

  /// Whether the time of --seconds is over, which begins with the first record.
  private mutating func isBeyondEnd(_ time: UInt64) -> Bool {
    guard let seconds = plan.seconds else { return false }
    let start = start ?? time
    self.start = start
    return time > start && time - start > seconds
  }

  /// Writes the table of an interval that is over, one for several in which nothing happened. The
  /// first one begins with the first record.
  /// - Parameter time: nanoseconds since the epoch; merged records may be late.
  private mutating func go(to time: UInt64) {
    now = max(now, time)
    guard let every = plan.every else { return }
    let begin = lastTable ?? now
    let passed = (now - begin) / every * every
    lastTable = begin + passed
    if passed == 0 { return }
    output?.appendRequests()
    output?.writeInterval(length: every, time: begin + every)
    if passed > every { output?.writeInterval(length: passed - every, time: begin + passed) }
  }

  /// Refuses what was not recorded; the rest of the options is as in the run that was recorded.
  private mutating func begin(_ header: RecordingHeader) throws(Failure) {
    for need in request.needs where !header.contents.isSuperset(of: need.contents) {
      throw failure("\(need.option) was not recorded: record it with \(need.option)")
    }
    if header.contents.contains(.changes) && plan.lines.changes == nil {
      throw failure("it was recorded for --changes: add --changes or --inputs")
    }
    if let contents, contents.subject != header.contents.subject {
      throw failure("recordings of different kinds follow each other: replay one by one")
    }
    if plan.lines.summary { try checkTable(header.contents) }
    if contents == nil { try openOutput(header) }
    contents = header.contents
    if let host = request.host { output?.setOrigin(host.origin(header.origin)) }
  }

  private func checkTable(_ contents: RecordingHeader.Contents) throws(Failure) {
    if contents.contains(.disk) && !contents.contains(.writeCalls) {
      throw failure("what write calls were handed was not recorded: record it with --summary")
    }
    guard let table = plan.lines.table, let sort = table.sort else { return }
    let subject = table.subject(of: contents.subject)
    if let complaint = TableOptions.complaint(sort: sort, of: subject) {
      throw Failure(message: complaint)
    }
  }

  private mutating func openOutput(_ header: RecordingHeader) throws(Failure) {
    var lines = plan.lines
    lines.subject = header.contents.subject
    lines.areOfHost = header.origin.host == Origin.ofThisMachine.host
    var output = LineOutput(
      EventWriter(
        options: lines, places: plan.places, paths: plan.paths, filter: request.filter),
      count: plan.count)
    if let path = plan.output {
      let isOpen = try output.open(path, appends: plan.appends) {
        poll(nil, 0, Command.patience) == 0 && bfa_caught_signal() == 0
      }
      if !isOpen {
        isOver = true
        return
      }
    }
    self.output = consume output
  }

  private func failure(_ reason: String) -> Failure {
    Failure(message: "--replay \(request.path): \(reason)")
  }

  private static func damaged(_ path: String) -> Failure {
    Failure(message: "--replay \(path): the recording is damaged: what is behind is not shown")
  }
}
