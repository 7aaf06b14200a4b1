// SPDX-License-Identifier: Apache-2.0
// The fuzz target for recordings: RecordingReader, and the records that a replay passes to
// EventWriter.
//
// An input is one byte that chooses the options, then parts, each after two bytes, the lower one
// first: 14 bits of length and a kind. So the seeds of the target for records work here, too. A
// valid header is put in front, as no input could guess its checksum; a part may spoil it.

private enum Part: Int {
  /// A frame with a record.
  case record
  /// A frame of the kind in its first byte.
  case frame
  /// Bytes that are not changed.
  case bytes
  /// Bytes that overwrite earlier ones, from the place that its first two bytes give.
  case patch
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecordings(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let input = UnsafeRawBufferPointer(start: start, count: count)
  var recording = header
  var rest = input[1...]
  while rest.count >= 2 {
    let head = Int(rest.removeFirst()) | Int(rest.removeFirst()) << 8
    let part = rest.prefix(head & 0x3fff)
    rest = rest.dropFirst(part.count)
    add(part, Part(rawValue: head >> 14) ?? .record, to: &recording)
  }
  replay(recording, options: input[0])
  return 0
}

private let header: [UInt8] = {
  var writer = RecordingWriter()
  writer.append(
    RecordingHeader(
      version: "0", release: "6", origin: Origin(host: "here", bootID: "1"), contents: [],
      arguments: ["--all"]))
  return writer.frames.withUnsafeBytes { Array($0) }
}()

private func add(_ part: Slice<UnsafeRawBufferPointer>, _ kind: Part, to recording: inout [UInt8]) {
  func frame(_ kind: UInt32, _ payload: Slice<UnsafeRawBufferPointer>) {
    withUnsafeBytes(of: (kind, UInt32(payload.count))) { recording.append(contentsOf: $0) }
    recording.append(contentsOf: payload)
  }
  switch kind {
  case .record: frame(FrameKind.record.rawValue, part)
  case .frame: if let first = part.first { frame(UInt32(first & 7), part.dropFirst()) }
  case .bytes: recording.append(contentsOf: part)
  case .patch:
    guard part.count > 2 else { return }
    let place = (Int(part[part.startIndex]) | Int(part[part.startIndex + 1]) << 8) % recording.count
    for (offset, byte) in part.dropFirst(2).enumerated() where place + offset < recording.count {
      recording[place + offset] = byte
    }
  }
}

/// Replays in pieces, each in memory of exactly its size: the sanitizer finds reads beyond it.
private func replay(_ recording: [UInt8], options: UInt8) {
  var reader = RecordingReader()
  var writer = EventWriter(
    options: lineOptions(options), filter: RecordFilter(), capacity: 320 << 10)  // it never grows
  let piece = options & 128 != 0 ? 57 : Int.max
  var waiting: [UInt8] = []
  var rest = recording[...]
  do throws(RecordingError) {
    while !rest.isEmpty {
      waiting += rest.prefix(piece)
      rest = rest.dropFirst(piece)
      var consumed = 0
      while let frame = try next(&reader, waiting, &consumed, show: { show($0, &writer) }) {
        precondition(frame <= waiting.count, "more was consumed than is there")
      }
      waiting.removeFirst(consumed)
    }
  } catch {
    // The frames before the error are shown.
  }
  writer.appendRequests { true }
  writer.appendSummary(width: 80, lost: 1)
  writer.lines.withUnsafeBytes { lines in
    precondition(lines.isEmpty || lines.last == UInt8(ascii: "\n"), "the line has no end")
    let controls = lines.contains { ($0 < 0x20 && $0 != UInt8(ascii: "\n")) || $0 == 0x7f }
    precondition(!controls, "a control character gets through")
  }
}

/// - Returns: how many bytes are consumed, or nil at the end.
private func next(
  _ reader: inout RecordingReader, _ bytes: [UInt8], _ consumed: inout Int,
  show: (RecordingFrame) -> Void
) throws(RecordingError) -> Int? {
  var found: RecordingFrame?
  var error: RecordingError?
  bytes.withUnsafeBytes { bytes in
    do throws(RecordingError) {
      found = try reader.next(in: bytes, consumed: &consumed)
      if let found { show(found) }
    } catch let caught {
      error = caught
    }
  }
  if let error { throw error }
  return found == nil ? nil : consumed
}

private func show(_ frame: RecordingFrame, _ writer: inout EventWriter) {
  switch frame {
  case .header(let header): writer.setOrigin(header.origin)
  case .record(let record): _ = writer.append(record: record)
  case .clock(let offset): writer.realtimeOffset = offset
  case .drained: writer.appendRequests { true }
  case .lost(let count, let time): _ = writer.appendLost(count, time: time)
  case .end: break
  }
}

/// Bits as in the target for records; the highest one replays in small pieces.
private func lineOptions(_ bits: UInt8) -> LineOptions {
  var options = LineOptions(
    json: bits & 1 != 0, long: bits & 2 != 0, timestamps: bits & 4 != 0 ? .sinceEpoch : .none,
    user: bits & 8 != 0)
  options.summary = bits & 32 != 0
  if bits & 64 != 0 { options.subject = .requests }
  return options
}
