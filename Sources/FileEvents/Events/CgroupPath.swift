// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// The path of a control group, borrowed, and what its names tell.
struct CgroupPath {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

  /// The unit of systemd: the last name of that kind. Empty if there is none.
  var unit: UnsafeRawBufferPointer {
    firstFromEnd { name, _ in Self.isUnit(name) ? Self.unescaped(name) : nil } ?? Self.none
  }

  /// The id of the innermost container, or its name with LXC. Empty if there is none.
  var container: UnsafeRawBufferPointer {
    firstFromEnd { name, above in Self.container(in: name, below: above) } ?? Self.none
  }

  func isIn(unit: [UInt8]) -> Bool {
    firstFromEnd { name, _ in Self.unescaped(name).elementsEqual(unit) ? true : nil } ?? false
  }

  func isIn(containerThatBeginsWith id: [UInt8]) -> Bool {
    firstFromEnd { name, above in
      Self.container(in: name, below: above).map { $0.starts(with: id) } == true ? true : nil
    } ?? false
  }

  /// - Parameter path: without a slash at its end.
  func isUnder(_ path: [UInt8]) -> Bool {
    bytes.starts(with: path)
      && (bytes.count == path.count || bytes[path.count] == UInt8(ascii: "/"))
  }

  /// What the body makes of a name and the one above it, from the last one on, if it makes anything.
  private func firstFromEnd<Result>(
    _ body: (_ name: UnsafeRawBufferPointer, _ above: UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    var name = last(before: bytes.count)
    while !name.isEmpty {
      let above = last(before: name.startIndex - 1)
      let result = body(
        UnsafeRawBufferPointer(rebasing: bytes[name]),
        UnsafeRawBufferPointer(rebasing: bytes[above]))
      if let result { return result }
      name = above
    }
    return nil
  }

  /// The component that ends there, after its slash.
  private func last(before end: Int) -> Range<Int> {
    var start = max(0, end)
    while start > 0 && bytes[start &- 1] != UInt8(ascii: "/") { start &-= 1 }
    return start..<max(0, end)
  }

  /// systemd puts an underscore in front of what the kernel may use itself, as memory.service.
  private static func unescaped(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    name.first == UInt8(ascii: "_") ? UnsafeRawBufferPointer(rebasing: name.dropFirst()) : name
  }

  /// Kinds of units that have a group of their own (systemd.unit(5)).
  private static func isUnit(_ name: UnsafeRawBufferPointer) -> Bool {
    ends(name, ".service") || ends(name, ".scope") || ends(name, ".slice")
      || ends(name, ".socket") || ends(name, ".mount") || ends(name, ".swap")
  }

  static func ends(_ name: UnsafeRawBufferPointer, _ suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard name.count > length, let start = name.baseAddress else { return false }
    return memcmp(start + (name.count - length), suffix.utf8Start, length) == 0
  }

  private static func container(
    in name: UnsafeRawBufferPointer, below above: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    let sizes = (name: MemoryLayout<bfa_cgroup_name>.size, above: Int(BFA_ABOVE_SIZE))
    guard name.count < sizes.name else { return nil }
    let id = withUnsafeTemporaryAllocation(byteCount: sizes.name + sizes.above, alignment: 8) {
      memory in
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      memory.copyBytes(from: name)
      UnsafeMutableRawBufferPointer(rebasing: memory[sizes.name...])
        .copyBytes(from: above.prefix(sizes.above - 1))
      // The allocation is never empty.
      let start = memory.baseAddress!
      return bfa_container_in(
        start.assumingMemoryBound(to: bfa_cgroup_name.self), UInt32(name.count),
        (start + sizes.name).assumingMemoryBound(to: CChar.self))
    }
    if id.length == 0 { return nil }
    return UnsafeRawBufferPointer(rebasing: name[Int(id.start)..<Int(id.start + id.length)])
  }
}
