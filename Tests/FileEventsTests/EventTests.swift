// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

@Suite("Decoding records")
struct EventTests {
  private static let accessSize = MemoryLayout<bfa_access>.size

  private func decodingError(_ bytes: [UInt8]) -> RecordError? {
    bytes.withUnsafeBytes { bytes in
      do throws(RecordError) {
        _ = try Event(record: bytes)
        return nil
      } catch {
        return error
      }
    }
  }

  @Test("an access shows its fields, its path and its process name")
  func access() throws {
    let record = accessRecord(Common(marks: [BFA_MARK_FD])) {
      $0.record.fd = 3
      $0.reads = 2
      $0.read_bytes = .max
    }
    try record.withUnsafeBytes { bytes in
      let event = try Event(record: bytes)
      #expect(event.record.tgid == 35929)
      #expect(event.has(BFA_MARK_FD))
      #expect(!event.has(BFA_MARK_FLAGS))
      #expect(event.access?.reads == 2)
      #expect(event.access?.read_bytes == .max)
      #expect(event.call == nil)
      #expect(Array(event.path) == Array("/etc/motd".utf8))
      #expect(event.filename.isEmpty)
      #expect(Array(event.comm) == Array("head".utf8))
    }
  }

  @Test("a call shows its result and the string that was passed, at any alignment")
  func call() throws {
    let record = [0] + failedOpen(base: "/home/me", filename: "nope")
    try record.withUnsafeBytes { bytes in
      let event = try Event(record: UnsafeRawBufferPointer(rebasing: bytes[1...]))
      #expect(event.call?.ret == -2)
      #expect(event.access == nil)
      #expect(Array(event.path) == Array("/home/me".utf8))
      #expect(Array(event.filename) == Array("nope".utf8))
    }
  }

  @Test("every prefix of a record is refused, and nothing after it is read")
  func prefixes() throws {
    let memory = try GuardedBytes(atMost: 4096)
    var writer = EventWriter()
    let records = [
      accessRecord(), failedOpen(base: "/home/me", filename: "nope"), Self.renaming(),
    ]
    for record in records {
      for length in 0..<record.count {
        let bytes = memory.hold(record.prefix(length))
        #expect(throws: RecordError.short) { try Event(record: bytes) }
        let made = writer.append(record: bytes)
        #expect(!made)
      }
      let made = writer.append(record: memory.hold(record))
      #expect(made)
    }
    #expect(writer.malformed == UInt64(records.reduce(0) { $0 + $1.count }))
  }

  @Test("no bytes at all are refused")
  func noBytes() {
    #expect(throws: RecordError.short) {
      try Event(record: UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  @Test("an unknown kind is refused", arguments: [0, 5, 255, 65535] as [UInt16])
  func unknownKind(kind: UInt16) {
    #expect(decodingError(accessRecord { $0.record.kind = kind }) == .unknownKind)
  }

  @Test("lengths beyond the end of the record are refused")
  func lengthsBeyondTheRecord() {
    #expect(decodingError(accessRecord { $0.record.path_len += 1 }) == .short)
    #expect(decodingError(accessRecord { $0.record.filename_len = 1 }) == .short)
    #expect(decodingError(accessRecord { $0.record.path_len = 4095 }) == .short)
  }

  @Test("lengths above the limits are refused, even if the bytes are there")
  func lengthsAboveLimits() {
    let longest = [UInt8](repeating: UInt8(ascii: "a"), count: 4095)
    #expect(decodingError(accessRecord(Common(path: longest, filename: longest))) == nil)
    #expect(decodingError(accessRecord(Common(path: longest + [97]))) == .overLimit)
    #expect(decodingError(accessRecord(Common(filename: longest + [97]))) == .overLimit)
    #expect(decodingError(accessRecord { $0.record.path_len = .max }) == .overLimit)
  }

  @Test("a call shows its second name, at any alignment")
  func secondName() throws {
    for offset in 0..<8 {
      let record = [UInt8](repeating: 0, count: offset) + Self.renaming()
      try record.withUnsafeBytes { bytes in
        let event = try Event(record: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        let strings = [event.path, event.filename, event.newPath, event.newFilename]
        #expect(strings.map { String(decoding: $0, as: UTF8.self) } == ["/a", "b", "/cc", "ddd"])
      }
    }
  }

  @Test("an access has no second name")
  func noSecondName() throws {
    try accessRecord().withUnsafeBytes { bytes in
      let event = try Event(record: bytes)
      #expect(event.newPath.isEmpty && event.newFilename.isEmpty)
    }
  }

  @Test("lengths of second names beyond the end of the record, or above the limits, are refused")
  func secondLengths() {
    #expect(decodingError(Self.renaming()) == nil)
    #expect(decodingError(Self.renaming { $0.new_path_len += 1 }) == .short)
    #expect(decodingError(Self.renaming { $0.new_filename_len += 1 }) == .short)
    #expect(decodingError(Self.renaming { $0.new_path_len = 4095 }) == .short)
    #expect(decodingError(Self.renaming { $0.new_path_len = 4096 }) == .overLimit)
    #expect(decodingError(Self.renaming { $0.new_filename_len = .max }) == .overLimit)
    #expect(decodingError(Self.renaming { ($0.new_path_len, $0.new_filename_len) = (4, 2) }) == nil)
    // The ring buffer pads records with up to eight bytes; nine more are refused.
    let lengths = { (count: UInt16) in
      { (call: inout bfa_call_record) in call.new_path_len -= count }
    }
    #expect(decodingError(Self.renaming(lengths(3)) + [UInt8](repeating: 0, count: 5)) == nil)
    #expect(decodingError(Self.renaming(lengths(3)) + [UInt8](repeating: 0, count: 6)) == .long)
    let longest = [UInt8](repeating: UInt8(ascii: "a"), count: 4095)
    let whole = Common(path: longest, filename: longest, newPath: longest, newFilename: longest)
    #expect(decodingError(callRecord(BFA_CALL_rename, whole)) == nil)
    var over = whole
    over.newPath.append(97)
    #expect(decodingError(callRecord(BFA_CALL_rename, over)) == .overLimit)
    #expect(decodingError(callRecord(BFA_CALL_rename, whole).dropLast()) == .short)
  }

  private static func renaming(_ change: (inout bfa_call_record) -> Void = { _ in }) -> [UInt8] {
    let common = Common(
      marks: [BFA_MARK_NEW_PATH], path: Array("/a".utf8), filename: Array("b".utf8),
      newPath: Array("/cc".utf8), newFilename: Array("ddd".utf8))
    return callRecord(BFA_CALL_rename, common, change)
  }

  @Test("random calls on two names never crash, and nothing after them is read")
  func randomCalls() throws {
    let memory = try GuardedBytes(atMost: 4096)
    var generator = SeededGenerator(state: 4)
    var text = EventWriter(options: LineOptions(long: true, timestamps: .timeOfDay, user: true))
    var json = EventWriter(options: LineOptions(json: true, timestamps: .sinceEpoch, user: true))
    for _ in 0..<3000 {
      let random = { (count: Int) in
        (0..<Int.random(in: 0...count, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
      }
      let common = Common(
        comm: random(16), path: random(40), filename: random(40), newPath: random(40),
        newFilename: random(40))
      var bytes = callRecord(bfa_call(UInt32.random(in: 0...300, using: &generator)), common)
      // Fill marks and types.
      let noise = (0..<6).map { _ in UInt8.random(in: 0...255, using: &generator) }
      bytes.replaceSubrange(8..<12, with: noise[..<4])
      bytes.replaceSubrange(2..<4, with: noise[4...])
      let record = memory.hold(bytes)
      let made = text.append(record: record)
      let madeJSON = json.append(record: record)
      #expect(made && madeJSON)
      let shown = json.lines.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
      try checkJSON(shown)
      json.lines.removeAll()
      text.lines.removeAll()
    }
  }

  @Test("padding of up to eight bytes is accepted, more is not")
  func padding() {
    for count in 0...8 {
      #expect(decodingError(accessRecord() + [UInt8](repeating: 0xff, count: count)) == nil)
    }
    #expect(decodingError(accessRecord() + [UInt8](repeating: 0, count: 9)) == .long)
  }

  @Test("random bytes never crash, and make at most one line per record")
  func randomBytes() throws {
    let memory = try GuardedBytes(atMost: 16384)
    var generator = SeededGenerator(state: 1)
    var text = EventWriter(options: LineOptions(long: true, timestamps: .timeOfDay, user: true))
    var json = EventWriter(options: LineOptions(json: true, timestamps: .sinceEpoch, user: true))
    var lines = 0
    for round in 0..<6000 {
      var bytes = (0..<Int.random(in: 0..<400, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if round % 4 != 0, bytes.count >= Self.accessSize {
        // Kind and lengths fit, and everything else is random.
        let rest = bytes.count - Self.accessSize
        let filename = Int.random(in: 0...rest, using: &generator)
        bytes.replaceSubrange(0..<2, with: [UInt8.random(in: 1...2, using: &generator), 0])
        let lengths = [rest - filename, filename].flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        bytes.replaceSubrange(4..<8, with: lengths)
        // A call: set the lengths of the second name to 0.
        bytes.replaceSubrange((Self.accessSize - 8)..<(Self.accessSize - 4), with: [0, 0, 0, 0])
        // Random bytes are hardly ever whole processes: set their length to 0.
        let processes = try #require(MemoryLayout<bfa_record>.offset(of: \.process_len))
        bytes.replaceSubrange(processes..<(processes + 2), with: [0, 0])
      }
      let record = memory.hold(bytes)
      let made = text.append(record: record)
      let madeJSON = json.append(record: record)
      #expect(madeJSON == made)
      lines += made ? 1 : 0
    }
    #expect(lines > 2000)
    #expect(text.malformed == UInt64(6000 - lines))
    let newlines = text.lines.withUnsafeBytes { $0.count { $0 == UInt8(ascii: "\n") } }
    #expect(newlines == lines)
  }
}
