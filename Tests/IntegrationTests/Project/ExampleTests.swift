// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("The first example of the README", .needsRoot)
struct ExampleTests {
  @Test("shows who opens, reads, writes and closes what")
  func merged() throws {
    try Scratch.directory { directory in
      // The whole machine is traced. A flush may come between two calls on one file, but not on all
      // files, and other processes may do so much that events are lost.
      let trace = try Trace.of([]) {
        for _ in 0..<20 { try shell("head /etc/motd; echo hello > somefile", in: directory) }
      }
      #expect([0, 3].contains(trace.ended.status), trace.description)
      for pattern in [
        #"^sh\(\d+\): CO  /etc/ld.so.cache$"#,
        #"^head\(\d+\): RCO /.*/libc.so.6$"#,
        #"^head\(\d+\): RCO /etc/motd$"#,
        #"^sh\(\d+\): CWO \#(directory)/somefile$"#,
      ] {
        let regex = try Regex(pattern)
        #expect(trace.lines.contains { $0.contains(regex) }, "\(pattern)\n\(trace.description)")
      }
    }
  }

  @Test("shows flags and mode in octal, call by call")
  func calls() throws {
    try Scratch.directory { directory in
      let trace = try Trace.of(["--syscalls", "--under", directory]) {
        try shell("echo hello > somefile", in: directory)
      }
      let opened = try Regex(
        #"^sh\(\d+\): openat \#(directory)/somefile fd=3 flags=01101 mode=0666 = 3 <0\.\d{6}>$"#)
      #expect(trace.lines.contains { $0.contains(opened) }, trace.description)
    }
  }
}
