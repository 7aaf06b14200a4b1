// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("At a terminal", .needsRoot)
struct TerminalTests {
  /// The output of a run during which one file is written.
  private func output(
    of options: [String], through kind: LiveTrace.Kind, environment: [String: String] = [:],
    columns: UInt16 = 80
  ) throws -> String {
    try Scratch.directory { directory in
      try makeDirectories("traced", in: directory)
      let trace = try LiveTrace(
        options + ["--under", "\(directory)/traced"], through: kind, in: directory,
        environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 })
      if kind == .terminal { try trace.resize(columns: columns) }
      let file = "\(directory)/traced/file"
      try waitUntil("the first line of output") {
        try? Calls.write(file)
        return !trace.running.process.isRunning || trace.text().contains("file")
      }
      trace.signal(SIGINT)
      let ended = try trace.end()
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      return trace.text()
    }
  }

  private static let colored = "\u{1b}[1mfile\u{1b}[0m\n"

  @Test("lines have colours, unless colours are off")
  func colors() throws {
    for options in [[], ["--color", "auto"], ["--color=always"]] {
      let text = try output(of: options, through: .terminal)
      #expect(text.contains(Self.colored), "\(options) \(text.debugDescription)")
    }
    for (options, environment) in [
      (["--color", "never"], [:]), ([], ["NO_COLOR": "1"]), ([], ["TERM": "dumb"]), (["-j"], [:]),
      (["-j", "--color", "always"], [:]),
    ] {
      let text = try output(of: options, through: .terminal, environment: environment)
      #expect(!text.contains("\u{1b}"), "\(options) \(environment) \(text.debugDescription)")
    }
  }

  @Test("a pipe gets no colours, unless they are asked for")
  func pipe() throws {
    #expect(try !output(of: [], through: .pipe).contains("\u{1b}"))
    let asked = try output(
      of: ["--color", "always"], through: .pipe, environment: ["NO_COLOR": "1"])
    #expect(asked.contains(Self.colored), "\(asked.debugDescription)")
  }

  @Test("a file gets no colours, whatever standard output is")
  func file() throws {
    try Scratch.directory { directory in
      let file = "\(directory)/lines"
      let trace = try LiveTrace(
        ["-o", file, "--", "sh", "-c", ": > \(directory)/made"], through: .terminal, in: directory,
        environment: ["TERM": "xterm", "NO_COLOR": ""])
      #expect(try trace.end().status == 0)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("\(directory)/made\n") && !text.contains("\u{1b}"), "\(text)")
    }
  }

  @Test("a summary has a bold header, and fits the width")
  func summary() throws {
    let text = try output(of: ["--summary"], through: .terminal)
    #expect(text.contains(/\n\n\u{1b}\[1m *PID .* COMM\u{1b}\[0m\n/), "\(text.debugDescription)")
    let narrow = try output(of: ["--summary", "--color=never"], through: .terminal, columns: 62)
    let table = narrow.split(separator: "\n").drop { !$0.contains("PID") }
    #expect(table.count == 2 && table.allSatisfy { $0.count <= 62 }, "\(narrow)")
  }
}
