// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--interval and --ring-size")
struct DeliveryOptionTests {
  @Test(
    "a wrong value is refused in one line",
    arguments: [
      ("--interval", "0"), ("--interval", "9.9"), ("--interval", "60001"), ("--interval", "-1"),
      ("--interval", "soon"), ("--interval", "nan"), ("--interval", "inf"), ("--ring-size", "0"),
      ("--ring-size", "1025"), ("--ring-size", "1.5"), ("--ring-size", "-16"),
      ("--ring-size", "16M"),
    ])
  func usage(option: String, value: String) throws {
    let ended = try run("/usr/bin/timeout", ["-s", "KILL", "20", Built.bfatrace, option, value])
    expectComplaint(ended, status: 64, [option, value])
  }

  /// The number of lines for 100 reads of one file at intervals of 5 ms.
  private func lines(_ options: [String]) throws -> Int {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      let descriptor = try Calls.open("\(directory)/file")
      defer { close(descriptor) }
      let trace = try Trace.of(["--json", "--under", directory, "-p", "\(getpid())"] + options) {
        for _ in 0..<100 {
          try Calls.read(descriptor)
          usleep(5000)
        }
      }
      #expect(trace.ended.status == 0, trace.description)
      let reads = try trace.objects().reduce(0) { $0 + ($1["reads"] as? Int ?? 0) }
      #expect(reads == 100, trace.description)
      return trace.lines.count
    }
  }

  @Test("a longer interval makes fewer lines with the same sums", .needsRoot)
  func interval() throws {
    #expect(try lines(["--interval", "60000"]) == 1)
    #expect(try lines(["--interval", "10"]) > 1)
  }

  /// Makes 10,000 reads while the tracer is stopped. Returns how many are shown, and how many are
  /// reported lost.
  private func overrun(_ options: [String]) throws -> (shown: Int, lost: Int, status: Int32) {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      let tracing = try Tracing(
        ["--json", "--syscalls", "-f", "R", "--under", directory, "-p", "\(getpid())"] + options)
      tracing.signal(SIGSTOP)
      try waitUntil("bfatrace is stopped") {
        let status = try? String(contentsOfFile: "/proc/\(tracing.pid)/status", encoding: .utf8)
        return status?.contains("State:\tT") ?? true
      }
      let descriptor = try Calls.open("\(directory)/file")
      defer { close(descriptor) }
      for _ in 0..<10_000 { try Calls.read(descriptor) }
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      let lost = try trace.objects().reduce(0) { $0 + ($1["lost"] as? Int ?? 0) }
      return (trace.lines.count { $0.contains("syscall") }, lost, trace.ended.status)
    }
  }

  @Test("a ring that is too small loses events and counts them; a larger one does not", .needsRoot)
  func ringSize() throws {
    let small = try overrun(["--ring-size", "1"])
    #expect(small.lost > 0 && small.shown + small.lost == 10_000 && small.status == 3, "\(small)")
    let rounded = try overrun(["--ring-size", "3"])
    #expect(rounded.shown == 10_000 && rounded.lost == 0 && rounded.status == 0, "\(rounded)")
  }
}
