// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Foundation
import Testing

@Suite("Lines of JSON")
struct JSONLineTests {
  private let json = LineOptions(json: true)

  @Test("a merged line has the documented keys in their order")
  func mergedLine() throws {
    let marks = [BFA_MARK_FILE, BFA_MARK_FD, BFA_MARK_FLAGS, BFA_MARK_MODE]
    let record = accessRecord(Common(types: [opened, read, closed, written], marks: marks)) {
      ($0.record.device, $0.record.inode) = (8 << 20 | 2, 658203)
      ($0.record.fd, $0.record.flags, $0.record.mode) = (3, 0o2000000, 0o644)
      ($0.record.uid, $0.record.gid) = (1000, 100)
      ($0.opens, $0.closes) = (1, 1)
      ($0.reads, $0.read_bytes, $0.writes, $0.write_bytes) = (2, 286, 3, 4096)
    }
    var user = LineOptions(json: true, user: true)
    user.areOfHost = false
    #expect(
      line(record, user) == """
        {"comm":"head","pid":35929,"uid":1000,"gid":100,"types":"RCWO",\
        "device":{"major":8,"minor":2},"inode":658203,"path":"/etc/motd","fd":3,\
        "flags":"02000000","mode":"0644","opens":1,"reads":2,"read_bytes":286,"writes":3,\
        "write_bytes":4096,"closes":1}
        """)
    try checkJSON(line(record, user))
  }

  @Test("members that are zero or not known have no key")
  func leastKeys() throws {
    let least = #"{"comm":"head","pid":35929,"types":"R"}"#
    #expect(line(accessRecord(Common(path: [])), json) == least)
    try checkJSON(least)
  }

  @Test("a call that succeeded")
  func call() throws {
    let marks = [BFA_MARK_FD, BFA_MARK_SIZE, BFA_MARK_OFFSET, BFA_MARK_DURATION]
    let record = callRecord(BFA_CALL_pread64, Common(marks: marks)) {
      ($0.record.fd, $0.record.tid) = (3, 35931)
      ($0.ret, $0.size, $0.offset, $0.duration_ns) = (18, 8192, 512, 4321)
    }
    #expect(
      line(record, json) == """
        {"comm":"head","pid":35929,"types":"R","path":"/etc/motd","fd":3,"tid":35931,\
        "syscall":"pread64","ret":18,"size":8192,"offset":512,"duration_ns":4321}
        """)
    try checkJSON(line(record, json))
  }

  @Test("an open that failed has the absolute path and the string passed")
  func failedCall() throws {
    let record = failedOpen(
      base: "/home/me", filename: "../nope/", marks: [BFA_MARK_FLAGS, BFA_MARK_MODE])
    #expect(
      line(record, json) == """
        {"comm":"head","pid":35929,"types":"O","path":"/home/nope","flags":"0","mode":"0",\
        "tid":0,"syscall":"openat","ret":-2,"errno":"ENOENT","filename":"../nope/"}
        """)
    try checkJSON(line(record, json))
  }

  @Test("64-bit numbers are exact")
  func extremes() throws {
    let marks = [BFA_MARK_FILE, BFA_MARK_FD, BFA_MARK_SIZE, BFA_MARK_OFFSET, BFA_MARK_DURATION]
    let record = callRecord(BFA_CALL_read, Common(marks: marks, path: [])) {
      ($0.record.device, $0.record.inode, $0.record.fd) = (.max, .max, .min)
      ($0.ret, $0.size, $0.offset, $0.duration_ns) = (.min, .max, .min, .max)
      $0.record.tid = .max
    }
    #expect(
      line(record, json) == """
        {"comm":"head","pid":35929,"types":"R","device":{"major":4095,"minor":1048575},\
        "inode":18446744073709551615,"fd":-2147483648,"tid":4294967295,"syscall":"read",\
        "ret":-9223372036854775808,"size":18446744073709551615,"offset":-9223372036854775808,\
        "duration_ns":18446744073709551615,"errno":"errno 9223372036854775808"}
        """)
    let access = accessRecord(Common(path: [])) {
      ($0.opens, $0.closes, $0.reads, $0.write_bytes) = (.max, .max, .max, .max)
    }
    #expect(
      line(access, json) == """
        {"comm":"head","pid":35929,"types":"R","opens":4294967295,"reads":18446744073709551615,\
        "write_bytes":18446744073709551615,"closes":4294967295}
        """)
  }

  @Test("deleted files and truncated paths are marked")
  func deletedAndTruncated() throws {
    let marks = [BFA_MARK_UNLINKED, BFA_MARK_TRUNCATED]
    #expect(
      line(accessRecord(Common(marks: marks)), json) == """
        {"comm":"head","pid":35929,"types":"R","path":".../etc/motd","deleted":true,\
        "truncated":true}
        """)
    let raw = accessRecord(Common(marks: [BFA_MARK_TRUNCATED], path: [47, 10]))
    #expect(
      line(raw, json) == """
        {"comm":"head","pid":35929,"types":"R","path_raw":[46,46,46,47,10],"truncated":true}
        """)
    try checkJSON(line(raw, json))
  }

  @Test("lost events are a record of their own, in JSON only")
  func lost() {
    var writer = EventWriter(options: json)
    let motd = accessRecord(Common(path: []))
    _ = motd.withUnsafeBytes { writer.append(record: $0) }
    let made = writer.appendLost(.max, time: 0)
    #expect(made)
    let lines = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    #expect(
      lines == """
        {"comm":"head","pid":35929,"types":"R"}
        {"lost":18446744073709551615}

        """)
    var text = EventWriter()
    let madeText = text.appendLost(1, time: 0)
    #expect(!madeText && text.lines.count == 0)
  }

  @Test("any record makes JSON that a strict parser accepts, with no key twice")
  func anyRecord() throws {
    var generator = SeededGenerator(state: 2)
    for _ in 0..<500 {
      let random = { (count: Int) in
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      }
      let common = Common(comm: random(16), path: random(20), filename: random(20))
      var record = Int.random(in: 0...1) == 0 ? accessRecord(common) : callRecord(.init(5), common)
      // Fills types and marks.
      record.replaceSubrange(2..<4, with: random(2))
      record.replaceSubrange(8..<12, with: random(4))
      let options = LineOptions(json: true, timestamps: .sinceEpoch, user: true)
      try checkJSON(line(record, options))
    }
  }
}

/// Fails unless `text` is one JSON object in which no key comes twice.
func checkJSON(_ text: String) throws {
  let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
  let members = try #require(object as? [String: Any], "not an object: \(text)")
  // Keys need no escapes, so a quote ends them. Keys of nested objects are counted apart.
  var keys: [String] = []
  var depth = 0
  var isInString = false
  var word = ""
  for character in text.unicodeScalars {
    switch character {
    case "\"":
      isInString.toggle()
      if isInString { word = "" }
    case _ where isInString: word.unicodeScalars.append(character)
    case "{", "[": depth += 1
    case "}", "]": depth -= 1
    case ":" where depth == 1: keys.append(word)
    case " ": Issue.record("a space outside of strings: \(text)")
    default: break
    }
  }
  #expect(Set(keys).count == keys.count, "a key comes twice: \(text)")
  #expect(Set(keys) == Set(members.keys))
}
