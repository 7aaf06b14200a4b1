// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The tests that compare prove something only if the comparison finds differences.
@Suite("The comparison of a trace with the table of ways")
struct WaysComparisonTests {
  private static let way = Way.table(
    """
    copy
      open O file fd=3 flags=O_CREAT mode=0600 = 3
      copy_file_range R file fd=3 size=9 = 5
      & copy_file_range W sub/other fd=4 size=9 = 5
      unseen sync = 0
      rename <> missing new_path=@ filename=missing new_filename=@/new = ENOENT
      stat - file = 0
      => RCO file fd opens=1 reads=1/returned closes=1
      => + sub
      =>- W never writes=1/1
    """)[0]

  private static let made = [
    MadeCall(syscall: "open", ret: 3), MadeCall(syscall: "copy_file_range", ret: 5),
    MadeCall(syscall: "sync", ret: 0), MadeCall(syscall: "rename", ret: -2),
    MadeCall(syscall: "stat", ret: 0),
  ]

  private static let file = #""device":{"major":1,"minor":2},"inode":3,"path":"/d/copy"#
  private static let end = #""tid":7,"duration_ns":9"#
  private static let calls = """
    {"comm":"fw","pid":7,"types":"O",\(file)/file","fd":3,"flags":"0100","mode":"0600",\(end),"syscall":"open","ret":3}
    {"comm":"fw","pid":7,"types":"R",\(file)/file","fd":3,\(end),"syscall":"copy_file_range","ret":5,"size":9}
    {"comm":"fw","pid":7,"types":"W",\(file)/sub/other","fd":4,\(end),"syscall":"copy_file_range","ret":5,"size":9}
    {"comm":"fw","pid":7,"types":"<>","path":"/d/copy/missing","new_path":"/d/copy/@",\(end),"syscall":"rename","ret":-2,"errno":"ENOENT","filename":"missing","new_filename":"/d/copy/new"}
    {"comm":"fw","pid":7,"types":"",\(file)/file",\(end),"syscall":"stat","ret":0}
    """
  private static let merged = """
    {"comm":"fw","pid":7,"types":"RO",\(file)/file","fd":3,"flags":"0100","mode":"0600","opens":1,"reads":1,"read_bytes":8}
    {"comm":"fw","pid":7,"types":"C",\(file)/file","fd":3,"closes":1}
    {"comm":"fw","pid":7,"types":"+",\(file)/sub"}
    """

  /// The way with these traces.
  private func traced(
    calls: String = calls, merged: String = merged, made: [MadeCall] = made
  ) throws -> TracedWay {
    var way = TracedWay(pid: 7, directory: "/d/copy", comm: "fw", made: made)
    for view in View.allCases {
      let isMerged = view == .merged || view == .mergedWithAll
      let lines = (isMerged ? merged : calls).split(separator: "\n").map { $0.utf8 }
      way.lines[view] = try lines.map { try TracedLine($0) }.filter { line in
        line.syscall.map {
          view.shows(MadeCall(syscall: $0, ret: line.ret), withLetters: !line.types.isEmpty)
        } ?? true
      }
    }
    return way
  }

  @Test("finds no difference where there is none")
  func alike() throws {
    #expect(try traced().differences(from: Self.way) == [])
  }

  @Test(
    "sees each value of a call that is wrong",
    arguments: [
      ("\"types\":\"R\"", "\"types\":\"W\""), ("copy/file", "copy/sub"), ("\"fd\":4,", ""),
      ("\"pid\":7", "\"pid\":8"), ("\"comm\":\"fw\"", "\"comm\":\"sh\""), ("\"tid\":7,", ""),
      ("\"flags\":\"0100\"", "\"flags\":\"0\""), ("\"duration_ns\":9,", ""), ("copy/@", "copy/x"),
      ("\"ret\":5", "\"ret\":6"), ("ENOENT", "EIO"), ("\"size\":9", "\"size\":8"),
      ("\"filename\":\"missing\"", "\"filename\":\"file\""), ("\"inode\":3,", ""),
      ("\"size\":9", "\"size\":9,\"offset\":1"), ("\"size\":9", "\"size\":9,\"deleted\":true"),
      ("copy_file_range", "sendfile"), ("\"device\":{\"major\":1,\"minor\":2},", ""),
    ])
  func wrongCall(right: String, wrong: String) throws {
    let range = try #require(Self.calls.range(of: right))
    let calls = Self.calls.replacingCharacters(in: range, with: wrong)
    #expect(!(try traced(calls: calls).differences(from: Self.way)).isEmpty)
  }

  @Test("sees a call that is missing, doubled, or too late", arguments: 0..<5)
  func wrongCalls(index: Int) throws {
    let lines = Self.calls.split(separator: "\n")
    var (missing, twice, late) = (lines, lines, lines)
    missing.remove(at: index)
    twice.insert(lines[index], at: index)
    late.append(late.remove(at: index))
    for wrong in [missing, twice] + (index == 4 ? [] : [late]) {
      let traced = try traced(calls: wrong.joined(separator: "\n"))
      #expect(!traced.differences(from: Self.way).isEmpty)
    }
  }

  @Test(
    "sees each value of merged lines that is wrong, missing or surplus",
    arguments: [
      ("\"types\":\"RO\"", "\"types\":\"R\""), ("\"types\":\"+\"", "\"types\":\"+D\""),
      ("copy/sub", "copy"), ("\"fd\":3,\"closes\"", "\"closes\""), ("\"opens\":1", "\"opens\":2"),
      ("\"reads\":1", "\"reads\":2"), ("\"read_bytes\":8", "\"read_bytes\":12"),
      ("\"closes\":1", "\"closes\":1,\"writes\":1"), (",\"closes\":1", ""),
      ("\"pid\":7", "\"pid\":8"), ("\"flags\":\"0100\",", ""),
      ("copy/sub\"", "copy/sub\",\"fd\":5"), ("\"inode\":3,", ""),
      ("\"comm\":\"fw\"", "\"comm\":\"sh\""),
    ])
  func wrongFile(right: String, wrong: String) throws {
    let range = try #require(Self.merged.range(of: right))
    let merged = Self.merged.replacingCharacters(in: range, with: wrong)
    #expect(!(try traced(merged: merged).differences(from: Self.way)).isEmpty)
  }

  @Test("sees that a call had another result, or was not made", arguments: 0..<5)
  func otherCalls(index: Int) throws {
    var (other, missing) = (Self.made, Self.made)
    other[index].ret = -5
    missing.remove(at: index)
    for made in [other, missing, Self.made + [Self.made[index]]] {
      let differences = try traced(made: made).differences(from: Self.way)
      #expect(differences.count == 1 && differences[0].contains("itself"), "\(differences)")
    }
  }

  @Test("sees a process that could not do what it should, whatever its lines are")
  func failure() throws {
    var traced = try traced()
    traced.failure = "wait status 256"
    #expect(!traced.differences(from: Self.way).isEmpty)
  }
}
