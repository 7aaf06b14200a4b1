// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Builds the absolute path that a failed open asked for, in memory of fixed size that it owns.
///
/// The name was never looked up to its end, so nothing but its text is known: it is joined with the
/// directory the lookup starts from and tidied up as text, symlinks or not.
struct AskedPath: ~Copyable {
  /// A base of `BFA_PATH_MAX - 1` bytes, a slash, and a filename of as many.
  private static let capacity = 2 * Int(BFA_PATH_MAX.rawValue)

  private let start: UnsafeMutableRawPointer
  private var count = 0

  init() {
    guard let start = malloc(Self.capacity) else { fatalError("no memory for a path") }
    self.start = start
  }

  deinit { free(start) }

  /// The absolute path for `filename`, looked up from `base`; empty if it cannot be known.
  ///
  /// `.` and empty components go, `..` takes the one before: up to `/`, or for an absolute
  /// `filename` up to `base`, which is then the process's root. A slash at the end goes too.
  /// - Parameter isTail: `base` is only the end of a path; what is in front of it stays unknown.
  /// - Returns: borrowed from this buffer, until the next call.
  mutating func resolve(
    base: UnsafeRawBufferPointer, filename: UnsafeRawBufferPointer, isTail: Bool
  ) -> UnsafeRawBufferPointer {
    let slash = UInt8(ascii: "/")
    let isAbsolute = !filename.isEmpty && filename[0] == slash
    let unknown = UnsafeRawBufferPointer(start: nil, count: 0)
    if base.isEmpty && !isAbsolute { return unknown }
    count = 0
    append(base)
    while count > 0 && byte(count - 1) == slash { count -= 1 }
    let floor = isAbsolute ? count : 0

    var rest = filename
    while !rest.isEmpty {
      let end = rest.offset(of: slash) ?? rest.count
      let component = UnsafeRawBufferPointer(rebasing: rest[..<end])
      rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
      if component.isEmpty || Self.isDots(component, 1) { continue }
      if Self.isDots(component, 2) {
        if isTail && count == 0 { return unknown }
        removeLastComponent(downTo: floor)
      } else {
        start.storeBytes(of: slash, toByteOffset: count, as: UInt8.self)
        count += 1
        append(component)
      }
    }
    if count == 0 {
      if isTail { return unknown }
      start.storeBytes(of: slash, as: UInt8.self)
      count = 1
    }
    return UnsafeRawBufferPointer(start: start, count: count)
  }

  /// The directory that holds the path just resolved, which is not empty; `/` for itself.
  /// - Returns: borrowed from this buffer, until the next call.
  mutating func parent() -> UnsafeRawBufferPointer {
    removeLastComponent(downTo: 0)
    count = max(count, 1)
    return UnsafeRawBufferPointer(start: start, count: count)
  }

  /// The last component of the path just resolved; empty for `/`.
  var lastComponent: UnsafeRawBufferPointer {
    var first = count
    while first > 0 && byte(first - 1) != UInt8(ascii: "/") { first -= 1 }
    return UnsafeRawBufferPointer(start: start + first, count: count - first)
  }

  private func byte(_ offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    assert(bytes.count <= Self.capacity - count)
    guard let source = bytes.baseAddress else { return }
    (start + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  private mutating func removeLastComponent(downTo floor: Int) {
    while count > floor {
      count -= 1
      if byte(count) == UInt8(ascii: "/") { return }
    }
  }

  private static func isDots(_ component: UnsafeRawBufferPointer, _ count: Int) -> Bool {
    if component.count != count { return false }
    for byte in component where byte != UInt8(ascii: ".") { return false }
    return true
  }
}

extension UnsafeRawBufferPointer {
  /// Where the first `byte` is. Not firstIndex(of:), which allocates unless it is specialised.
  func offset(of byte: UInt8) -> Int? {
    guard let start = baseAddress, let found = memchr(start, Int32(byte), count) else { return nil }
    return UnsafeRawPointer(found) - start
  }
}

// The memory has one owner and is reached through it only, so it may move to another thread.
extension AskedPath: @unchecked Sendable {}
