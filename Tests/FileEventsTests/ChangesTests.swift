// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc
import Testing

@testable import FileEvents

@Suite("The list of changes")
struct ChangesTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let what: String
    let operations: [String]
    let list: [String]
    var temporary: UInt64 = 0

    var testDescription: String { what }
  }

  private static func bytes<Result>(
    _ text: String, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
  }

  /// Operations: `mv a b` replaces nothing, `mv! a b` replaces a file, `mv? a b` may replace one;
  /// `mvdir` moves a directory.
  private static func apply(_ operation: String, to changes: inout Changes) {
    let words = operation.split(separator: " ").map { Array($0.utf8) }
    let word = String(decoding: words[0], as: UTF8.self)
    words[1].withUnsafeBytes { path in
      guard words.count > 2 else { return apply(word, path, to: &changes) }
      words[2].withUnsafeBytes { newPath in
        switch word {
        case "ln": changes.link(path, to: newPath)
        case "swap":
          changes.exchange(path, with: newPath, isDirectory: false, isOtherDirectory: false)
        default:
          let target: Changes.Target =
            word.hasSuffix("!") ? .there : word.hasSuffix("?") ? .unknown : .none
          changes.rename(path, to: newPath, target: target, isDirectory: word.hasPrefix("mvdir"))
        }
      }
    }
  }

  private static func apply(
    _ word: String, _ path: UnsafeRawBufferPointer, to changes: inout Changes
  ) {
    switch word {
    case "new": changes.create(path)
    case "mkdir": changes.create(path, isDirectory: true)
    case "rm": changes.delete(path)
    case "write": changes.mark(path, .modified)
    case "map": changes.mark(path, .mapped)
    case "chmod": changes.mark(path, .attributes)
    case "read": changes.use(path, .read)
    case "exec": changes.use(path, .executed)
    case "look": changes.lookInVain(path)
    default: Issue.record("\(word)")
    }
  }

  private static func text(_ change: Change) -> String {
    var text = "\(change.kind) \(String(decoding: change.path, as: UTF8.self))"
    if change.kind == .moved { text += " -> \(String(decoding: change.newPath, as: UTF8.self))" }
    return change.isLikely ? text + " likely" : text
  }

  private static func of(
    _ what: String, _ operations: [String], _ list: [String], temporary: UInt64 = 0
  ) -> Case {
    Case(what: what, operations: operations, list: list, temporary: temporary)
  }

  private static let cases = [
    of("made", ["new /d/a", "write /d/a"], ["created /d/a"]),
    of("written", ["write /d/a", "chmod /d/a"], ["modified /d/a"]),
    of("only its attributes", ["chmod /d"], ["attributes /d"]),
    of("mapped", ["map /d/a"], ["modified /d/a likely"]),
    of("mapped and written", ["map /d/a", "write /d/a"], ["modified /d/a"]),
    of("removed", ["write /d/a", "rm /d/a"], ["deleted /d/a"]),
    of("made and removed", ["new /a", "rm /a"], [], temporary: 1),
    of("removed and made again", ["rm /a", "new /a"], ["modified /a"]),
    of("the same, and removed again", ["rm /a", "new /a", "rm /a"], ["deleted /a"], temporary: 1),
    of("moved", ["mv /a /b"], ["moved /a -> /b"]),
    of("moved and written", ["mv /a /b", "write /b"], ["moved /a -> /b", "modified /b"]),
    of("moved and back", ["mv /a /b", "mv /b /a"], []),
    of("moved twice", ["mv /a /b", "mv /b /c/d"], ["moved /a -> /c/d"]),
    of("moved and removed", ["mv /a /b", "rm /b"], ["deleted /a"]),
    of("made, then moved", ["new /a", "mv /a /b"], ["created /b"]),
    of("replaced by a new one", ["new /a.tmp", "mv! /a.tmp /a"], ["modified /a"]),
    of("perhaps replaced", ["new /a.tmp", "mv? /a.tmp /a"], ["created /a likely"]),
    of(
      "perhaps replaced in a new directory", ["mkdir /d", "mv? /a /d/a"],
      ["created /d", "moved /a -> /d/a"]),
    of(
      "replaced, which is known of its own change", ["write /a", "new /t", "mv? /t /a"],
      ["modified /a"]),
    of(
      "not replaced, as it was removed", ["rm /a", "mv? /b /a"],
      ["moved /b -> /a", "modified /a"].sorted()),
    of("replaced by one that was there", ["mv! /a /b"], ["moved /a -> /b", "modified /b"]),
    of("a backup", ["mv /a /a~", "new /a"], ["created /a", "moved /a -> /a~"]),
    of(
      "rotated", ["mv /l.1 /l.2", "mv /l /l.1", "new /l"],
      ["created /l", "moved /l -> /l.1", "moved /l.1 -> /l.2"]),
    of(
      "put aside, replaced, thrown away", ["new /n", "mv /a /o", "mv /n /a", "rm /o"],
      ["modified /a"]),
    of("exchanged", ["swap /a /b"], ["moved /a -> /b", "moved /b -> /a"]),
    of("exchanged twice", ["swap /a /b", "swap /a /b"], []),
    of("exchanged with a new one, which goes", ["new /n", "swap /n /a", "rm /n"], ["modified /a"]),
    of("a directory", ["write /d/a", "mvdir /d /e"], ["modified /e/a", "moved /d -> /e"]),
    of(
      "in a directory that was moved", ["mvdir /d /e", "write /e/a", "rm /e/b", "new /e/c"],
      ["modified /e/a", "deleted /d/b", "created /e/c", "moved /d -> /e"]),
    of(
      "out of a directory that was moved", ["mvdir /d /e", "mv /e/a /a"],
      ["moved /d -> /e", "moved /d/a -> /a"]),
    of(
      "a directory that is made anew", ["mvdir /d /e", "mkdir /d", "new /d/a"],
      ["created /d", "created /d/a", "moved /d -> /e"]),
    of(
      "back to where it was, in a new directory", ["mvdir /d /e", "mkdir /d", "mv /e/a /d/a"],
      ["created /d", "moved /d -> /e"]),
    of("over an empty directory", ["mvdir! /d /e"], ["deleted /e", "moved /d -> /e"]),
    of("a directory that is removed", ["rm /d/a", "rm /d"], ["deleted /d", "deleted /d/a"]),
    of(
      "a new directory that is removed", ["mkdir /d", "new /d/a", "rm /d/a", "rm /d"], [],
      temporary: 2),
    of(
      "from a directory that is removed", ["mv /d/a /a", "rm /d"],
      ["deleted /d", "moved /d/a -> /a"]),
    of("a second name", ["ln /a /b"], ["created /b"]),
    of(
      "written by a second name", ["ln /a /b", "write /b"],
      ["modified /a", "created /b"].sorted { $0.suffix(2) < $1.suffix(2) }),
    of(
      "written when the second name is gone", ["ln /a /b", "rm /b", "write /a"], ["modified /a"],
      temporary: 1),
    of(
      "names of many files",
      (0..<3000).flatMap { ["new /d/t\($0)", "rm /d/t\($0)"] } + ["write /d/a"], ["modified /d/a"],
      temporary: 3000),
    of("read", ["read /d/a"], ["read /d/a"]),
    of("executed and read", ["read /a", "exec /a"], ["executed /a"]),
    of("what was made is no input", ["new /a", "read /a", "exec /a"], ["created /a"]),
    of(
      "read where it was moved to", ["mvdir /d /e", "read /e/a"], ["moved /d -> /e", "read /d/a"]),
    of("looked up in vain", ["look /d/a", "look /d/a"], ["missing /d/a"]),
    of("looked up and then made", ["look /a", "new /a"], ["created /a", "missing /a"]),
    of(
      "looked up where it is new or gone", ["rm /a", "look /a", "mkdir /d", "look /d/x"],
      ["deleted /a", "created /d"]),
  ]

  @Test("operations and their list", arguments: cases)
  func operations(_ table: Case) {
    var changes = Changes()
    for operation in table.operations { Self.apply(operation, to: &changes) }
    #expect(changes.list().map(Self.text).sorted() == table.list.sorted())
    #expect(changes.temporary == table.temporary)
    #expect(changes.missed == 0)
  }

  @Test("counts what it has no room for; files that are gone make room")
  func limits() {
    var changes = Changes(limits: ChangeTree.Limits(nodes: 12, names: 400))
    for number in 0..<1000 {
      Self.apply("new /temporary\(number)", to: &changes)
      Self.apply("rm /temporary\(number)", to: &changes)
    }
    #expect((changes.missed, changes.temporary) == (0, 1000))
    for number in 0..<20 { Self.apply("write /file\(number)", to: &changes) }
    #expect(changes.missed == 9)
    #expect(changes.list().count == 11)
    // A file in the list is still followed.
    Self.apply("mv /file1 /moved", to: &changes)
    #expect(changes.list().map(Self.text).contains("moved /file1 -> /moved"))
  }

  private static func lines(
    _ records: [[UInt8]], json: Bool = false, directories: Int? = nil
  ) -> String {
    var options = LineOptions(json: json)
    var list = ChangeOptions()
    (list.changes, list.inputs, list.directories) = (true, true, directories)
    options.changes = list
    var writer = EventWriter(options: options)
    for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
    writer.appendSummary(width: 0, lost: 0)
    return writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static func record(
    _ call: bfa_call, _ types: [bfa_type], _ path: String, to newPath: String = "",
    _ marks: [bfa_mark] = [], ret: Int64 = 0, flags: UInt32 = 0, filename: String = ""
  ) -> [UInt8] {
    var common = Common(types: types, marks: marks, path: Array(path.utf8))
    common.newPath = Array(newPath.utf8)
    common.filename = Array(filename.utf8)
    if !newPath.isEmpty { common.marks.append(BFA_MARK_NEW_PATH) }
    if flags != 0 { common.marks.append(BFA_MARK_FLAGS) }
    return callRecord(call, common) {
      $0.ret = ret
      $0.record.flags = flags
    }
  }

  private static let records = [
    record(BFA_CALL_write, [written], "/d/empty"),
    record(BFA_CALL_write, [written], "/d/a b\n", ret: 3),
    record(BFA_CALL_ftruncate, [written], "/d/cut"),
    record(BFA_CALL_openat, [opened, BFA_CREATED], "/d/new", ret: 3),
    record(BFA_CALL_write, [written], "/d/unnamed", [BFA_MARK_UNLINKED], ret: 1),
    record(BFA_CALL_renameat2, [BFA_MOVED_FROM, BFA_MOVED_TO], "/d/x", to: "/e/y", flags: 1),
    record(
      BFA_CALL_rename, [BFA_MOVED_FROM, BFA_MOVED_TO], "/d/new", to: "/d/old", [BFA_MARK_REPLACED]),
    record(BFA_CALL_fchmod, [BFA_ATTRIBUTES], "/d/mode"),
    record(BFA_CALL_mmap, [BFA_MAPPED], "/d/map", ret: 4096),
    record(BFA_CALL_execve, [read, opened], "/bin/p"),
    record(BFA_CALL_unlinkat, [BFA_DELETED], "/d/e/f"),
    record(BFA_CALL_openat, [opened], "/d", [BFA_MARK_FILENAME], ret: -2, filename: "none"),
    record(BFA_CALL_openat, [opened], "/d", [BFA_MARK_FILENAME], ret: -13, filename: "closed"),
  ]

  @Test("records as lines of text")
  func text() {
    #expect(
      Self.lines(Self.records) == """
        executed /bin/p
        modified /d/a b\\012
        modified /d/cut
        deleted /d/e/f
        modified /d/map certainty=likely
        read /d/map
        attributes /d/mode
        missing /d/none
        modified /d/old
        moved /d/x -> /e/y

        """)
  }

  @Test("records as objects")
  func json() {
    #expect(
      Self.lines(Array(Self.records[8...10]) + [Self.records[1], Self.records[5]], json: true)
        == """
        {"input":"executed","path":"/bin/p"}
        {"change":"modified","path_raw":[47,100,47,97,32,98,10]}
        {"change":"deleted","path":"/d/e/f"}
        {"change":"modified","path":"/d/map","certainty":"likely"}
        {"input":"read","path":"/d/map"}
        {"change":"moved","path":"/d/x","new_path":"/e/y"}

        """)
  }

  @Test("counts by directory")
  func directories() {
    #expect(
      Self.lines(Array(Self.records[1...2]) + [Self.records[10]], directories: 1) == """
        CREATED MODIFIED DELETED MOVED ATTRIBUTES READ EXECUTED MISSING DIR
              0        2       1     0          0    0        0       0 /d

        """)
    #expect(
      Self.lines([Self.records[10]], json: true, directories: .max) == """
        {"dir":"/d/e","created":0,"modified":0,"deleted":1,"moved":0,"attributes":0,"read":0,"executed":0,"missing":0}

        """)
  }
}
