// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("The table of system calls")
struct CallTableTests {
  /// A row of `BFA_CALLS`.
  private struct Row {
    var name: String
    /// The number on x86-64.
    var number: Int
    /// The number on i386.
    var number32: Int
  }

  private func rows() throws -> [Row] {
    let header = try String(contentsOfFile: "\(Built.root)/bpf/bfatrace_calls.h", encoding: .utf8)
    return header.matches(of: /X\((\w+), [A-Z_0-9]+, (-?\d+), (-?\d+), -?\d+, -?\d+\)/).map {
      Row(name: String($0.1), number: Int($0.2)!, number32: Int($0.3)!)
    }
  }

  /// Calls of strace's class %file that bfatrace does not show, and why.
  private static let notShown = [
    "getcwd": "is passed no name: it returns one"
  ]

  #if arch(x86_64)
    @Test("has the calls of strace's class %file")
    func fileClass() throws {
      try Scratch.directory { directory in
        let log = "\(directory)/log"
        let command = [
          "strace", "-qq", "-e", "trace=%file", "-o", log, Built.fileways, "--every-call",
        ]
        let ended = try run("/usr/bin/env", command)
        try #require(ended.status == 0, "\(ended.errors)")
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        // A call that this strace does not know has a number in its name.
        let names = Set(lines.compactMap { $0.firstMatch(of: /^(\w+)\(/).map { String($0.1) } })
          .filter { !$0.hasPrefix("syscall_") }
        #expect(names.count > 60 && names.contains("fanotify_mark"), "\(names.sorted())")
        let missing = names.subtracting(try rows().map(\.name)).subtracting(Self.notShown.keys)
        #expect(missing == [], "no row in BFA_CALLS, and no reason why not")
        #expect(Set(Self.notShown.keys).subtracting(names) == [], "not in %file any more")
      }
    }
  #endif

  /// Rows without a way, and why.
  private static let withoutWay = [
    "dup3": "closes a file, if anything: ScenarioTests",
    "arm_sync_file_range": "32-bit arm alone has it",
    "io_pgetevents_time64": "differs from io_pgetevents in the time alone",
    "socketcall": "reported as the call that it stands for",
    "io_getevents": "reported as its requests",
    "io_pgetevents": "reported as its requests",
    "io_uring_readv_fixed": "Linux 6.15; as io_uring_read_fixed, into several places",
    "io_uring_writev_fixed": "Linux 6.15; as io_uring_write_fixed, from several places",
    "io_uring_read_multishot": "for what can be polled: FIFOs, of files that have a name",
  ]

  @Test("has a way for each row, or a reason why not")
  func ways() throws {
    let tried = Set((Way.all + Way.of32).flatMap(\.calls).map(\.call))
    let untried = try rows().map(\.name).filter { !tried.contains($0) }
    let unexplained = untried.filter { Self.withoutWay[$0] == nil }
    #expect(unexplained == [], "rows of BFA_CALLS without a way")
    #expect(Set(Self.withoutWay.keys).subtracting(untried) == [], "have a way, or no row")
  }

  @Test("has each number and each name once")
  func unique() throws {
    let rows = try rows()
    #expect(rows.count > 150)
    #expect(Set(rows.map(\.name)).count == rows.count)
    for numbers in [rows.map(\.number), rows.map(\.number32)] {
      let used = numbers.filter { $0 >= 0 }
      #expect(Set(used).count == used.count)
    }
  }
}
