// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Lists of --changes and --inputs", .needsRoot)
struct ListTests {
  /// Makes, in `in`, the files that exist before; the command makes one change of each kind.
  private static let before =
    "mkdir -p in/d out; for i in a b c d/e; do echo $i > in/$i; done; ln -s nowhere in/link"
  private static let load =
    "echo n > in/new; echo x >> in/a; rm in/b; mv in/c in/moved; chmod 600 in/d/e; cat in/none in/d/e; : > in/t; rm in/t"

  private func directory(_ body: (String) throws -> Void) throws {
    try Scratch.directory { directory in
      try shell(Self.before, in: directory)
      try body(directory)
    }
  }

  private static let colors = [
    ("created", "32", "in/new"), ("modified", "33", "in/a"), ("deleted", "31", "in/b"),
    ("moved", "36", "in/c"), ("attributes", "35", "in/d/e"),
  ]

  @Test("are coloured by kind of change at a terminal, unless colours are off")
  func colored() throws {
    let rows: [(LiveTrace.Kind, [String], [String: String], Bool)] = [
      (.terminal, [], [:], true), (.terminal, [], ["NO_COLOR": "1"], false),
      (.terminal, ["--color", "never"], [:], false), (.terminal, [], ["TERM": "dumb"], false),
      (.terminal, ["--json"], [:], false), (.pipe, [], [:], false),
      (.pipe, ["--color", "always"], ["NO_COLOR": "1"], true),
    ]
    for (kind, options, environment, isColored) in rows {
      try directory { directory in
        let trace = try LiveTrace(
          ["--changes", "--under", "\(directory)/in"] + options
            + ["--", "sh", "-c", "cd \(directory); \(Self.load) > /dev/null 2>&1"],
          through: kind, in: directory,
          environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 })
        let ended = try trace.end()
        let text = trace.text()
        let shown = "\(kind) \(options) \(environment): \(text.debugDescription) \(ended.errors)"
        #expect(ended.status == 0, "\(shown)")
        #expect(text.contains("\u{1b}") == isColored, "\(shown)")
        if options == ["--json"] { return }
        for (word, color, name) in Self.colors {
          let start = isColored ? "\u{1b}[\(color)m" : ""
          let line = "\n\(start)\(word) \(directory)/\(name)"
          #expect("\n\(text)".contains(line), "\(line.debugDescription) in \(shown)")
        }
      }
    }
  }

  @Test(
    "count files that are gone again if the options would list them",
    arguments: [
      ("", true), ("--path **/t", true), ("--path **/in/*", true), ("--under in", true),
      ("--exclude t", false), ("--path **/in/a", false), ("--under in/d", false),
      ("--ignore-under in", false), ("--file in/t", true), ("--file in/a", false),
    ])
  func temporary(line: String, counts: Bool) throws {
    try directory { directory in
      let options = line.split(separator: " ").map(String.init)
      let command = ["--changes"] + options + ["-o", "out/list", "--record", "out/recording"]
      let live = try run(
        Built.bfatrace, command + ["--", "sh", "-c", Self.load], in: directory)
      let list = try String(contentsOfFile: "\(directory)/out/list", encoding: .utf8)
      let replayed = try run(
        Built.bfatrace, ["--changes"] + options + ["--replay", "out/recording"], in: directory)
      #expect(list.contains("temporary 1\n") == counts, "\(live) \(list)")
      #expect(replayed.text == list, "\(replayed)")
    }
  }

  @Test(
    "are the same in a replay as in the live run",
    arguments: [
      "--changes", "--changes --json", "--inputs", "--changes --inputs --failed --json",
      "--changes --by dir:3", "--changes --inputs --by dir --json", "--changes --under in/d",
      "--changes --exclude a", "--inputs --path **/in/**", "--changes --color always",
    ])
  func replayed(line: String) throws {
    try directory { directory in
      let options = line.split(separator: " ").map(String.init)
      let live = try run(
        Built.bfatrace,
        options + ["-o", "out/list", "--record", "out/recording"] + ["--", "sh", "-c", Self.load],
        in: directory)
      let list = try Data(contentsOf: URL(filePath: "\(directory)/out/list"))
      let replayed = try run(
        Built.bfatrace, options + ["--replay", "out/recording"], in: directory)
      #expect(live.complaints == "cat: in/none: No such file or directory\n", "\(live)")
      #expect(replayed.status == 0 && replayed.complaints.isEmpty, "\(replayed)")
      #expect(list.count > 10, "\(live)")
      let text = String(decoding: list, as: UTF8.self)
      #expect(replayed.text == text, "\(replayed.text)--- live:\n\(text)")
    }
  }

  /// Makes changes of every kind, many more than the ring has room for while nobody reads it.
  private static let many = """
    import os, sys
    def change(start, end):
      for n in range(start, end):
        with open(f"in/old{n}", "a") as file: file.write("x")
        with open(f"in/new{n}", "x") as file: file.write("x")
        os.chmod(f"in/new{n}", 0o600)
        os.symlink("x", f"in/link{n}")
        os.mkdir(f"in/directory{n}")
    """

  @Test("say that they may be incomplete after lost events, and list nothing invented")
  func incomplete() throws {
    try directory { directory in
      let process = try PythonProcess(in: directory, Self.many)
      try process.run("for n in range(3200): open(f'in/old{n}', 'x').close()")
      let tracing = try Tracing(
        ["--changes", "--ring-size", "1", "--under", "\(directory)/in", "-p", "\(process.pid)"])
      try process.run("change(0, 50)")
      tracing.signal(SIGSTOP)
      try process.run("change(50, 3000)")
      tracing.signal(SIGCONT)
      try waitUntil("the loss is reported") { !tracing.errorsSoFar.isEmpty }
      try process.run("change(3000, 3200)")
      let trace = tracing.stop()
      let summary = Comment("\(trace.lines.count) lines, \(trace.ended.errors)")
      #expect(trace.ended.status == 3, summary)
      #expect(trace.lines.last == "events were lost: the list may be incomplete", summary)
      let found = trace.lines.dropLast().compactMap {
        $0.wholeMatch(of: /(\w+) .*\/in\/(old|new|link|directory)(\d+)/)
      }
      #expect(found.count == trace.lines.count - 1, trace.description)
      let wrong = found.filter { ($0.1 == "modified") != ($0.2 == "old") }
      #expect(
        wrong.isEmpty, "\(wrong.count) of \(found.count): \(wrong.prefix(5).map(\.0)) \(summary)")
      let kept = Set(found.map { "\($0.2)\($0.3)" })
      for number in [0, 49, 3000, 3199] {
        for kind in ["old", "new", "link", "directory"] {
          #expect(kept.contains("\(kind)\(number)"), summary)
        }
      }
    }
  }
}
