// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Room for open files", .needsRoot)
struct RoomTests {
  private static let descriptors = """
    import ctypes, resource
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 10000), limit))
    def open_files(count, first=300):
      for n in range(first, first + count):
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        os.dup2(fd, n); os.close(fd)
        os.write(n, b"x")
    """

  private func sum(_ key: String, of objects: [[String: Any]]) -> Int {
    objects.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
  }

  @Test(
    "closes that find the ring full are shown by a later flush",
    arguments: [
      "os.kill(os.getpid(), 9)", "sys.exit()", "ctypes.CDLL(None).close_range(300, -1, 0)",
      "for n in range(300, 9300): os.close(n)",
    ])
  func pendingCloses(lines: String) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.descriptors)
      let options = ["--json", "--ring-size", "1", "-f", "CW", "--under", directory]
      let tracing = try Tracing(options + ["-p", "\(process.pid)"])
      // Open the files in parts that fit the ring, however busy the machine is.
      for part in 0..<9 {
        try process.run("open_files(1000, \(300 + part * 1000))")
        try waitUntil("all writes are shown") {
          let lines = tracing.outputSoFar.split(separator: UInt8(ascii: "\n"))
          return lines.count(where: { $0.contains(Data("\"writes\"".utf8)) }) >= 1000 * (part + 1)
        }
      }
      tracing.signal(SIGSTOP)
      try process.start(lines)
      try waitUntil(lines) { process.isDone }
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      let objects = try trace.objects()
      let far = objects.filter { $0["fd"] as? Int ?? 0 >= 300 }
      let summary = Comment("\(trace.lines.count) lines\n\(trace.ended.errors)")
      #expect(sum("closes", of: far) == 9000, summary)
      #expect(far.allSatisfy { $0["path"] as? String == "\(directory)/file" }, summary)
      #expect(trace.ended.status == 0, summary)
    }
  }

  /// Traces a process that runs these lines, with little room for files.
  private func traced(
    _ lines: String, _ options: [String], before: String = ""
  ) throws -> (trace: Trace, objects: [[String: Any]]) {
    try Scratch.directory { directory in
      let process = try PythonProcess(
        in: directory, Self.descriptors + "\n" + before)
      let trace = try Trace.of(["--json", "--under", directory, "-p", "\(process.pid)"] + options) {
        try process.run(lines)
      }
      return (trace, try trace.objects())
    }
  }

  @Test("files that fit are counted exactly, and closing them makes room")
  func fitting() throws {
    let lines = """
      for i in range(4):
        open_files(10); ctypes.CDLL(None).close_range(300, -1, 0)
      """
    let (trace, objects) = try traced(lines, ["--room-for-files", "16"])
    #expect(sum("closes", of: objects) == 80 && trace.ended.status == 0, trace.description)
  }

  /// Two that are out of scope are known: the files of standard output and standard error.
  @Test("room for 16 descriptors is enough for 16, and the close of one more is lost")
  func atTheBound() throws {
    for count in [14, 15] {
      let open =
        "for fd in [os.open('file', os.O_RDONLY) for i in range(\(count))]: os.close(fd)"
      let (trace, objects) = try traced(
        open, ["--room-for-files", "16"], before: "open('file', 'w').close()")
      #expect(sum("opens", of: objects) == count, trace.description)
      #expect(sum("closes", of: objects) == 14, trace.description)
      #expect(sum("lost", of: objects) == count - 14, trace.description)
      #expect(trace.ended.status == (count > 14 ? 3 : 0), trace.description)
    }
  }

  @Test("accesses without room are counted as lost, with the table that is full")
  func tooMany() throws {
    let open =
      "for fd in [os.open('file', os.O_RDONLY | os.O_CREAT) for i in range(40)]: os.close(fd)"
    let (trace, objects) = try traced(open, ["--room-for-files", "16"])
    let all = sum("closes", of: objects) + sum("lost", of: objects)
    #expect(sum("opens", of: objects) == 40 && all == 40, trace.description)
    #expect(sum("lost", of: objects) >= 24, trace.description)
    #expect(trace.ended.status == 3, trace.description)
    #expect(trace.ended.errors.contains("room for no more than 16 descriptors in use"))
    #expect(!trace.ended.errors.contains("ring"), trace.description)
  }

  @Test(
    "events that are not wanted are not counted as lost",
    arguments: [["--filter", "R"], ["--under", "in"], ["--filter", "O"]])
  func unwanted(options: [String]) throws {
    let isPlace = options[0] == "--under"
    try Scratch.directory { directory in
      try makeDirectories("in", "out", in: directory)
      let process = try PythonProcess(in: directory, Self.descriptors)
      let scope = isPlace ? ["--under", "\(directory)/in"] : ["--under", directory] + options
      let trace = try Trace.of(
        ["--json", "--room-for-files", "16", "-p", "\(process.pid)"] + scope
      ) {
        try process.run(
          "for i in range(60): os.open('out/file', os.O_RDONLY | os.O_CREAT)")
      }
      #expect(trace.ended.status == 0, trace.description)
    }
  }

  @Test("closed descriptors of a living process make room for others")
  func eviction() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.descriptors + "\nopen_files(1, 299)")
      let tracing = try Tracing([
        "--json", "--room-for-files", "32", "--interval", "20", "--under", directory, "-p",
        "\(process.pid)",
      ])
      var written = 0
      for round in 0..<20 {
        let first = 300 + round * 4
        try process.run(
          "open_files(4, \(first)); [os.close(n) for n in range(\(first), \(first + 4))]")
        // Wait for two flushes: one marks what is closed, and the next one deletes it.
        for _ in 0..<3 {
          try process.run("os.write(299, b'x')")
          written += 1
          try waitUntil("a flush") { writes(to: 299, in: tracing.outputSoFar) == written }
        }
      }
      let trace = tracing.stop()
      let far = try trace.objects().filter { $0["fd"] as? Int ?? 0 >= 300 }
      #expect(sum("closes", of: far) == 80, trace.description)
      #expect(trace.ended.status == 0, trace.description)
    }
  }

  private func writes(to fd: Int, in output: Data) -> Int {
    output.split(separator: UInt8(ascii: "\n")).reduce(0) { sum, line in
      guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
        object["fd"] as? Int == fd
      else { return sum }
      return sum + (object["writes"] as? Int ?? 0)
    }
  }

  @Test("long paths have room again and again, and those without are counted")
  func longPaths() throws {
    let before = """
      for i in range(2): os.mkdir('x' * 200); os.chdir('x' * 200)
      os.close(os.open('file', os.O_CREAT))
      """
    // Each round uses other descriptors.
    for (count, lacking) in [(16, 0), (17, 5)] {
      let lines = """
        for round in range(5):
          fds = [os.open('file', os.O_RDONLY) for i in range(\(count))]
          last = os.dup(fds[-1]); [os.close(fd) for fd in fds]
          os.dup2(last, 300 + round); os.close(last)
        """
      let (trace, objects) = try traced(lines, ["--room-for-paths", "16"], before: before)
      #expect(sum("closes", of: objects) == count * 5, trace.description)
      #expect(objects.filter { $0["path"] == nil }.count == lacking, trace.description)
      let message = "\(lacking) files are shown without their path, as more than 16 were in use"
      #expect(trace.ended.errors.contains(message) == (lacking > 0), trace.description)
      #expect(trace.ended.status == 0, trace.description)
    }
  }

  @Test("the tracer has the highest priority, its command does not")
  func priority() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(["--under", directory], launcher: ["nice", "-n", "5"])
      #expect(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(tracing.pid)) == -20)
      _ = tracing.stop()
      let command = "nice > \(directory)/nice"
      _ = try run(
        "/usr/bin/env",
        ["nice", "-n", "5", Built.bfatrace, "--under", directory, "--", "sh", "-c", command])
      let nice = try String(contentsOfFile: "\(directory)/nice", encoding: .utf8)
      #expect(nice == "5\n")
    }
  }
}
