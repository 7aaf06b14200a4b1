// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("What is written about bfatrace")
struct DocumentationTests {
  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(Built.root)/\(file)", encoding: .utf8)
  }

  /// Long options as --help lists them.
  private func options() throws -> [String] {
    let help = try run(Built.bfatrace, ["--help"]).text
    let names = help.matches(of: /--([a-z-]+)/).map { String($0.1) }
    #expect(names.count > 20, "\(help)")
    return Array(Set(names)).sorted()
  }

  @Test("the manual explains every option")
  func manual() throws {
    let manual = try text("man/bfatrace.8")
    for option in try options() {
      let pattern = try Regex(#"(?m)^\.It Fl (.* )?-\#(option)( |$)"#)
      #expect(manual.contains(pattern), "--\(option) is missing from man/bfatrace.8")
    }
  }

  @Test("the manual explains every key of JSON")
  func keys() throws {
    let manual = try text("man/bfatrace.8")
    let explained = Set(
      manual.matches(of: /(?m)^\.(?:It )?Cm (.*)$/).flatMap { $0.1.split(separator: " ") })
    let directory = "\(Built.root)/Sources/FileEvents"
    let sources = try FileManager.default.subpathsOfDirectory(atPath: directory)
      .filter { $0.hasSuffix(".swift") }
      .map { try text("Sources/FileEvents/\($0)") }.joined()
    let keys = Set(
      sources.matches(of: /key: "([a-z_]+)"|,\\"([a-z_]+)\\":/).compactMap { $0.1 ?? $0.2 })
    #expect(keys.count > 25, "\(keys)")
    #expect(keys.subtracting(explained).subtracting(["minor"]).isEmpty)
  }

  @Test("the manual is well-formed", .enabled(if: hasMandoc, "needs mandoc"))
  func manualFormat() throws {
    for manual in try FileManager.default.contentsOfDirectory(atPath: "\(Built.root)/man") {
      let lint = try run("/usr/bin/env", ["mandoc", "-T", "lint", "\(Built.root)/man/\(manual)"])
      // Ignore whether other manuals are installed.
      let complaints = lint.text.split(separator: "\n").filter {
        !$0.contains("referenced manual not found")
      }
      #expect(complaints.isEmpty, "\(manual): \(lint.text)")
    }
  }

  /// The options of bfatrace's command lines in a text, up to a pipe. A pid that a command would
  /// print is replaced by a number.
  private func examples(in text: String) -> [String] {
    text.matches(of: /(?m)bfatrace( [^|&`\n]*)/).map {
      String($0.1).replacing("\\", with: "").replacing(/"\$\(.*\)"/, with: "1")
    }
    .filter { $0.contains(/^( -|$)/) }
  }

  @Test("all options of examples exist")
  func examples() throws {
    let readme = try text("README.md").matches(of: /(?m)^\|.*`bfatrace.*|^    \$ sudo bfatrace.*/)
      .map { String($0.0) }.joined(separator: "\n")
    let manual = try text("man/bfatrace.8")
    let section = manual.split(separator: ".Sh EXAMPLES")[1].split(separator: ".Sh ")[0]
    for text in [readme, String(section)] {
      let examples = examples(in: text)
      #expect(examples.count > 10, "\(examples)")
      for example in examples {
        // Options are checked before privileges: run the examples without privileges.
        let nobody =
          mayTrace
          ? "setpriv --reuid 65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
          : ""
        let ended = try shell("exec \(nobody) '\(Built.bfatrace)' --check \(example)")
        #expect(ended.status == 1 && ended.errors.isEmpty, "bfatrace \(example): \(ended)")
      }
    }
  }

  @Test("the targets that the README and the Makefile's head name exist")
  func targets() throws {
    let makefile = try text("Makefile")
    let head = makefile.split(separator: "\n").prefix { $0.hasPrefix("#") }.joined(separator: "\n")
    let named =
      try text("README.md").matches(of: /\bmake ([a-z]+)/).map { String($0.1) }
      + head.matches(of: /#   make ([a-z]+)/).map { String($0.1) }
    #expect(named.count > 8, "\(named)")
    for target in Set(named) where target != "test" {
      let isThere = makefile.contains(try Regex("(?m)^\(target):"))
      #expect(isThere, "make \(target)")
    }
  }
}

private let hasMandoc = (try? shell("command -v mandoc"))?.status == 0
