// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Writing lines failed; what was not written is still in the buffer.
public struct WriteError: Error, Equatable, Sendable {
  /// errno of write(2) or poll(2).
  public let errno: Int32
}

/// Output that waits to be written: whole lines, in memory that the buffer owns and frees.
///
/// `reserve()` is called once before each line and makes room for the longest one possible, so that
/// nothing that appends has to check. A caller that writes whenever `isFull` never makes it grow.
public struct LineBuffer: ~Copyable {
  /// An upper bound for one line, in bytes. A byte of a string takes at most four (`\377`, `255,`);
  /// a call that failed shows base and filename joined, and filename once more, of two names. The rest
  /// (keys, numbers of at most 22 digits, an errno's name) is below 1 KiB, and 64 bytes a process. In JSON
  /// a control group is shown three times, whole and in parts.
  static let longestLine =
    4 * (6 * Int(BFA_PATH_MAX.rawValue) + Int(BFA_COMM_SIZE.rawValue)) + 1024
    + 4 * (Int(BFA_PROCESS_BYTES.rawValue) + 2 * Int(BFA_CGROUP_PATH.rawValue))
    + 64 * (1 + Int(BFA_ANCESTORS.rawValue)) + longestEnding

  /// Bytes that the host and the boot id can take at the end of an object, with their keys.
  private static let longestEnding = 2 * 4 * Origin.longestName + 64

  private var start: UnsafeMutableRawPointer
  /// How many bytes wait to be written.
  public private(set) var count = 0
  /// How many bytes fit before the buffer has to grow.
  public private(set) var capacity: Int
  /// The last members of each object of JSON.
  private var ending = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  /// - Parameter capacity: bytes; raised to the length of the longest line.
  public init(capacity: Int = 256 << 10) {
    self.capacity = max(capacity, Self.longestLine)
    guard let start = malloc(self.capacity) else { Self.outOfMemory(self.capacity) }
    self.start = start
  }

  deinit {
    free(start)
    ending.deallocate()
  }

  /// - Parameter ending: the last members of each object of JSON, each with a comma in front.
  mutating func setEnding(_ ending: [UInt8]) {
    self.ending.deallocate()
    self.ending = .allocate(byteCount: ending.count, alignment: 1)
    self.ending.copyBytes(from: ending)
  }

  mutating func appendEnding() { append(UnsafeRawBufferPointer(ending)) }

  /// No room for another line without growing: time to write.
  public var isFull: Bool { capacity - count < Self.longestLine }

  /// Calls `body` with the bytes that wait; they are borrowed for the call.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Forgets the bytes that wait; keeps the memory.
  public mutating func removeAll() { count = 0 }

  /// Forgets what came after the first `length` bytes that wait, and returns it.
  mutating func removeLast(from length: Int) -> [UInt8] {
    let removed = UnsafeRawBufferPointer(start: start + length, count: count - length)
    count = length
    return Array(removed)
  }

  /// Writes everything to `fd` and empties the buffer.
  ///
  /// Goes on after interruption by a signal and after partial writes; waits while a non-blocking
  /// `fd` takes nothing. On an error, bytes that were written before are gone from the buffer.
  public mutating func write(to fd: Int32) throws(WriteError) {
    var written = 0
    defer {
      count -= written
      memmove(start, start + written, count)
    }
    while written < count {
      let result = Glibc.write(fd, start + written, count - written)
      if result >= 0 {
        written += result
        continue
      }
      switch errno {
      case EINTR: break
      case EAGAIN: try Self.waitUntilWritable(fd)
      case let error: throw WriteError(errno: error)
      }
    }
  }

  /// Returns also for errors and hang-ups on `fd`: the next write(2) reports them.
  private static func waitUntilWritable(_ fd: Int32) throws(WriteError) {
    var poll = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
    while Glibc.poll(&poll, 1, -1) < 0 {
      if errno != EINTR { throw WriteError(errno: errno) }
    }
  }

  /// Makes room for one line of any length.
  mutating func reserve() {
    if isFull { grow() }
  }

  @inline(never)
  private mutating func grow() {
    let larger = max(2 * capacity, count + Self.longestLine)
    guard let moved = realloc(start, larger) else { Self.outOfMemory(larger) }
    start = moved
    capacity = larger
  }

  private static func outOfMemory(_ size: Int) -> Never {
    fatalError("no memory for \(size) bytes of output")
  }
}

// The memory has one owner and is reached through it only, so it may move to another thread.
extension LineBuffer: @unchecked Sendable {}

// MARK: Bytes and numbers. All of them need room that reserve() made.

extension LineBuffer {
  @inline(__always)
  mutating func append(byte: UInt8) {
    assert(count < capacity)
    start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  // Inlined, so that a literal becomes a few stores of constants.
  @inline(__always)
  mutating func append(_ literal: StaticString) {
    append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    assert(bytes.count <= capacity - count)
    guard let source = bytes.baseAddress else { return }
    (start + count).copyMemory(from: source, byteCount: bytes.count)
    count &+= bytes.count
  }

  /// A NUL-terminated string of C.
  mutating func append(cString: UnsafePointer<CChar>) {
    append(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  mutating func append(decimal value: UInt64) {
    // Most counts and descriptors are.
    if value < 10 { return append(byte: UInt8(ascii: "0") | UInt8(truncatingIfNeeded: value)) }
    var digits = 2
    var bound: UInt64 = 100
    // 10^19 is the largest power of ten in 64 bits.
    while value >= bound {
      digits &+= 1
      if digits == 20 { break }
      bound &*= 10
    }
    append(decimal: value, digits: digits)
  }

  mutating func append(decimal value: Int64) {
    if value < 0 { append(byte: UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  @inline(__always)
  mutating func append(decimal value: UInt32) { append(decimal: UInt64(value)) }

  @inline(__always)
  mutating func append(decimal value: Int32) { append(decimal: Int64(value)) }

  /// The last `digits` digits of `value`, with zeros in front.
  @inline(__always)
  mutating func append(decimal value: UInt64, digits: Int) {
    assert(digits <= capacity - count)
    var rest = value
    var offset = count &+ digits
    let first = count
    count = offset
    // Two at a time: each step has to wait for the division of the one before.
    while offset &- first >= 2 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      offset &-= 2
      (start + offset).copyMemory(from: Self.digitPairs.utf8Start + 2 * Int(pair), byteCount: 2)
      rest = quotient
    }
    if offset > first {
      let digit = UInt8(truncatingIfNeeded: rest % 10) | UInt8(ascii: "0")
      start.storeBytes(of: digit, toByteOffset: first, as: UInt8.self)
    }
  }

  private static var digitPairs: StaticString {
    """
    00010203040506070809101112131415161718192021222324252627282930313233343536373839\
    40414243444546474849505152535455565758596061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899
    """
  }

  /// As C writes octal constants: a zero in front, and zero itself as `0`.
  mutating func append(octal value: UInt32) {
    if value != 0 { append(byte: UInt8(ascii: "0")) }
    append(octal: value, digits: max(1, (34 - value.leadingZeroBitCount) / 3))
  }

  /// The last `digits` octal digits of `value`, with zeros in front.
  mutating func append(octal value: UInt32, digits: Int) {
    var shift = 3 &* UInt32(truncatingIfNeeded: digits)
    while shift > 0 {
      shift &-= 3
      append(byte: UInt8(truncatingIfNeeded: value &>> shift) & 7 | UInt8(ascii: "0"))
    }
  }

  /// `0x` and the digits, without zeros in front.
  mutating func append(hexadecimal value: UInt64) {
    append("0x")
    var shift = UInt64(max(0, 60 - value.leadingZeroBitCount / 4 * 4))
    while true {
      append(hexadecimalDigit: UInt8(truncatingIfNeeded: value &>> shift) & 0xf)
      if shift == 0 { return }
      shift -= 4
    }
  }

  /// The hexadecimal digit of a value below 16.
  mutating func append(hexadecimalDigit value: UInt8) {
    append(byte: value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
  }

  /// `seconds.microseconds`; what is below a microsecond is cut off.
  mutating func append(secondsOf nanoseconds: UInt64) {
    append(decimal: nanoseconds / 1_000_000_000)
    append(microsecondsOf: nanoseconds)
  }

  /// `.microseconds`, six digits: the part below a second.
  mutating func append(microsecondsOf nanoseconds: UInt64) {
    append(byte: UInt8(ascii: "."))
    append(decimal: nanoseconds % 1_000_000_000 / 1000, digits: 6)
  }

  /// Makes `byte` the one at `offset`, counted from the oldest that waits.
  mutating func replaceByte(at offset: Int, with byte: UInt8) {
    assert(offset < count)
    start.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
  }
}
