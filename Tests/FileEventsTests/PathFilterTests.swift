// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Foundation
import Testing

/// Whether a record of this path has a line.
private func admits(
  _ path: String, only: [String] = [], except: [String] = [], marks: [bfa_mark] = [BFA_MARK_FILE]
) throws -> Bool {
  var filter = PathFilter()
  for pattern in only { try filter.add(Array(pattern.utf8), isWanted: true) }
  for pattern in except { try filter.add(Array(pattern.utf8), isWanted: false) }
  var writer = EventWriter(paths: filter)
  let record = accessRecord(Common(marks: marks, path: Array(path.utf8)))
  return record.withUnsafeBytes { writer.append(record: $0) }
}

@Suite("Patterns of paths")
struct PathFilterTests {
  /// A pattern, what it matches, and what it does not.
  static let rows: [(String, [String], [String])] = [
    ("/srv/a", ["/srv/a"], ["/srv/ab", "/srv/a/b", "/srv", "/x/srv/a"]),
    ("/srv/*", ["/srv/a", "/srv/.a", "/srv/a b"], ["/srv/a/b", "/srv", "/srva"]),
    ("/srv/*/c", ["/srv/a/c", "/srv/bb/c"], ["/srv/c", "/srv/a/b/c", "/srv/a/cc"]),
    ("/srv/**", ["/srv/a", "/srv/a/b", "/srv/a/b/.c"], ["/srv", "/srv2/a"]),
    ("/srv/**/c", ["/srv/c", "/srv/a/c", "/srv/a/b/c"], ["/srv/ac", "/srv/c/d", "/c"]),
    ("**/c", ["/c", "/a/c", "/a/b/c"], ["/ac", "/c/d"]),
    ("**/a/**", ["/a/b", "/x/a/b", "/x/a/b/c"], ["/a", "/xa/b", "/x/ab/c"]),
    ("**", ["/", "/a", "/a/b"], []),
    ("**.log", ["/a.log", "/a/b.log", "/.log"], ["/a.log/b", "/alog"]),
    ("/srv/**.log", ["/srv/a.log", "/srv/a/b.log"], ["/a.log", "/srv/a.log2"]),
    ("/srv**", ["/srv", "/srv/a", "/srv2/a"], ["/sr"]),
    ("*.log", ["/a.log", "/a/b/c.log", "/.log"], ["/a.log/b", "/a.logs"]),
    ("core", ["/core", "/a/core"], ["/core/a", "/a/core2", "/score"]),
    ("?", ["/a", "/b/c"], ["/ab", "/a/bc", "/"]),
    ("a?c", ["/abc", "/x/a.c"], ["/ac", "/abbc", "/a/c"]),
    ("/a/?/c", ["/a/b/c"], ["/a//c", "/a/bb/c", "/a/c"]),
    ("/a?b", ["/axb"], ["/a/b", "/ab"]),
    ("[abc]", ["/a", "/x/c"], ["/d", "/ab"]),
    ("[a-c]x", ["/ax", "/cx"], ["/dx", "/-x", "/x"]),
    ("[!a-c]x", ["/dx", "/-x"], ["/ax", "/x"]),
    ("[^a]", ["/b"], ["/a"]),
    ("[]a]", ["/]", "/a"], ["/b", "/[]a]"]),
    ("[!]a]", ["/b"], ["/]", "/a"]),
    ("[a-]", ["/a", "/-"], ["/b"]),
    ("[-a]", ["/a", "/-"], ["/b"]),
    ("[\\]]", ["/]"], ["/\\"]),
    ("[\\a-c]", ["/b"], ["/\\"]),
    ("[[:digit:]]*", ["/1", "/2a"], ["/a1", "/:"]),
    ("[[:alpha:]_]?", ["/a1", "/_1"], ["/11", "/a"]),
    ("[[:upper:]]", ["/A"], ["/a", "/1"]),
    ("[[:nope:]]", ["/:]", "/n]"], ["/a]", "/:"]),
    ("[z-a]", [], ["/z", "/a", "/-"]),
    ("[", ["/["], ["/a"]),
    ("[a", ["/[a"], ["/a"]),
    ("/x[/]y", ["/x[/]y"], ["/x/y"]),
    ("/x[!a]y", ["/xby"], ["/x/y", "/xay"]),
    ("\\*", ["/*"], ["/a", "/\\*"]),
    ("a\\?", ["/a?"], ["/ab"]),
    ("\\[a]", ["/[a]"], ["/a"]),
    ("a\\\\b", ["/a\\b"], ["/ab"]),
    ("\\/a", ["/a"], ["/b/a"]),
    ("*", ["/a", "/a/b", "/.a"], []),
    ("*a*", ["/a", "/xax", "/b/xa"], ["/a/b"]),
    ("*a*b*c", ["/abc", "/xaxbxc", "/aabbcc"], ["/acb", "/abcd", "/ab/c"]),
    ("a*a*a*b", ["/aaab", "/aaaaaab"], ["/aab", "/aaa", "/aaaa/b"]),
    ("/**/b/**/d", ["/b/d", "/a/b/c/d", "/a/b/b/d"], ["/a/b", "/b/dd", "/bd"]),
    ("/**/a*/b", ["/a/b", "/x/ab/b", "/x/a/a/b"], ["/a/x/b", "/b"]),
    ("**a*b", ["/ab", "/x/axb", "/a/ab"], ["/a/b", "/ab/c"]),
    ("**a*/b*c", ["/a/bc", "/x/ya/bxc", "/a/bc/a/bc"], ["/a/x/bc", "/a/b/c"]),
    ("/a/**/**/b", ["/a/b", "/a/x/b", "/a/x/y/b"], ["/ab"]),
    ("/a/***", ["/a/b", "/a/b/c"], ["/a"]),
    ("/a**/b", ["/a/b", "/ax/b", "/a/x/b"], ["/ab"]),
    ("/*/*", ["/a/b"], ["/a", "/a/b/c"]),
    ("/", ["/"], ["/a"]),
    ("/a//b", ["/a//b"], ["/a/b"]),
    (
      "/proc/[0-9]*/stat", ["/proc/1/stat", "/proc/12/stat"], ["/proc/self/stat", "/proc/1/x/stat"]
    ),
    ("/home/*/.cache/**", ["/home/a/.cache/x/y"], ["/home/a/b/.cache/x", "/home/a/.cache"]),
    ("\u{fc}*", ["/\u{fc}ber"], ["/uber"]),
    ("??", ["/\u{fc}", "/ab"], ["/a", "/\u{fc}x"]),
    ("*.{a,b}", ["/x.{a,b}"], ["/x.a"]),
    ("/a b/*", ["/a b/c"], ["/a/b"]),
    ("*\n*", ["/a\nb"], ["/ab"]),
  ]

  @Test("match the paths of the table, and no others")
  func table() throws {
    #expect(Self.rows.count >= 60)
    for (pattern, matching, others) in Self.rows {
      for path in matching {
        #expect(try admits(path, only: [pattern]), "\(pattern) is to match \(path)")
        #expect(try !admits(path, except: [pattern]), "\(pattern) is to exclude \(path)")
      }
      for path in others {
        #expect(try !admits(path, only: [pattern]), "\(pattern) is not to match \(path)")
        #expect(try admits(path, except: [pattern]), "\(pattern) is not to exclude \(path)")
      }
    }
  }

  /// bash has `**`, too, as a whole component.
  @Test("match the files that bash matches")
  func shell() throws {
    let patterns = [
      "*", "*/*", "**", "**/*.c", "a/**/c", "a*/**/?", "[ab]/*", "[!a]*", "**/b/**/c", "?", "a/*/c",
      "**/[a-c].?", "x/**/y/**", "*.c", "**/**/c", "[[:digit:]]*", "**/[^.]*", "a?/*", "[*]",
      "[]*]*",
    ]
    let script = """
      cd "$(mktemp -d)" && shopt -s globstar dotglob nullglob
      mkdir -p a/b/c a1/b x/y/z x/q/y b/a.c && touch a/c a/b.c .c 1 12a 'a/*' '*' ']' b/b/c \
        x/y/b.h x/.c a1/c a1/b/c x/y/z/y '[' 2> errors
      find . -mindepth 1 -printf '%P\\n'; for pattern; do echo "= $pattern"; printf '%s\\n' $pattern; done
      rm -rf "$PWD"
      """
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", script, "bash"] + patterns
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let sections = output.components(separatedBy: "\n= ")
    let files = sections[0].split(separator: "\n").map(String.init)
    #expect(files.count > 25 && sections.count == patterns.count + 1, "\(output)")
    for section in sections.dropFirst() {
      let lines = section.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
      // bash lists a directory with a slash, or a file in several ways: take each file once.
      let names = lines.dropFirst().map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
      let expected = Set(names).intersection(files)
      let matching = try files.filter { try admits("/top/\($0)", only: ["/top/\(lines[0])"]) }
      // For bash, `a/**` includes `a` itself.
      let above = lines[0].hasSuffix("/**") ? "/top/\(lines[0].dropLast(3))" : "/nothing"
      let themselves = Set(try files.filter { try admits("/top/\($0)", only: [above]) })
      #expect(
        Set(matching) == expected.subtracting(themselves.subtracting(matching)), "\(lines[0])")
    }
  }

  @Test("an exclusion wins, one match of several is enough, and an unknown path matches nothing")
  func several() throws {
    let (only, except) = (["/srv/**", "*.c"], ["*.tmp", "/srv/secret/**"])
    for (path, isWanted) in [
      ("/srv/a", true), ("/x/a.c", true), ("/x/a.h", false), ("/srv/a.tmp", false),
      ("/srv/secret/a.c", false), ("/srv/secret", true), ("", false),
    ] {
      #expect(try admits(path, only: only, except: except) == isWanted, "\(path)")
    }
    #expect(try admits("", except: except))
    #expect(try admits("/anything"))
  }

  @Test("a pattern from the root does not match a path of which only the end is known")
  func tails() throws {
    let marks = [BFA_MARK_FILE, BFA_MARK_TRUNCATED]
    #expect(try admits("/a/b.c", only: ["*.c"], marks: marks))
    #expect(try admits("/a/b.c", only: ["**/b.c"], marks: marks))
    #expect(try !admits("/a/b.c", only: ["/a/*"], marks: marks))
    #expect(try admits("/a/b.c", except: ["/a/*"], marks: marks))
  }

  @Test("an empty pattern, or one that ends in a backslash, is an error", arguments: ["", "a\\"])
  func errors(pattern: String) {
    var filter = PathFilter()
    #expect(throws: PatternError.self) {
      try filter.add(Array(pattern.utf8), isWanted: true)
    }
  }

  @Test("no pattern takes long", .timeLimit(.minutes(1)))
  func hostile() throws {
    let path = "/" + String(repeating: "a", count: 250)
    let long = String(repeating: path, count: 16)
    for pattern in [
      String(repeating: "*a", count: 100) + "b", String(repeating: "**a", count: 100) + "b",
      "/" + String(repeating: "**/", count: 100) + "b",
      "**" + String(repeating: "a*", count: 60) + "b",
      String(repeating: "**/*a", count: 50) + "b",
      "**" + String(repeating: "[a]", count: 200) + "b",
    ] {
      #expect(try !admits(long, only: [pattern]), "\(pattern)")
    }
  }

  @Test("a change of a directory matches by its entries, one of two is enough")
  func entries() throws {
    for (entry, only, except, isWanted) in [
      ("a.c", ["*.c"], [], true), ("a.h", ["*.c"], [], false), ("a.c", ["/srv"], [], false),
      ("a.h\0a.c", ["*.c"], [], true), ("a.c\0a.h", ["*.c"], [], true),
      ("a\0b", ["*.c"], [], false),
      ("a.tmp", [], ["*.tmp"], false), ("a.tmp\0a", [], ["*.tmp"], true),
      ("a.tmp\0b.tmp", [], ["*.tmp"], false), ("x", ["/srv/x"], [], true),
    ] as [(String, [String], [String], Bool)] {
      var filter = PathFilter()
      for pattern in only { try filter.add(Array(pattern.utf8), isWanted: true) }
      for pattern in except { try filter.add(Array(pattern.utf8), isWanted: false) }
      let record = accessRecord(
        Common(
          types: [BFA_CREATED], marks: [BFA_MARK_FILE, BFA_MARK_ENTRY], path: Array("/srv".utf8),
          filename: Array(entry.utf8)))
      var writer = EventWriter(paths: filter)
      let made = record.withUnsafeBytes { writer.append(record: $0) }
      #expect(made == isWanted, "\(entry) \(only) \(except)")
    }
  }
}

@Suite("Names of entries in lines of directories")
struct EntryLineTests {
  private func record(_ entries: String, marks: [bfa_mark] = [BFA_MARK_ENTRY]) -> [UInt8] {
    accessRecord(
      Common(
        types: [BFA_MOVED_FROM, BFA_MOVED_TO], marks: marks, path: Array("/srv".utf8),
        filename: Array(entries.utf8)))
  }

  @Test("are in long lines and in JSON, escaped as paths are")
  func lines() {
    let long = LineOptions(long: true)
    #expect(line(record("a"), long).hasSuffix(": <>  /srv entry=a"))
    #expect(line(record("a b\0c\n"), long).hasSuffix(#": <>  /srv entry=a b new_entry=c\012"#))
    #expect(line(record("a\0b")).hasSuffix(": <>  /srv"))
    let json = LineOptions(json: true)
    #expect(line(record("a\0b"), json).contains(#""path":"/srv","entry":"a","new_entry":"b""#))
    #expect(line(record("\n"), json).contains(#""entry_raw":[10]"#))
    var fatrace = json
    fatrace.onlyFatrace = true
    #expect(!line(record("a\0b"), fatrace).contains("entry"))
  }

  @Test("the entry of an unresolved name is its last component as passed")
  func unfollowed() {
    let asked = record("long/../x", marks: [BFA_MARK_FILENAME, BFA_MARK_PARENT])
    #expect(line(asked, LineOptions(long: true)).hasSuffix(": <>  /srv entry=x"))
  }
}
