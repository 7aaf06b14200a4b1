// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

/// What a reader makes of bytes: lines, and the error that stopped it.
private struct Replayed: Equatable {
  var lines: [UInt8] = []
  var error: RecordingError?
  var header: RecordingHeader?
  /// Whether the last frame was an end, with nothing after it.
  var isWhole = false
  var lost: UInt64 = 0

  /// - Parameter piece: how many bytes the reader gets at a time.
  init(
    _ bytes: [UInt8], piece: Int = .max, options: LineOptions = LineOptions(timestamps: .sinceEpoch)
  ) {
    var reader = RecordingReader()
    var writer = EventWriter(options: options, capacity: 1 << 20)
    var waiting: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty && error == nil {
      waiting += rest.prefix(piece)
      rest = rest.dropFirst(piece)
      var consumed = 0
      waiting.withUnsafeBytes { bytes in
        do throws(RecordingError) {
          while let frame = try reader.next(in: bytes, consumed: &consumed) {
            show(frame, &writer)
          }
        } catch {
          self.error = error
        }
      }
      waiting.removeFirst(consumed)
    }
    isWhole = isWhole && waiting.isEmpty
    writer.appendRequests { true }
    writer.appendSummary(width: 0, lost: lost)
    lines += writer.lines.withUnsafeBytes { Array($0) }
  }

  private mutating func show(_ frame: RecordingFrame, _ writer: inout EventWriter) {
    isWhole = false
    switch frame {
    case .header(let header): self.header = header
    case .record(let record):
      _ = writer.append(record: record)
      if writer.lines.isFull {
        lines += writer.lines.withUnsafeBytes { Array($0) }
        writer.lines.removeAll()
      }
    case .clock(let offset): writer.realtimeOffset = offset
    case .drained: writer.appendRequests { true }
    case .lost(let count, _): lost &+= count
    case .end: isWhole = true
    }
  }
}

@Suite("Recordings")
struct RecordingTests {
  private static let header = RecordingHeader(
    version: "0.1.0", release: "6.18.0", origin: Origin(host: "here", bootID: "b"),
    contents: [.exe, .disk],
    arguments: ["--under", "/\u{e9}", ""])

  private static let records: [[UInt8]] = [
    accessRecord(Common()),
    accessRecord(Common(comm: Array("cat".utf8), types: [read, closed], path: Array("/a".utf8))),
    callRecord(
      BFA_CALL_openat,
      Common(types: [opened], marks: [BFA_MARK_FILENAME], filename: Array("b".utf8))),
  ]

  private static let recording: [UInt8] = {
    var writer = RecordingWriter()
    writer.append(header)
    for (number, record) in records.enumerated() {
      record.withUnsafeBytes { writer.append(record: $0, realtimeOffset: Int64(number / 2) * 1000) }
    }
    writer.endShare()
    writer.endShare()
    writer.append(lost: 7, time: 1_700_000_000_000_000_000)
    writer.end(unresolved: 2, time: 1_700_000_001_000_000_000)
    return writer.frames.withUnsafeBytes { Array($0) }
  }()

  @Test(
    "hold the header, the records with their times, and losses", arguments: [1, 7, 64, Int.max])
  func whole(piece: Int) {
    var writer = EventWriter(options: LineOptions(timestamps: .sinceEpoch))
    for (number, record) in Self.records.enumerated() {
      writer.realtimeOffset = Int64(number / 2) * 1000
      record.withUnsafeBytes { _ = writer.append(record: $0) }
    }
    let lines = writer.lines.withUnsafeBytes { Array($0) }
    let replayed = Replayed(Self.recording, piece: piece)
    #expect(replayed.error == nil && replayed.isWhole && replayed.lost == 7)
    #expect(replayed.header == Self.header)
    #expect(replayed.lines == lines, "\(String(decoding: replayed.lines, as: UTF8.self))")
  }

  @Test("one after the other read as one, and a recording that is cut shows its whole frames")
  func cut() {
    let twice = Replayed(Self.recording + Self.recording)
    let once = Replayed(Self.recording)
    #expect(twice.isWhole && twice.lines == once.lines + once.lines && twice.lost == 14)
    for length in 1..<Self.recording.count {
      let cut = Replayed(Array(Self.recording[..<length]))
      #expect(cut.error == nil && !cut.isWhole && once.lines.starts(with: cut.lines), "\(length)")
    }
  }

  @Test("of another kind, byte order or version have different errors")
  func others() {
    var swapped = Self.recording
    swapped[0..<4].reverse()
    #expect(Replayed(swapped).error == .otherByteOrder)
    #expect(Replayed(Array("root:x:0:0:root".utf8)).error == .noRecording)
    #expect(Replayed([UInt8](repeating: 0, count: 100)).error == .noRecording)
    for offset in [8, 12] {  // of the format's version, and of the layout of records
      var other = Self.recording
      other[offset] ^= 1
      #expect(Replayed(other).error == .otherVersion("0.1.0"), "\(offset)")
    }
    var long = Self.recording
    long[7] = 0x7f
    #expect(Replayed(long).error == .damaged)
  }

  /// BFATRACE_FUZZ=10000000 sets the number of rounds.
  private static let rounds = getenv("BFATRACE_FUZZ").flatMap { Int(String(cString: $0)) } ?? 30_000

  @Test("that are hostile end in an error or in lines, never in a crash", arguments: 0..<4)
  func hostile(kind: Int) {
    var random = SystemRandomNumberGenerator()
    var options = LineOptions(json: kind & 1 != 0, long: true, timestamps: .timeOfDay, user: true)
    options.summary = true
    if kind & 2 != 0 { options.subject = .requests }
    let disks = (0..<3).map { number in
      diskRecord(Common(path: Array("/d\(number % 2)".utf8))) {
        $0.bytes = .random(in: 0 ... .max, using: &random)
      }
    }
    var writer = RecordingWriter()
    writer.append(Self.header)
    for record in Self.records + disks {
      record.withUnsafeBytes { writer.append(record: $0, realtimeOffset: 1) }
    }
    writer.end(unresolved: 0, time: 1)
    let recording = writer.frames.withUnsafeBytes { Array($0) }
    for _ in 0..<Self.rounds / 4 {
      var bytes = recording
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(40), at: place)
        }
        if bytes.isEmpty { break }
      }
      let replayed = Replayed(bytes, piece: .random(in: 1...500, using: &random), options: options)
      if !replayed.lines.isEmpty && replayed.lines.last != UInt8(ascii: "\n") {
        Issue.record("no whole line: \(bytes)")
        return
      }
    }
  }
}
