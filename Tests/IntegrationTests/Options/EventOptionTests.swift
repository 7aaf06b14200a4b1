// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Options that choose events", .needsRoot)
struct EventOptionTests {
  /// Reads some files to their end, and writes others, each with one call. A flush may come between
  /// two calls on one file, but not on all files.
  private func readAndWrite(in directory: String) throws {
    for number in 0..<20 {
      try Calls.write("\(directory)/written\(number)")
      try Calls.read("\(directory)/existing")
    }
  }

  @Test(
    "-f shows a line if it has one of the letters, in either case, and then with all of them",
    arguments: [
      ("r", "RCO"), ("R", "RCO"), ("w", "CWO"), ("RW", "RCO CWO"), ("c", "RCO CWO"),
      ("wO", "RCO CWO"), ("+", ""),
    ])
  func filter(letters: String, shown: String) throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/existing")
      let trace = try Trace.of(["--json", "-f", letters, "--under", directory]) {
        try readAndWrite(in: directory)
      }
      let types = try trace.values("types", as: String.self)
      #expect(types.isSuperset(of: shown.split(separator: " ").map(String.init)), trace.description)
      let wanted = Set(letters.uppercased())
      #expect(types.allSatisfy { !wanted.isDisjoint(with: $0) }, trace.description)
    }
  }

  @Test("-S shows one line for every call, and -f then chooses among them")
  func syscalls() throws {
    try Scratch.directory { directory in
      for (options, calls) in [
        ([], ["openat", "write", "close"]), (["--filter", "w"], ["write", "close"]),
        (["--filter", "o"], ["openat"]),
      ] {
        let trace = try Trace.of(["--json", "-S", "--under", directory] + options) {
          try Calls.write("\(directory)/file")
        }
        let traced = try trace.objects().map { $0["syscall"] as? String }
        #expect(traced == calls, trace.description)
      }
    }
  }

  @Test("-x shows only failures, with the absolute path that was asked for")
  func failed() throws {
    try Scratch.directory { directory in
      try makeDirectories("sub", in: directory)
      try Calls.write("\(directory)/existing")
      let dfd = try Calls.open("\(directory)/sub", O_RDONLY | O_DIRECTORY)
      let trace = try Trace.of(["--json", "-x", "--under", directory]) {
        try Calls.read("\(directory)/existing")
        try shell("cat < a; cat < ./sub/../b; cat < existing", in: directory)
        try shell("cat < ../../c; cat < ../existing/d", in: "\(directory)/sub")
        #expect(openat(dfd, ".//e", O_RDONLY) == -1)
        #expect(openat(dfd, "../f", O_RDONLY) == -1)
        #expect(read(dfd, nil, 0) == -1)
      }
      close(dfd)
      // ../../c is left out: it is outside of the directory.
      let asked: Set = ["a", "b", "existing/d", "sub/e", "f", "sub"]
      #expect(try trace.names(in: directory) == asked, trace.description)
      let errors = try trace.values("errno", as: String.self)
      #expect(errors == ["ENOENT", "ENOTDIR", "EISDIR"], trace.description)
      let filenames = try trace.values("filename", as: String.self)
      #expect(filenames.isSuperset(of: ["./sub/../b", ".//e", "../f"]), trace.description)
    }
  }

  @Test("-x shows every place where a file was looked for")
  func searched() throws {
    try Scratch.directory { directory in
      let places = (1...5).map { "\(directory)/\($0)" }
      for number in 1...5 { try makeDirectories("\(number)", in: directory) }
      let environment = ["LD_LIBRARY_PATH": places.joined(separator: ":")]
      let trace = try Trace.of(["--json", "-x", "--under", directory]) {
        _ = try run("/bin/cat", in: directory, environment: environment)
      }
      let searched = try trace.objects().compactMap { $0["path"] as? String }
        .filter { places.map { $0 + "/libc.so.6" }.contains($0) }
      #expect(searched == places.map { $0 + "/libc.so.6" }, trace.description)
      #expect(try trace.values("errno", as: String.self) == ["ENOENT"], trace.description)
    }
  }

  @Test("--metadata shows lookups of files and of sockets", arguments: [[], ["--current-mount"]])
  func sockets(place: [String]) throws {
    try Scratch.ownFileSystem { directory in
      let lines = """
        import socket
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); server.bind("socket")
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); client.sendto(b"x", "socket")
        client.sendmsg([b"x"], [], 0, "./socket"); client.connect("socket"); os.stat("socket")
        """
      let process = try PythonProcess(in: directory)
      let tracing = try Tracing(
        ["--json", "-m", "-p", "\(process.pid)"] + place, in: directory)
      try process.run(lines)
      let trace = tracing.stop()
      let found = try trace.objects().filter { $0["path"] as? String == "\(directory)/socket" }
      let calls = found.compactMap { $0["syscall"] as? String }
      #expect(
        calls.filter { !$0.contains("stat") } == ["bind", "sendto", "sendmsg", "connect"]
          && calls.last?.contains("stat") == true, trace.description)
    }
  }

  @Test("--slower shows only calls that took as long")
  func slower() throws {
    try Scratch.directory { directory in
      try shell("mkfifo fifo", in: directory)
      let fifo = try Calls.open("\(directory)/fifo", O_RDWR)
      defer { close(fifo) }
      let trace = try Trace.of(["--json", "--all", "--slower", "250", "--under", directory]) {
        #expect(write(fifo, "quick", 5) == 5)
        try Calls.read(fifo, count: 5)
        let reader = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        Thread.detachNewThread {
          // A busy machine may start the read late: wait until the reader is in the call, and then
          // for the time.
          try? waitUntil("the reader waits") { isInCall("/proc/\(reader)", on: fifo) }
          usleep(500_000)
          _ = write(fifo, "slow", 4)
        }
        try Calls.read(fifo, count: 4)
      }
      let slow = try #require(try trace.objects().first, trace.description)
      #expect(trace.lines.count == 1, trace.description)
      #expect(slow["syscall"] as? String == "read" && slow["ret"] as? Int == 4, trace.description)
      #expect((slow["duration_ns"] as? Int ?? 0) >= 250_000_000, trace.description)
    }
  }

  /// Whether a thread waits in a call whose first argument is this descriptor (proc_pid_syscall(5)).
  private func isInCall(_ thread: String, on descriptor: Int32) -> Bool {
    let call = try? String(contentsOfFile: "\(thread)/syscall", encoding: .utf8)
    return call?.split(separator: " ").dropFirst().first == "0x\(String(descriptor, radix: 16))"
  }
}
