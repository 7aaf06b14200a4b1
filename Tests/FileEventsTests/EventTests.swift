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

  @Test("every prefix of a record is refused and nothing behind it is read")
  func prefixes() throws {
    let memory = try GuardedBytes(atMost: 4096)
    var writer = EventWriter()
    let records = [accessRecord(), failedOpen(base: "/home/me", filename: "nope")]
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
    #expect(writer.malformed == UInt64(records[0].count + records[1].count))
  }

  @Test("no bytes at all are refused")
  func noBytes() {
    #expect(throws: RecordError.short) {
      try Event(record: UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  @Test("a kind that is not known is refused", arguments: [0, 3, 255, 65535] as [UInt16])
  func unknownKind(kind: UInt16) {
    #expect(decodingError(accessRecord { $0.record.kind = kind }) == .unknownKind)
  }

  @Test("lengths above the record's are refused")
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

  @Test("padding of up to eight bytes is accepted, more is not")
  func padding() {
    for count in 0...8 {
      #expect(decodingError(accessRecord() + [UInt8](repeating: 0xff, count: count)) == nil)
    }
    #expect(decodingError(accessRecord() + [UInt8](repeating: 0, count: 9)) == .long)
  }

  @Test("random bytes never crash, and make at most one line a record")
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
        // Believable from the outside: kind and lengths fit, everything else is noise.
        let rest = bytes.count - Self.accessSize
        let filename = Int.random(in: 0...rest, using: &generator)
        bytes.replaceSubrange(0..<2, with: [UInt8.random(in: 1...2, using: &generator), 0])
        let lengths = [rest - filename, filename].flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        bytes.replaceSubrange(4..<8, with: lengths)
        // Of a call: no second name.
        bytes.replaceSubrange((Self.accessSize - 8)..<(Self.accessSize - 4), with: [0, 0, 0, 0])
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
