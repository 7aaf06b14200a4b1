// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Streams, signals and ends", .needsRoot)
struct OutputTests {
  /// Gives the body a directory to trace and one that is not traced.
  private func directories(_ body: (_ traced: String, _ outside: String) throws -> Void) throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "out", in: scratch)
      try body("\(scratch)/in", "\(scratch)/out")
    }
  }

  @Test("lines appear while it runs", arguments: LiveTrace.Kind.allCases)
  func live(kind: LiveTrace.Kind) throws {
    try directories { traced, outside in
      let live = try LiveTrace(["--under", traced], through: kind, in: outside)
      try live.waitUntilRecording("\(traced)/first")
      for number in 0..<5 {
        let start = ContinuousClock.now
        try Calls.write("\(traced)/file\(number)")
        try waitUntil("the line of file\(number)") { live.text().contains("/file\(number)\n") }
        print("\(kind): the line came after \(ContinuousClock.now - start)")
      }
      #expect(live.running.process.isRunning)
      live.signal(SIGINT)
      let ended = try live.end()
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      let line = try Regex(
        #"^[^\n]+\(\#(getpid())\): (?:[CWO]+ *\#(traced)/[a-z]+\d?|\+   \#(traced))$"#)
      let lines = live.text().split(separator: "\n")
      #expect(live.text().hasSuffix("\n") && lines.allSatisfy { $0.contains(line) }, "\(lines)")
    }
  }

  @Test("a reader that goes away ends the run quietly, even if nothing more happens")
  func brokenPipe() throws {
    try directories { traced, _ in
      let running = try Running(
        "/bin/bash",
        ["-c", #""$@" | head -1; echo "${PIPESTATUS[*]}""#, "bash", Built.bfatrace]
          + ["--filter", "O", "--under", traced])
      try waitUntil("head has its line") {
        if running.outputSoFar.isEmpty { try? Calls.write("\(traced)/file") }
        return !running.outputSoFar.isEmpty
      }
      try waitUntil("bfatrace ends") { !running.process.isRunning }
      let ended = running.wait()
      let lines = ended.text.split(separator: "\n")
      #expect(lines.count == 2 && lines.last == "0 0" && ended.complaints.isEmpty, "\(ended)")
    }
  }

  @Test("SIGINT and SIGTERM deliver what is pending", arguments: [SIGINT, SIGTERM])
  func signals(number: Int32) throws {
    try directories { traced, _ in
      try Calls.write("\(traced)/file")
      let tracing = try Tracing(["--json", "--under", traced])
      let descriptor = try Calls.open("\(traced)/file")
      defer { close(descriptor) }
      for _ in 0..<1000 { try Calls.read(descriptor) }
      let start = ContinuousClock.now
      let trace = tracing.stop(number)
      print("signal \(number): ended after \(ContinuousClock.now - start)")
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      let objects = try trace.objects()
      #expect(objects.reduce(0) { $0 + ($1["opens"] as? Int ?? 0) } == 1, trace.description)
      #expect(objects.reduce(0) { $0 + ($1["reads"] as? Int ?? 0) } == 1000, trace.description)
      #expect(objects.allSatisfy { $0["closes"] == nil }, trace.description)
    }
  }

  @Test("a run that nohup started goes on after SIGHUP")
  func nohup() throws {
    try directories { traced, _ in
      let tracing = try Tracing(["--json", "--under", traced], launcher: ["nohup"])
      tracing.signal(SIGHUP)
      try Calls.write("\(traced)/file")
      let trace = tracing.stop()
      #expect(try trace.names(in: traced) == ["file"], trace.description)
      #expect(try isIgnored(SIGHUP, by: ["nohup"]), "nohup itself")
    }
  }

  private func isIgnored(_ number: Int32, by launcher: [String]) throws -> Bool {
    let ended = try run("/usr/bin/env", launcher + ["grep", "SigIgn", "/proc/self/status"])
    let mask = UInt64(ended.text.split(separator: "\t").last?.dropLast() ?? "", radix: 16) ?? 0
    return mask & (1 << UInt64(number - 1)) != 0
  }

  /// Starts a run whose pipe nobody reads, and interrupts it once when the pipe is full.
  private func stuck(_ traced: String, _ outside: String) throws -> LiveTrace {
    let live = try LiveTrace(["--syscalls", "--under", traced], through: .pipe, in: outside)
    try live.waitUntilRecording("\(traced)/file")
    try waitUntil("the pipe is full") {
      for _ in 0..<100 { try? Calls.write("\(traced)/file") }
      return live.waiting > 60_000
    }
    for _ in 0..<1000 { try Calls.write("\(traced)/file") }
    try Calls.write("\(traced)/last")
    live.signal(SIGINT)
    try waitUntil("the first signal is caught") {
      let status = try? String(contentsOfFile: "/proc/\(live.pid)/status", encoding: .utf8)
      let caught = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
      let mask = UInt64(caught.split(separator: "\t").last ?? "", radix: 16) ?? .max
      return mask & (1 << UInt64(SIGINT - 1)) == 0
    }
    return live
  }

  @Test("a second SIGINT ends at once")
  func secondSignal() throws {
    try directories { traced, outside in
      let live = try stuck(traced, outside)
      #expect(live.running.process.isRunning)
      live.signal(SIGINT)
      try waitUntil("bfatrace ends") { !live.running.process.isRunning }
      #expect(live.running.wait().status == 128 + SIGINT)
    }
  }

  @Test("after SIGINT a slow reader still gets everything")
  func slowReader() throws {
    try directories { traced, outside in
      let live = try stuck(traced, outside)
      let ended = try live.end()
      #expect(ended.status == 0 && ended.complaints.isEmpty, "\(ended)")
      let lines = live.text().split(separator: "\n")
      #expect(lines.filter { $0.contains(" \(traced)/last ") }.count == 3, "\(lines.suffix(5))")
    }
  }

  @Test("killed with SIGKILL, it leaves nothing in the kernel")
  func killed() throws {
    try directories { traced, _ in
      let tracing = try Tracing(["--under", traced])
      // Compare ids: other runs have programs of the same names.
      let fdinfo = "/proc/\(tracing.pid)/fdinfo"
      let objects = try FileManager.default.contentsOfDirectory(atPath: fdinfo).flatMap { fd in
        let text = (try? String(contentsOfFile: "\(fdinfo)/\(fd)", encoding: .utf8)) ?? ""
        return text.matches(of: /(prog|map|link)_id:\s+(\d+)/).map { "\($0.1)=\($0.2)" }
      }
      for kind in ["prog=", "map=", "link="] {
        #expect(objects.contains { $0.hasPrefix(kind) }, "\(objects)")
      }
      let trace = tracing.stop(SIGKILL)
      #expect(trace.ended.status == 128 + SIGKILL)
      let left = try run("/usr/bin/env", ["python3", "-c", Self.leftInKernel] + Set(objects))
      #expect(left.status == 0 && left.text.isEmpty, "\(left.text)\(left.errors)")
    }
  }

  /// Prints the BPF objects that are still there after a while.
  private static let leftInKernel = """
    import ctypes, errno, os, platform, sys, time
    libc = ctypes.CDLL(None, use_errno=True)
    bpf = {"x86_64": 321, "aarch64": 280}[platform.machine()]
    command = {"prog": 13, "map": 14, "link": 30}  # BPF_*_GET_FD_BY_ID
    def there(thing):
        kind, number = thing.split("=")
        attr = (ctypes.c_uint32 * 4)(int(number))
        fd = libc.syscall(bpf, command[kind], ctypes.byref(attr), 16)
        if fd >= 0:
            os.close(fd)
        elif ctypes.get_errno() != errno.ENOENT:
            sys.exit(os.strerror(ctypes.get_errno()))
        return fd >= 0
    left = sys.argv[1:]
    for _ in range(300):
        left = [thing for thing in left if there(thing)]
        if not left:
            break
        time.sleep(0.1)
    print(*left, end="")
    """
}
