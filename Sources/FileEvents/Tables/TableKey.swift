// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What a row of a table is about; a table has one to three of them.
public struct TableKey: Equatable, Sendable, CustomStringConvertible {
  public enum Kind: String, CaseIterable, Sendable {
    case process, comm, exe, file, dir, user, unit, container, device, call
  }

  public let kind: Kind
  /// With `dir`: how many components of a path are kept; 0: all.
  public let depth: Int

  public init(_ kind: Kind, depth: Int = 0) {
    self.kind = kind
    self.depth = depth
  }

  /// As `--by` takes it: `file`, `dir:2`. Nil if it is none.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let kind = Kind(rawValue: String(parts[0])), parts.count <= 2 else { return nil }
    var depth = 0
    if parts.count == 2 {
      guard kind == .dir, let number = Int(parts[1]), (1...999).contains(number) else { return nil }
      depth = number
    }
    self.init(kind, depth: depth)
  }

  /// As `--by` takes it.
  public var description: String { depth == 0 ? kind.rawValue : "\(kind.rawValue):\(depth)" }
}

/// What is known of a file in the key of a row; the raw value comes first, then its bytes.
enum TableFile: UInt8 {
  /// The path, or only its end; its bytes follow.
  case path, tail
  /// Device and inode; device only.
  case numbers, device
  /// The call is about no file, or nothing is known of it.
  case none
}

/// Puts the keys of rows together, in memory of fixed size that it owns.
///
/// A key is a string of bytes: for each `TableKey`, in order, numbers with the most significant byte
/// first, and strings with a NUL at their end. So equal rows have equal bytes, and the order of the
/// bytes is one of rows. `TableKeyReader` takes them apart again.
struct TableKeyBuilder: ~Copyable {
  /// Three paths, each of a base and a filename joined.
  private static let capacity = 3 * (2 * Int(BFA_PATH_MAX.rawValue) + 64)

  private let start: UnsafeMutableRawPointer
  private var count = 0
  /// A later process may have the same id: the time when it began distinguishes them.
  private let tellsProcessesApart: Bool

  /// - Parameter tellsProcessesApart: two processes that had one number are two rows. Records about
  ///   disks do not know when a process began.
  init(tellsProcessesApart: Bool) {
    self.tellsProcessesApart = tellsProcessesApart
    start = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 8)
  }

  deinit { start.deallocate() }

  /// - Returns: the key of the event's row, borrowed until the next call.
  mutating func key(
    _ keys: [TableKey], of event: Event, path: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    count = 0
    let record = event.record
    // By index: an iterator that is not specialised, as in debug builds, allocates.
    for index in keys.indices {
      let key = keys[index]
      switch key.kind {
      case .process: appendProcess(record)
      case .comm: appendComm(of: event)
      case .exe:
        var processes = event.processes
        append(string: processes.next()?.exe ?? UnsafeRawBufferPointer(start: nil, count: 0))
      case .file: appendFile(event, record, path)
      case .dir: appendDirectory(event, record, path, depth: key.depth)
      case .user: append(record.uid)
      case .unit: append(string: CgroupPath(Self.cgroup(of: event)).unit)
      case .container: append(string: CgroupPath(Self.cgroup(of: event)).container)
      case .device: appendDevice(event, record)
      case .call: append(UInt32(record.call))
      }
    }
    return UnsafeRawBufferPointer(start: start, count: count)
  }

  private static func cgroup(of event: Event) -> UnsafeRawBufferPointer {
    var processes = event.processes
    return processes.next()?.cgroup ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private mutating func appendProcess(_ record: bfa_record) {
    append(record.tgid)
    let began = tellsProcessesApart ? record.began_ns : 0
    append(UInt32(truncatingIfNeeded: began >> 32))
    append(UInt32(truncatingIfNeeded: began))
  }

  private mutating func appendComm(of event: Event) {
    if event.disk?.isOfNobody == true {
      let unknown: StaticString = "unknown"
      append(
        string: UnsafeRawBufferPointer(
          start: unknown.utf8Start, count: unknown.utf8CodeUnitCount))
    } else {
      append(string: event.comm)
    }
  }

  private mutating func appendFile(
    _ event: Event, _ record: bfa_record, _ path: UnsafeRawBufferPointer
  ) {
    if event.has(BFA_MARK_NO_FILE) { return append(.none) }
    if !path.isEmpty {
      append(event.has(BFA_MARK_TRUNCATED) ? .tail : .path)
      return append(string: path)
    }
    guard event.has(BFA_MARK_FILE) else { return appendFileSystem(event, record) }
    append(.numbers)
    append(record.device)
    append(UInt32(truncatingIfNeeded: record.inode >> 32))
    append(UInt32(truncatingIfNeeded: record.inode))
  }

  private mutating func appendFileSystem(_ event: Event, _ record: bfa_record) {
    guard event.disk != nil || event.has(BFA_MARK_FILE) else { return append(.none) }
    append(.device)
    append(record.device)
  }

  private mutating func appendDirectory(
    _ event: Event, _ record: bfa_record, _ path: UnsafeRawBufferPointer, depth: Int
  ) {
    if event.has(BFA_MARK_NO_FILE) { return append(.none) }
    if path.isEmpty { return appendFileSystem(event, record) }
    let changes =
      BFA_CREATED.rawValue | BFA_DELETED.rawValue | BFA_MOVED_FROM.rawValue | BFA_MOVED_TO.rawValue
    let isDirectory = event.access != nil && UInt32(record.types) & changes != 0
    let isTail = event.has(BFA_MARK_TRUNCATED)
    append(isTail ? .tail : .path)
    var end = isDirectory ? path.count : Self.directoryEnd(path)
    if depth > 0 && !isTail { end = Self.end(path, components: depth, atMost: end) }
    append(string: UnsafeRawBufferPointer(rebasing: path[..<end]))
  }

  /// The length of the path of the directory that holds a path.
  private static func directoryEnd(_ path: UnsafeRawBufferPointer) -> Int {
    var end = path.count
    while end > 0 && path[end &- 1] != UInt8(ascii: "/") { end &-= 1 }
    // The slash belongs to the directory only if that is the root.
    return end > 1 ? end &- 1 : end
  }

  /// The length of the first components of a path.
  private static func end(
    _ path: UnsafeRawBufferPointer, components: Int, atMost end: Int
  ) -> Int {
    var slashes = 0
    var offset = 0
    while offset < end {
      if path[offset] == UInt8(ascii: "/") {
        if slashes == components { return offset }
        slashes &+= 1
      }
      offset &+= 1
    }
    return end
  }

  /// The disk of a request; otherwise the file system, which a disk may be found for.
  private mutating func appendDevice(_ event: Event, _ record: bfa_record) {
    if let disk = event.disk {
      append(byte: 1)
      append(disk.disk)
    } else {
      append(byte: 0)
      append(event.has(BFA_MARK_FILE) ? record.device : 0)
    }
  }

  private mutating func append(_ file: TableFile) { append(byte: file.rawValue) }

  private mutating func append(byte: UInt8) {
    start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  private mutating func append(_ value: UInt32) {
    start.storeBytes(of: value.bigEndian, toByteOffset: count, as: UInt32.self)
    count &+= 4
  }

  private mutating func append(string bytes: UnsafeRawBufferPointer) {
    if let source = bytes.baseAddress {
      (start + count).copyMemory(from: source, byteCount: bytes.count)
      count &+= bytes.count
    }
    append(byte: 0)
  }
}

/// Takes the key of a row apart; borrows its bytes.
struct TableKeyReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func byte() -> UInt8 {
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func number() -> UInt32 {
    defer { offset += 4 }
    return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  mutating func string() -> UnsafeRawBufferPointer {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
    let length = rest.offset(of: 0) ?? rest.count
    offset += length + 1
    return UnsafeRawBufferPointer(rebasing: rest[..<length])
  }

  /// What follows as a value of its kind.
  mutating func value(_ kind: TableKey.Kind) -> TableValue {
    switch kind {
    case .process:
      let pid = number()
      offset += 8
      return .pid(pid)
    case .comm, .exe, .unit, .container: return .string(string())
    case .user: return .user(number())
    case .call: return .call(number())
    case .device: return byte() == 1 ? .disk(number()) : .fileSystem(number())
    case .file, .dir: return file()
    }
  }

  private mutating func file() -> TableValue {
    switch TableFile(rawValue: byte()) {
    case .path: return .path(string(), isTail: false)
    case .tail: return .path(string(), isTail: true)
    case .numbers:
      let device = number()
      return .numbers(device: device, inode: UInt64(number()) << 32 | UInt64(number()))
    case .device: return .numbers(device: number(), inode: nil)
    default: return .none
    }
  }
}

/// One part of a row's key; borrowed, as the key is.
enum TableValue {
  case pid(UInt32)
  case string(UnsafeRawBufferPointer)
  case path(UnsafeRawBufferPointer, isTail: Bool)
  case numbers(device: UInt32, inode: UInt64?)
  case user(UInt32)
  case call(UInt32)
  case disk(UInt32)
  case fileSystem(UInt32)
  case none
}
