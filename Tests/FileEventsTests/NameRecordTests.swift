// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

/// A rename(2) of resolved names, or with marks, of names as passed.
private func renaming(
  _ marks: [bfa_mark] = [], path: [UInt8] = Array("/a/old".utf8), filename: [UInt8] = [],
  newPath: [UInt8] = Array("/b/new".utf8), newFilename: [UInt8] = [], ret: Int64 = 0
) -> [UInt8] {
  let common = Common(
    types: [BFA_MOVED_FROM, BFA_MOVED_TO], marks: [BFA_MARK_NEW_PATH] + marks, path: path,
    filename: filename, newPath: newPath, newFilename: newFilename)
  return callRecord(BFA_CALL_rename, common) { $0.ret = ret }
}

/// A rename(2) whose names are strings.
private func renaming(
  _ marks: [bfa_mark], base: String, _ filename: String, newBase: String, _ newFilename: String,
  ret: Int64 = 0
) -> [UInt8] {
  renaming(
    marks, path: Array(base.utf8), filename: Array(filename.utf8), newPath: Array(newBase.utf8),
    newFilename: Array(newFilename.utf8), ret: ret)
}

/// A change of a directory in merged lines, with the name that was passed.
private func unfollowed(
  _ types: [bfa_type] = [BFA_CREATED], _ marks: [bfa_mark] = [BFA_MARK_PARENT], base: String,
  _ filename: String
) -> [UInt8] {
  accessRecord(
    Common(
      types: types, marks: [BFA_MARK_FILENAME] + marks, path: Array(base.utf8),
      filename: Array(filename.utf8)))
}

private let json = LineOptions(json: true)
private let bothAsked = [BFA_MARK_FILENAME, BFA_MARK_NEW_FILENAME]

@Suite("Calls on two names")
struct TwoNameTests {
  @Test("text has the second one after the first")
  func text() {
    #expect(line(renaming()) == "head(35929): rename /a/old new_path=/b/new = 0")
    let flags = callRecord(
      BFA_CALL_renameat2,
      Common(
        marks: [BFA_MARK_NEW_PATH, BFA_MARK_FLAGS, BFA_MARK_DURATION], path: Array("/a".utf8),
        newPath: Array("/b".utf8))
    ) { ($0.record.flags, $0.duration_ns) = (2, 5000) }
    #expect(line(flags) == "head(35929): renameat2 /a new_path=/b flags=02 = 0 <0.000005>")
  }

  @Test("JSON has a key of its own for the second one")
  func members() throws {
    let shown = line(renaming([BFA_MARK_FILE]), json)
    #expect(
      shown == """
        {"comm":"head","pid":35929,"types":"<>","device":{"major":0,"minor":0},"inode":0,\
        "path":"/a/old","new_path":"/b/new","tid":0,"syscall":"rename","ret":0}
        """)
    try checkJSON(shown)
  }

  @Test("a second path without its mark is not shown")
  func noMark() {
    let record = callRecord(BFA_CALL_rename, Common(newPath: Array("/b".utf8)))
    #expect(line(record) == "head(35929): rename /etc/motd = 0")
    #expect(!line(record, json).contains("new_path"))
  }

  @Test("each is built from its own directory and string when the call failed")
  func failed() throws {
    let record = renaming(
      bothAsked, base: "/home/me", "../you//old/", newBase: "/srv", "/../new", ret: -Int64(EXDEV))
    #expect(
      line(record) == "head(35929): rename /home/you/old new_path=/srv/new = -1 EXDEV")
    let shown = line(record, json)
    #expect(
      shown == """
        {"comm":"head","pid":35929,"types":"<>","path":"/home/you/old","new_path":"/srv/new",\
        "tid":0,"syscall":"rename","ret":-18,"errno":"EXDEV","filename":"../you//old/",\
        "new_filename":"/../new"}
        """)
    try checkJSON(shown)
  }

  @Test("a call that worked marks one or both as unresolved")
  func unresolved() throws {
    let first = renaming([BFA_MARK_FILENAME], base: "/d", "l/x", newBase: "/b/new", "")
    let second = renaming([BFA_MARK_NEW_FILENAME], base: "/a/old", "", newBase: "/d", "l/y")
    let both = renaming(bothAsked, base: "/d", "l/x", newBase: "/d", "l/y")
    for (record, paths, names) in [
      (first, #""path":"/d/l/x","new_path":"/b/new""#, #""filename":"l/x""#),
      (second, #""path":"/a/old","new_path":"/d/l/y""#, #""new_filename":"l/y""#),
      (both, #""path":"/d/l/x","new_path":"/d/l/y""#, #""filename":"l/x","new_filename":"l/y""#),
    ] {
      let shown = line(record, json)
      #expect(
        shown == """
          {"comm":"head","pid":35929,"types":"<>",\(paths),"tid":0,"syscall":"rename","ret":0,\
          \(names),"resolved":false}
          """)
      try checkJSON(shown)
    }
    #expect(!line(renaming(), json).contains("resolved"))
    #expect(line(both) == "head(35929): rename /d/l/x new_path=/d/l/y = 0")
  }

  @Test("hostile bytes are escaped in either, and raw in JSON", arguments: HostileName.all)
  func hostile(name: HostileName) throws {
    let path = Array("/".utf8) + name.bytes
    let plain = Array("/plain".utf8)
    for (first, second) in [(path, plain), (plain, path), (path, path)] {
      let shown = [first, second].map { $0 == plain ? "/plain" : "/" + name.text }
      let resolved = renaming(path: first, newPath: second)
      #expect(
        lineBytes([resolved])
          == Array("head(35929): rename \(shown[0]) new_path=\(shown[1]) = 0\n".utf8))
      let asked = renaming(
        bothAsked, path: [], filename: first, newPath: [], newFilename: second, ret: -2)
      for (record, keys) in [
        (resolved, ["path", "new_path"]),
        (asked, ["path", "new_path", "filename", "new_filename"]),
      ] {
        let object = lineBytes([record], json)
        for (index, key) in keys.enumerated() {
          let bytes = index % 2 == 0 ? first : second
          #expect(contains(object, jsonMember(key, bytes, isPlain: bytes == plain || name.isPlain)))
        }
        try checkJSON(String(decoding: object.dropLast(), as: UTF8.self))
      }
    }
  }

  private func contains(_ line: [UInt8], _ part: [UInt8]) -> Bool {
    line.indices.contains { line[$0...].starts(with: part) }
  }

  @Test("each may be the end of a longer name")
  func truncated() throws {
    let first = renaming([BFA_MARK_TRUNCATED])
    #expect(line(first) == "head(35929): rename .../a/old new_path=/b/new = 0")
    #expect(line(first, json).contains(#""path":".../a/old","truncated":true,"new_path":"/b/new""#))
    let second = renaming([BFA_MARK_NEW_TRUNCATED])
    #expect(line(second) == "head(35929): rename /a/old new_path=.../b/new = 0")
    #expect(line(second, json).contains(#""path":"/a/old","new_path":".../b/new""#))
    let raw = renaming([BFA_MARK_NEW_TRUNCATED], newPath: [47, 10])
    #expect(line(raw, json).contains(#""new_path_raw":[46,46,46,47,10]"#))
    // `..` does not lead above the end that is known.
    let marks = bothAsked + [BFA_MARK_TRUNCATED, BFA_MARK_NEW_TRUNCATED]
    let asked = renaming(marks, base: "/a/b", "../x", newBase: "/c", "../../y", ret: -2)
    #expect(line(asked, json).contains(#""path":".../a/x""#))
    #expect(!line(asked, json).contains("new_path"))
    try checkJSON(line(asked, json))
    for record in [first, second, raw] { try checkJSON(line(record, json)) }
  }

  @Test("a name that is not known has a question mark")
  func unknown() throws {
    let second = renaming(newPath: [])
    #expect(line(second) == "head(35929): rename /a/old new_path=? = 0")
    #expect(!line(second, json).contains("new_path"))
    let first = renaming(path: [])
    #expect(line(first) == "head(35929): rename ? new_path=/b/new = 0")
    #expect(!line(first, json).contains("\"path\""))
    let relative = renaming(bothAsked, base: "", "x", newBase: "", "y", ret: -Int64(ENOENT))
    #expect(line(relative) == "head(35929): rename ? new_path=? = -1 ENOENT")
    try checkJSON(line(relative, json))
  }
}

@Suite("Unresolved names in merged lines")
struct UnfollowedRecordTests {
  @Test("the path is the directory of the name as passed")
  func parents() throws {
    for (base, filename, directory) in [
      ("/d", "long/x", "/d/long"), ("/d", "x", "/d"), ("/", "x", "/"), ("/d", "/e/f//x/", "/d/e/f"),
      ("", "/e/x", "/e"), ("/d", "../x", "/"), ("/d", "a/../b/./x", "/d/b"),
      ("/jail", "/x", "/jail"),
    ] {
      let record = unfollowed(base: base, filename)
      #expect(line(record) == "head(35929): +   \(directory)")
      #expect(
        line(record, json) == """
          {"comm":"head","pid":35929,"types":"+","path":"\(directory)","entry":"x","resolved":false}
          """)
      try checkJSON(line(record, json))
    }
  }

  @Test("the path is the file itself if no directory has changed")
  func files() {
    let record = unfollowed([BFA_WRITTEN], [], base: "/d", "long/x")
    #expect(line(record) == "head(35929): W   /d/long/x")
    #expect(line(record, json).hasSuffix(#""types":"W","path":"/d/long/x","resolved":false}"#))
  }

  @Test("the path is unknown, or its end only, if the name is")
  func unknown() {
    #expect(line(unfollowed(base: "", "x")) == "head(35929): +   ?")
    let marks = [BFA_MARK_PARENT, BFA_MARK_TRUNCATED]
    #expect(line(unfollowed([BFA_CREATED], marks, base: "/d", "e/x")) == "head(35929): +   .../d/e")
    #expect(line(unfollowed([BFA_CREATED], marks, base: "/d", "../../x")) == "head(35929): +   ?")
  }
}

@Suite("Other parts of calls")
struct CallPartTests {
  private func text(_ call: bfa_call, _ common: Common, ret: Int64 = 0) -> String {
    line(callRecord(call, common) { $0.ret = ret })
  }

  @Test("a call on all files has neither a path nor a question mark")
  func noFile() throws {
    let record = callRecord(BFA_CALL_sync, Common(types: [], marks: [BFA_MARK_NO_FILE], path: []))
    #expect(line(record) == "head(35929): sync = 0")
    #expect(
      line(record, json)
        == #"{"comm":"head","pid":35929,"types":"","tid":0,"syscall":"sync","ret":0}"#)
    try checkJSON(line(record, json))
  }

  @Test(
    "the protection of a mapping is octal, like flags",
    arguments: [(0, "0"), (1, "01"), (5, "05"), (7, "07"), (0o1000003, "01000003")]
      as [(UInt32, String)])
  func protection(value: UInt32, shown: String) throws {
    let record = callRecord(
      BFA_CALL_mmap, Common(types: [BFA_MAPPED], marks: [BFA_MARK_PROT, BFA_MARK_FLAGS])
    ) { ($0.record.mode, $0.record.flags) = (value, 2) }
    #expect(line(record) == "head(35929): mmap /etc/motd flags=02 prot=\(shown) = 0")
    #expect(line(record, json).contains(#""flags":"02","prot":"\#(shown)","#))
    #expect(!line(record, json).contains("mode"))
    try checkJSON(line(record, json))
  }

  @Test(
    "an address is hexadecimal in text and a number in JSON",
    arguments: [
      (0, "0x0"), (1, "0x1"), (15, "0xf"), (16, "0x10"), (0xabc, "0xabc"), (0x1000, "0x1000"),
      (0x7f12_3456_7000, "0x7f1234567000"), (.max, "0x7fffffffffffffff"),
    ] as [(Int64, String)])
  func address(value: Int64, shown: String) throws {
    let record = callRecord(BFA_CALL_mmap, Common(marks: [BFA_MARK_ADDRESS])) { $0.ret = value }
    #expect(line(record) == "head(35929): mmap /etc/motd = \(shown)")
    #expect(line(record, json).hasSuffix(#""syscall":"mmap","ret":\#(value)}"#))
    try checkJSON(line(record, json))
  }

  @Test("every bit of an address is shown", arguments: 0..<63)
  func addressBits(bit: Int) {
    for value in [Int64(1) << bit, (Int64(1) << bit) - 1, Int64.max - Int64(1) << bit] {
      let record = callRecord(BFA_CALL_mmap, Common(marks: [BFA_MARK_ADDRESS])) { $0.ret = value }
      let shown = "0x" + String(value, radix: 16)
      #expect(line(record) == "head(35929): mmap /etc/motd = \(shown)")
    }
  }

  @Test("an error in place of an address is shown as an error")
  func noAddress() {
    let common = Common(marks: [BFA_MARK_ADDRESS])
    #expect(text(BFA_CALL_mmap, common, ret: -12) == "head(35929): mmap /etc/motd = -1 ENOMEM")
    #expect(text(BFA_CALL_mmap, common, ret: .min).hasSuffix("= -1 errno 9223372036854775808"))
  }

  @Test("a call without letters has an empty string of them")
  func noLetters() {
    let record = callRecord(BFA_CALL_stat, Common(types: []))
    #expect(line(record) == "head(35929): stat /etc/motd = 0")
    #expect(line(record, json).contains(#""types":"","path":"/etc/motd""#))
  }

  @Test("letters come in the order of the bits, and bits beyond them have none")
  func letters() {
    let all: [bfa_type] = [
      BFA_READ, BFA_CLOSED, BFA_WRITTEN, BFA_OPENED, BFA_CREATED, BFA_DELETED, BFA_MOVED_FROM,
      BFA_MOVED_TO, BFA_MAPPED,
    ]
    #expect(line(accessRecord(Common(types: all))) == "head(35929): RCWO+D<>M /etc/motd")
    #expect(line(accessRecord(Common(types: [BFA_MAPPED]))) == "head(35929): M   /etc/motd")
    let both = accessRecord(Common(types: [BFA_READ, BFA_MAPPED]))
    #expect(line(both) == "head(35929): RM  /etc/motd")
    let beyond = accessRecord { $0.record.types = .max }
    #expect(line(beyond) == "head(35929): RCWO+D<>M /etc/motd")
    #expect(line(beyond, json).contains(#""types":"RCWO+D<>M""#))
  }

  @Test("text marks which part of a call one of two records is")
  func parts() throws {
    let marks = [BFA_MARK_PART, BFA_MARK_FD, BFA_MARK_SIZE]
    let record = callRecord(BFA_CALL_splice, Common(types: [written], marks: marks)) {
      ($0.record.fd, $0.size, $0.ret) = (4, 100, 7)
    }
    #expect(line(record) == "head(35929): splice /etc/motd types=W fd=4 size=100 = 7")
    #expect(line(record, json).contains(#""types":"W","path":"/etc/motd","fd":4"#))
    try checkJSON(line(record, json))
  }

  @Test("every call has its name in C", arguments: 1..<BFA_CALL_COUNT.rawValue)
  func names(call: UInt32) throws {
    let shown = line(callRecord(bfa_call(rawValue: call)))
    let name = try #require(shown.split(separator: " ").dropFirst().first)
    #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } && name.count > 2)
    #expect(shown == "head(35929): \(name) /etc/motd = 0")
  }
}
