// SPDX-License-Identifier: Apache-2.0

/// Makes the frames of a recording; the caller writes them out. Nothing is allocated per record as
/// long as `frames` is written before it is full.
public struct RecordingWriter: ~Copyable {
  /// The frames so far, whole ones.
  public var frames: LineBuffer
  /// The offset in the last clock frame.
  private var realtimeOffset: Int64?
  /// There are records after the last `drained` frame.
  private var isInShare = false

  public init(capacity: Int = 256 << 10) { frames = LineBuffer(capacity: capacity) }

  /// Begins a recording, which is whole by itself whatever is before it.
  public mutating func append(_ header: RecordingHeader) {
    let bytes = header.bytes
    bytes.withUnsafeBytes { append(.header, $0) }
    realtimeOffset = nil
  }

  /// - Parameter realtimeOffset: nanoseconds from the record's clock to the one on the wall.
  public mutating func append(record: UnsafeRawBufferPointer, realtimeOffset: Int64) {
    if realtimeOffset != self.realtimeOffset {
      self.realtimeOffset = realtimeOffset
      append(.clock, number: UInt64(bitPattern: realtimeOffset))
    }
    append(.record, record)
    isInShare = true
  }

  /// The ring has been drained.
  public mutating func endShare() {
    if isInShare { append(.drained, UnsafeRawBufferPointer(start: nil, count: 0)) }
    isInShare = false
  }

  /// - Parameter time: nanoseconds since the epoch.
  public mutating func append(lost count: UInt64, time: UInt64) {
    withUnsafeBytes(of: (count, time)) { append(.lost, $0) }
  }

  /// - Parameter time: nanoseconds since the epoch.
  public mutating func end(unresolved count: UInt64, time: UInt64) {
    withUnsafeBytes(of: (count, time)) { append(.end, $0) }
  }

  private mutating func append(_ kind: FrameKind, number: UInt64) {
    withUnsafeBytes(of: number) { append(kind, $0) }
  }

  @inline(__always)
  private mutating func append(_ kind: FrameKind, _ bytes: UnsafeRawBufferPointer) {
    frames.reserve()
    let head = (kind.rawValue, UInt32(truncatingIfNeeded: bytes.count))
    withUnsafeBytes(of: head) { frames.append($0) }
    frames.append(bytes)
  }
}
