// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--top", .needsRoot, .enabled(if: Screen.isAvailable, "needs tmux"))
struct TopTests {
  /// Gives the body a screen with --top, in which two files of a directory are written again and
  /// again.
  private func withTop(
    _ options: String = "--every 0.3 --by file", columns: Int = 100,
    names: [String] = ["one", "two"], _ body: (Screen, String) throws -> Void
  ) throws {
    try Scratch.directory { directory in
      let screen = try Screen(columns: columns, environment: ["PS1": "$ "])
      try screen.type("set -m; cd \(directory); before=$(stty -g); clear")
      try screen.press("Enter")
      try screen.type(
        "\(Built.bfatrace) --top \(options) --under .; echo \"status $?\"; "
          + "[ \"$before\" = \"$(stty -g)\" ] && echo as before")
      try screen.press("Enter")
      let files = names.map { "'\(directory)/\($0)'" }.joined(separator: " ")
      let writer = try Running(
        "/bin/sh",
        ["-c", "while sleep 0.05; do for f in \(files); do echo text > \"$f\"; done; done"]
      )
      defer {
        writer.process.terminate()
        _ = writer.wait()
      }
      try body(screen, directory)
    }
  }

  /// Expects that the terminal is as it was, and that the shell goes on.
  private func expectEnd(_ screen: Screen, status: Int = 0) throws {
    let lines = try screen.wait("the end") { lines in lines.contains { $0 == "as before" } }
    #expect(lines.contains("status \(status)"), "\(lines)")
    #expect(!lines.contains { $0.contains("scope:") }, "\(lines)")
  }

  @Test("keys sort, choose, filter, group and explain")
  func keys() throws {
    try withTop { screen, directory in
      let lines = try screen.wait(for: "\(directory)/two")
      #expect(lines[0].contains("by file, sorted by bytes, per second of 0."), "\(lines)")
      #expect(lines[1].hasPrefix("scope: --every 0.3 --by file --under ."), "\(lines)")
      #expect(lines[2].hasPrefix("OPENS  FAILED  READS") && lines[3].contains("(all)"), "\(lines)")
      try screen.press("s")
      try screen.wait(for: "sorted by opens")
      try screen.press("S")
      try screen.wait(for: "sorted by bytes")
      try screen.press("a")
      try screen.wait(for: "since the start")
      try screen.type("/TWO")
      try screen.press("Enter")
      try screen.wait("the filter") { lines in
        lines[0].contains("with \"TWO\"") && lines[4].hasSuffix("/two") && lines[5].isEmpty
      }
      try screen.press("Enter")
      try screen.wait("lines of the row") { lines in
        lines[2] == "lines of \(directory)/two" && lines[3].hasSuffix(" \(directory)/two")
          && lines.allSatisfy { !$0.contains("/one") }
      }
      try screen.press("q")
      try screen.type("bcolour")
      try screen.press("Enter")
      try screen.wait(for: "'colour' is none of process, comm")
      try screen.type("/")
      for _ in 1...3 { try screen.press("BSpace") }
      try screen.press("Enter")
      try screen.type("bcomm,user")
      try screen.press("Enter")
      try screen.wait("other rows") { lines in
        lines[0].contains("by comm,user") && lines[4].hasSuffix("  sh    root")
      }
      try screen.press("h")
      try screen.wait(for: "back from here")
      try screen.press("q")
      try screen.wait(for: "COMM")
      try screen.press("q")
      try expectEnd(screen)
    }
  }

  @Test("arrow and page keys choose a row that is on the screen")
  func rows() throws {
    let names = (10..<60).map { "file\($0)" }
    try withTop("--every 0.3 --by file --sort wbytes", names: names) { screen, directory in
      try screen.press("a")
      try screen.wait("a full screen") { $0[18].contains("file") }
      for keys in [["End"], ["Home"], ["PageDown"], ["Down", "Down", "Up"], ["PageUp", "Up"]] {
        for key in keys { try screen.press(key) }
        try screen.press("Enter")
        let lines = try screen.wait("the lines of a row after \(keys)") {
          $0[2].hasPrefix("lines of \(directory)")
        }
        #expect(lines[0].contains("by file"), "\(lines)")
        try screen.press("q")
        try screen.wait(for: "(all)")
      }
      try screen.press("q")
      try expectEnd(screen)
    }
  }

  @Test("fits terminals of 40 to 300 columns, and goes on after it was suspended")
  func sizes() throws {
    try withTop("--every 0.3 --by file,comm") { screen, directory in
      try screen.wait(for: "\(directory)/two")
      try screen.resize(columns: 40, rows: 12)
      try screen.wait("a narrow table") { lines in
        lines.count <= 13 && lines[4].hasSuffix("  sh") && lines[4].contains("...")
          && lines.allSatisfy { $0.count <= 40 }
      }
      try screen.resize(columns: 300, rows: 30)
      try screen.wait("a wide table") { lines in
        lines[1].hasSuffix("--under .") && lines[4].contains(" \(directory)/")
      }
      try screen.press("C-z")
      try screen.wait("the shell") { $0.contains { $0.contains("Stopped") } }
      try screen.type("fg")
      try screen.press("Enter")
      try screen.wait("the table again") { $0[0].hasPrefix("bfatrace ") && $0[3].contains("(all)") }
      try screen.press("q")
      try screen.wait("the shell") { lines in !lines.contains { $0.contains("scope:") } }
    }
  }

  @Test("leaves the terminal as it was, however it ends", arguments: ["q", "C-c", "TERM", "-s 1"])
  func ends(how: String) throws {
    try withTop("--every 0.3 --by file \(how.hasPrefix("-") ? how : "")") { screen, directory in
      if how.hasPrefix("-") { return try expectEnd(screen) }
      try screen.wait(for: "\(directory)/two")
      if how == "TERM" {
        _ = try shell("kill -TERM $(pgrep -P \(screen.shellPid))")
      } else {
        try screen.press(how)
      }
      try expectEnd(screen)
    }
  }

  @Test("names do not control the terminal, and wide characters fit")
  func hostile() throws {
    let names = ["\u{1b}[2J\u{1b}[31mred", "two\nlines", "\u{8a9e}\u{8a9e}\u{8a9e}", "\u{202e}rtl"]
    try withTop(columns: 110, names: names) { screen, directory in
      try screen.press("a")
      try screen.wait("all four names") { lines in
        [
          #"/\033[2J\033[31mred"#, #"/two\012lines"#, "/\u{8a9e}\u{8a9e}\u{8a9e}",
          #"/\342\200\256rtl"#,
        ]
        .allSatisfy { name in lines.contains { $0.hasSuffix(directory + name) } }
      }
      try screen.press("q")
      try expectEnd(screen)
    }
  }

  @Test("without a terminal, or without its terminfo entry, it prints a table for each interval")
  func plain() throws {
    let options = ["--top", "--every", "0.1", "-s", "0.5", "--by", "comm"]
    let piped = try run(Built.bfatrace, options)
    #expect(piped.status == 0 && piped.text.contains(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nOPENS/))
    let screen = try Screen(columns: 100)
    try screen.type("TERM=nonesuch \(Built.bfatrace) \(options.joined(separator: " "))")
    try screen.press("Enter")
    try screen.wait(for: "bfatrace: --top: there is no terminfo entry for TERM=nonesuch")
    try screen.wait(for: "(all)")
  }
}
