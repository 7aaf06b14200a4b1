// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// The file of --record: frames, each a kind and a length, 32 bits each in the byte order of the
/// machine, and so many bytes. A header is the first, and may come again: recordings that are put
/// one behind the other are one. Numbers and structures are not aligned.
enum FrameKind: UInt32 {
  /// "BFAR" or, read in the other byte order, "RAFB"; what follows is a `RecordingHeader`.
  case header = 0x5241_4642
  /// A record as the ring buffer had it.
  case record = 1
  /// 64 bits: nanoseconds from CLOCK_BOOTTIME to CLOCK_REALTIME, for the records that follow.
  case clock = 2
  /// No bytes: the records so far were one share of the ring. What is added up in shares, requests
  /// to disks, becomes lines here.
  case drained = 3
  /// 64 bits: so many events are missing here; and 64 bits: when that was found out, in nanoseconds
  /// since the epoch.
  case lost = 4
  /// 64 bits: how many calls could not be shown; and 64 bits, which early recordings lack: when it
  /// ended, in nanoseconds since the epoch. The recording is whole.
  case end = 5
}

/// What a recording is of, and what can read it.
public struct RecordingHeader: Equatable, Sendable {
  /// What was recorded: without it, a replay cannot show it.
  public struct Contents: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(of subject: Subject) {
      self =
        switch subject {
        case .accesses: []
        case .calls: .calls
        case .requests: .disk
        }
    }

    public var subject: Subject {
      contains(.disk) ? .requests : contains(.calls) ? .calls : .accesses
    }

    /// Calls instead of merged accesses.
    public static let calls = Contents(rawValue: 1 << 0)
    /// Requests to disks instead of accesses.
    public static let disk = Contents(rawValue: 1 << 1)
    /// Calls that look without opening.
    public static let metadata = Contents(rawValue: 1 << 2)
    public static let exe = Contents(rawValue: 1 << 3)
    public static let parents = Contents(rawValue: 1 << 4)
    /// With requests to disks, the bytes passed to write calls.
    public static let writeCalls = Contents(rawValue: 1 << 5)
    /// Virtual file systems and device nodes.
    public static let all = Contents(rawValue: 1 << 6)
    public static let cgroup = Contents(rawValue: 1 << 8)
    public static let cwd = Contents(rawValue: 1 << 9)
    public static let args = Contents(rawValue: 1 << 10)
    /// Only what --changes needs of calls.
    public static let changes = Contents(rawValue: 1 << 7)
    /// With `changes`, what --inputs needs.
    public static let inputs = Contents(rawValue: 1 << 11)
    /// With `inputs`, names that were looked up in vain.
    public static let missing = Contents(rawValue: 1 << 12)
  }

  /// The version of the bfatrace that recorded.
  public var version: String
  /// The release of the kernel that was traced.
  public var release: String
  /// The host and boot that were traced.
  public var origin: Origin
  public var contents: Contents
  /// The command line, which may restrict what was recorded.
  public var arguments: [String]

  public init(
    version: String, release: String, origin: Origin, contents: Contents, arguments: [String]
  ) {
    (self.version, self.release, self.origin) = (version, release, origin)
    (self.contents, self.arguments) = (contents, arguments)
  }

  /// Changes whenever a record means something else: sizes of the structures, and the numbers of
  /// calls and causes, by FNV-1a.
  static let layout: UInt64 = {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    func add(_ name: UnsafePointer<CChar>?) {
      var next = name
      while let byte = next?.pointee, byte != 0 {
        add(UInt8(bitPattern: byte))
        next = next?.successor()
      }
      add(0)
    }
    for size in sizes { for byte in size.description.utf8 { add(byte) } }
    for call in 0..<UInt32(BFA_CALL_COUNT.rawValue) { add(bfa_call_name(call)) }
    for cause in 0..<UInt32(BFA_CAUSE_COUNT.rawValue) { add(bfa_disk_cause_name(cause)) }
    return hash
  }()

  private static let sizes = [
    MemoryLayout<bfa_record>.size, MemoryLayout<bfa_access>.size,
    MemoryLayout<bfa_call_record>.size, MemoryLayout<bfa_disk_record>.size,
    MemoryLayout<bfa_process>.size, MemoryLayout<bfa_disk_end>.size,
  ]

  /// Version of this format; the layout; the contents; then the strings, each after its length.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func add<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }
    add(Self.formatVersion)
    add(Self.layout)
    add(contents.rawValue)
    for text in [version, release, origin.host, origin.bootID] + arguments {
      let text = Array(text.utf8).prefix(Int(UInt16.max))
      add(UInt16(text.count))
      bytes.append(contentsOf: text)
    }
    return bytes
  }

  private static let formatVersion: UInt32 = 2

  init(_ bytes: UnsafeRawBufferPointer) throws(RecordingError) {
    var rest = bytes[...]
    func number<Number: FixedWidthInteger>(_: Number.Type) throws(RecordingError) -> Number {
      let size = MemoryLayout<Number>.size
      guard rest.count >= size else { throw .damaged }
      defer { rest = rest.dropFirst(size) }
      return UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: Number.self)
    }
    func text() throws(RecordingError) -> String {
      let length = Int(try number(UInt16.self))
      guard rest.count >= length else { throw .damaged }
      defer { rest = rest.dropFirst(length) }
      return String(decoding: rest.prefix(length), as: UTF8.self)
    }
    let format = try number(UInt32.self)
    let layout = try number(UInt64.self)
    contents = Contents(rawValue: try number(UInt32.self))
    (version, release) = (try text(), try text())
    origin = Origin(host: try text(), bootID: try text())
    arguments = []
    while !rest.isEmpty { arguments.append(try text()) }
    if format != Self.formatVersion || layout != Self.layout { throw .otherVersion(version) }
  }
}

/// Why bytes are no recording, or a recording that cannot be read here.
public enum RecordingError: Error, Equatable, Sendable {
  case noRecording
  case otherByteOrder
  /// Another version of bfatrace recorded it: this one.
  case otherVersion(String)
  /// A frame is not what its kind should be.
  case damaged
}
