// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("What is written about the options")
struct DocumentationTests {
  /// Long options as --help lists them.
  private func options() throws -> [String] {
    let help = try run(Built.bfatrace, ["--help"]).text
    let names = help.matches(of: /--([a-z-]+)/).map { String($0.1) }
    #expect(names.count > 20, "\(help)")
    return Array(Set(names)).sorted()
  }

  @Test("the manual explains every option")
  func manual() throws {
    let manual = try String(contentsOfFile: "\(Built.root)/man/bfatrace.8", encoding: .utf8)
    for option in try options() {
      let pattern = try Regex(#"(?m)^\.It Fl (.* )?-\#(option)( |$)"#)
      #expect(manual.contains(pattern), "--\(option) is missing from man/bfatrace.8")
    }
  }
}
