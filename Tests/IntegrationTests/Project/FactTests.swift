// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Facts about options stand in the help, in the manual and in the completions. Each is compared
/// with what the option parser does.
@Suite("Facts about options are the same everywhere")
struct FactTests {
  private let help: String
  private let manual: String

  init() throws {
    help = try run(Built.bfatrace, ["--help"]).text
    manual = try String(contentsOfFile: "\(Built.root)/man/bfatrace.8", encoding: .utf8)
  }

  /// The manual's text of an option, without markup.
  private func manualItem(_ option: String) throws -> String {
    let pattern = try Regex(#"(?m)^\.It Fl (?:.* )?-\#(option)(?: |$)"#)
    let start = try #require(manual.firstMatch(of: pattern), "--\(option)").range.upperBound
    let rest = manual[start...]
    let end = rest.firstRange(of: /(?m)^\.(?:It|El)/)?.lowerBound ?? rest.endIndex
    return String(rest[..<end])
  }

  /// The help's text of an option, in one line.
  private func helpItem(_ option: String) throws -> String {
    let items = help.split(separator: /(?m)^  (?=-)/)
    let item = try #require(
      items.first { $0.contains("--\(option) ") || $0.contains("--\(option)\n") }, "--\(option)")
    return item.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
  }

  @Test("a default in the help is in the manual", arguments: ["interval", "ring-size"])
  func defaults(option: String) throws {
    let item = try helpItem(option)
    let value = try #require(item.firstMatch(of: /\(default: (\w+)\)/), "\(item)").1
    #expect(try manualItem(option).contains(try Regex("\\b\(value)\\b")), "--\(option) \(value)")
  }

  @Test("a range that the parser names is in the manual", arguments: ["interval", "ring-size"])
  func ranges(option: String) throws {
    let refused = try run(Built.bfatrace, ["--\(option)", "0"])
    expectComplaint(refused, status: 64, ["--\(option)"])
    let numbers = refused.errors.matches(of: /(\d+) to (\d+)/).flatMap { [$0.1, $0.2] }
    #expect(numbers.count == 2, "\(refused.errors)")
    for number in numbers {
      #expect(
        try manualItem(option).contains(try Regex("\\b\(number)\\b")), "--\(option): \(number)")
    }
  }

  @Test("the letters that the parser takes are in the help, the manual and the completions")
  func letters() throws {
    let refused = try run(Built.bfatrace, ["--filter", "?"])
    let letters = try #require(
      refused.errors.firstMatch(of: /letters ([^;]*);/), "\(refused.errors)"
    ).1
    #expect(try helpItem("filter").contains(letters))
    #expect(try manualItem("filter").contains(letters))
    for letter in letters.split(separator: " ") {
      let accepted = try run(Built.bfatrace, ["--filter", String(letter), "--version"])
      #expect(accepted.status == 0, "\(accepted)")
      let isExplained =
        manual.contains("\n.It Cm \(letter)\n") || manual.contains("\n.Cm \(letter)\n")
      #expect(isExplained, "\(letter)")
      for file in ["bfatrace.bash", "_bfatrace", "bfatrace.fish"] {
        let completions = try String(
          contentsOfFile: "\(Built.root)/completions/\(file)", encoding: .utf8)
        let isThere = ["'\(letter)'", "'\(letter) ", " \(letter) ", " \(letter);"].contains {
          completions.contains($0)
        }
        #expect(isThere, "\(letter) in \(file)")
      }
    }
  }

  /// Values that are right for options that take one.
  private static let values = [
    "slower": "1", "wakeups": "1", "device": "sda", "pid": "1", "comm": "x", "uid": "0",
  ]

  /// The options that are refused together with `other`, as options that imply its opposite are.
  private func options(excluding other: String, message: String) throws -> Set<String> {
    let named = help.matches(of: /--([a-z][a-z-]+)/).map { String($0.1) }
    return try Set(named).filter { option in
      let words = ["--\(option)"] + (Self.values[option].map { [$0] } ?? [])
      // A directory that does not exist ends the run if the options are accepted.
      let refused = try run(Built.bfatrace, words + [other, "--under", "/nowhere"])
      return refused.status == 64 && refused.errors.contains(message)
    }
  }

  @Test(
    "an option that implies another one says so in the help and in the manual",
    arguments: [("--disk", "syscalls"), ("--syscalls", "disk")])
  func implied(other: String, implied: String) throws {
    let message = "--disk shows requests, not calls"
    let excluding = try options(excluding: other, message: message).subtracting([implied])
    #expect(excluding.count >= 2, "\(excluding)")
    for option in excluding {
      #expect(try helpItem(option).contains("implies --\(implied)"), "--\(option)")
      let item = try manualItem(option).split(separator: "\n").joined(separator: " ")
      #expect(item.contains(try Regex("[Ii]mplies \\.Fl -\(implied)")), "--\(option): \(item)")
    }
  }
}
