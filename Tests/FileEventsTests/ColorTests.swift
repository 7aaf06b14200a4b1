// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

@Suite("Coloured lines")
struct ColorTests {
  private static var colored: LineOptions {
    var options = LineOptions(long: true, user: true)
    options.color = true
    return options
  }

  /// The coloured line, with `E` for the start of each escape sequence.
  private func colored(_ record: [UInt8]) -> String {
    line(record, Self.colored).replacing("\u{1b}[", with: "E")
  }

  @Test("letters have a colour each, the path's last component is bright")
  func merged() {
    let record = accessRecord(Common(types: [opened, read, closed, written]))
    #expect(
      colored(record)
        == "head(35929) [0:0]: E32mRE34mCE33mWE36mOE0m /etc/E1mmotdE0m")
    let directory = accessRecord(
      Common(
        types: [BFA_CREATED, BFA_DELETED, BFA_MOVED_FROM, BFA_MOVED_TO], path: Array("/".utf8)))
    #expect(colored(directory) == "head(35929) [0:0]: E35m+E35mDE35m<E35m>E0m /E1mE0m")
  }

  @Test("a call has the colour of its letter, a failure is red")
  func calls() {
    #expect(
      colored(failedOpen(base: "/etc", filename: "nope"))
        == "head(35929) [0:0]: E36mopenatE0m /etc/E1mnopeE0m = E1;31m-1 ENOENTE0m")
    let sync = callRecord(BFA_CALL_fsync, Common(types: []))
    #expect(colored(sync) == "head(35929) [0:0]: fsync /etc/E1mmotdE0m = 0")
  }

  /// Records of all kinds, with names of any bytes.
  private static let records: [[UInt8]] = {
    var random = SeededGenerator(state: 1)
    return (0..<500).map { number in
      let bytes = { (count: Int) in
        (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
      }
      let common = Common(
        comm: bytes(15), types: [BFA_READ, BFA_MAPPED], marks: [BFA_MARK_FILE, BFA_MARK_NEW_PATH],
        path: bytes(number % 60), newPath: bytes(number % 7))
      return number % 2 == 0
        ? accessRecord(common) { $0.reads = 1 }
        : callRecord(BFA_CALL_renameat, common) { $0.ret = number % 3 == 0 ? -2 : 0 }
    }
  }()

  @Test("are plain lines apart from the escape sequences")
  func onlyColors() throws {
    for record in Self.records {
      let plain = line(record, LineOptions(long: true, user: true))
      let colored = line(record, Self.colored)
      #expect(!plain.contains("\u{1b}"))
      // Match code points: a code point of a name may combine with the sequence before it to one
      // character.
      let sequence = /\u{1b}\[[0-9;]+m/.matchingSemantics(.unicodeScalar)
      #expect(
        colored.replacing(sequence, with: "").unicodeScalars.elementsEqual(plain.unicodeScalars))
      #expect(colored.hasSuffix("\u{1b}[0m") || !plain.hasSuffix("ENOENT"))
    }
  }

  @Test("JSON has no colours")
  func json() {
    var options = Self.colored
    options.json = true
    for record in Self.records { #expect(!line(record, options).contains("\u{1b}")) }
  }
}
