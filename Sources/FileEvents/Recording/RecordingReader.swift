// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What one frame of a recording holds, in the order in which it happened. Bytes are borrowed.
public enum RecordingFrame {
  case header(RecordingHeader)
  case record(UnsafeRawBufferPointer)
  /// Nanoseconds, see `EventWriter.realtimeOffset`.
  case clock(Int64)
  case drained
  /// - Parameter time: nanoseconds since the epoch.
  case lost(UInt64, time: UInt64)
  /// - Parameter time: nanoseconds since the epoch, if the recording has it.
  case end(unresolved: UInt64, time: UInt64?)
}

/// Takes a recording apart, in pieces as they are read. Whatever the bytes are, it reads nothing
/// outside of them.
public struct RecordingReader {
  /// No frame is longer: a record with all its names and processes, or a header.
  public static let longestFrame = 1 << 20
  private static let headSize = 8

  private var hasHeader = false

  public init() {}

  /// The first frame of these bytes.
  /// - Parameter consumed: where it begins; grows by its size.
  /// - Returns: nil if there is no whole one: go on with what was not consumed, and more.
  public mutating func next(
    in bytes: UnsafeRawBufferPointer, consumed: inout Int
  ) throws(RecordingError) -> RecordingFrame? {
    guard bytes.count - consumed >= Self.headSize else { return nil }
    let kind = bytes.loadUnaligned(fromByteOffset: consumed, as: UInt32.self)
    let length = Int(bytes.loadUnaligned(fromByteOffset: consumed + 4, as: UInt32.self))
    try check(kind)
    guard length <= Self.longestFrame else { throw .damaged }
    guard bytes.count - consumed - Self.headSize >= length else { return nil }
    let start = consumed + Self.headSize
    consumed = start + length
    return try frame(kind, UnsafeRawBufferPointer(rebasing: bytes[start..<consumed]))
  }

  private func check(_ kind: UInt32) throws(RecordingError) {
    if hasHeader || kind == FrameKind.header.rawValue { return }
    throw kind == FrameKind.header.rawValue.byteSwapped ? .otherByteOrder : .noRecording
  }

  private mutating func frame(
    _ kind: UInt32, _ payload: UnsafeRawBufferPointer
  ) throws(RecordingError) -> RecordingFrame {
    switch FrameKind(rawValue: kind) {
    case .header:
      let header = try RecordingHeader(payload)
      hasHeader = true
      return .header(header)
    case .record: return .record(payload)
    case .clock: return .clock(Int64(bitPattern: try number(payload)))
    case .drained: return .drained
    case .lost:
      let (count, time) = try pair(payload)
      return .lost(count, time: time)
    case .end where payload.count == 8: return .end(unresolved: try number(payload), time: nil)
    case .end:
      let (count, time) = try pair(payload)
      return .end(unresolved: count, time: time)
    case nil: throw .damaged
    }
  }

  private func pair(_ payload: UnsafeRawBufferPointer) throws(RecordingError) -> (UInt64, UInt64) {
    guard payload.count == 16 else { throw .damaged }
    return (
      payload.loadUnaligned(as: UInt64.self),
      payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    )
  }

  private func number(_ payload: UnsafeRawBufferPointer) throws(RecordingError) -> UInt64 {
    guard payload.count == 8 else { throw .damaged }
    return payload.loadUnaligned(as: UInt64.self)
  }
}
