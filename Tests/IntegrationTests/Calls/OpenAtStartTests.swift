// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Descriptors that are open at the start", .needsRoot)
struct OpenAtStartTests {
  /// Opens one file with each of these flags; `fds` has their descriptors.
  private static let open = """
    fds = {}
    for name, flags in [("read", os.O_RDONLY), ("write", os.O_WRONLY), ("both", os.O_RDWR),
        ("append", os.O_WRONLY | os.O_APPEND)]:
      os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
      fds[name] = os.open(name, flags)
    os.mkdir("directory")
    fds["directory"] = os.open("directory", os.O_RDONLY | os.O_DIRECTORY)
    fds["gone"] = os.open("gone", os.O_RDWR | os.O_CREAT)
    os.unlink("gone")
    """
  private static let types = [
    "read": "C", "write": "CW", "both": "CW", "append": "CW", "directory": "C", "gone": "CW",
  ]

  /// The parts of a line that are compared.
  private struct Closed: Hashable {
    var name: String
    var types: String
    var opens: Int?
    var closes: Int?
    var isDeleted: Bool

    /// The line expected for a descriptor that is closed and was never used.
    init(unused name: String) {
      self.name = name
      types = OpenAtStartTests.types[name] ?? "C"
      closes = 1
      isDeleted = name == "gone"
    }

    init(_ object: [String: Any], in directory: String) {
      let path = object["path"] as? String ?? "?"
      name = path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
      types = object["types"] as? String ?? "?"
      opens = object["opens"] as? Int
      closes = object["closes"] as? Int
      isDeleted = object["deleted"] as? Bool ?? false
    }
  }

  /// Takes the lines of one process: other processes may read the directory.
  private func closed(
    _ trace: Trace, by process: PythonProcess, in directory: String
  ) throws -> [Closed] {
    let objects = try trace.objects().filter { $0["pid"] as? Int == Int(process.pid) }
    return objects.map { Closed($0, in: directory) }.sorted { $0.name < $1.name }
  }

  private let unused = types.keys.sorted().map(Closed.init(unused:))

  @Test(
    "are shown closed with their path, whatever closes them, if never used",
    arguments: [
      "for fd in fds.values(): os.close(fd)",
      "for fd in fds.values(): os.dup2(2, fd)",
      "os.closerange(min(fds.values()), max(fds.values()) + 1)",
      "import ctypes; ctypes.CDLL(None).close_range(min(fds.values()), 1 << 31, 0)",
      "sys.exit()",
      "os.kill(os.getpid(), 9)",
      "os.execv('/bin/true', ['true'])",
      "for fd in fds.values(): os.set_inheritable(fd, True)\nos.execv('/bin/true', ['true'])",
      "import threading; threading.Thread(target=lambda: [os.close(fd) for fd in fds.values()]).start()",
    ])
  func closing(lines: String) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.open)
      let trace = try Trace.of(["--json", "--under", directory]) { try process.end(lines) }
      #expect(try closed(trace, by: process, in: directory) == unused, trace.description)
    }
  }

  @Test("are counted for each descriptor, and for each process that has it")
  func shared() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(
        in: directory,
        """
        fds = [os.open("file", os.O_RDONLY | os.O_CREAT)]
        fds += [os.dup(fds[0]), os.open("file", os.O_RDONLY)]
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
          os.read(read, 1); os._exit(0)
        """)
      let trace = try Trace.of(["--json", "--under", directory]) {
        try process.run("for fd in fds: os.close(fd)")
        try process.run("os.write(write, b'x'); os.waitpid(child, 0)")
      }
      let objects = try trace.objects().filter { $0["comm"] as? String == "python3" }
      #expect(objects.count == 6 && objects.allSatisfy { $0["types"] as? String == "C" })
      #expect(objects.allSatisfy { $0["closes"] as? Int == 1 && $0["opens"] == nil })
      let byProcess = Dictionary(grouping: objects) { $0["pid"] as? Int }
      #expect(byProcess.values.map(\.count) == [3, 3], trace.description)
      for records in byProcess.values {
        #expect(Set(records.map { $0["fd"] as? Int }).count == 3, trace.description)
      }
    }
  }

  @Test("have their path in the line of close(2) with --syscalls")
  func syscalls() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.open)
      let trace = try Trace.of(["--json", "-S", "--under", directory, "-p", "\(process.pid)"]) {
        try process.run("for fd in fds.values(): os.close(fd)")
      }
      let calls = try trace.values("syscall", as: String.self)
      #expect(calls == ["close"], trace.description)
      let expected = unused.map { closed in
        var call = closed
        call.closes = nil
        return call
      }
      #expect(try closed(trace, by: process, in: directory) == expected, trace.description)
    }
  }

  @Test("show reads and writes like other descriptors")
  func used() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.open)
      let trace = try Trace.of(["--json", "--under", directory]) {
        try process.run("os.write(fds['both'], b'xyz'); os.close(fds['both'])")
        try process.run("os.read(fds['read'], 9); os.read(fds['read'], 9)")
      }
      let objects = try trace.objects()
      func sum(_ key: String) -> Int { objects.reduce(0) { $0 + ($1[key] as? Int ?? 0) } }
      #expect([sum("writes"), sum("write_bytes"), sum("closes")] == [1, 3, 1], trace.description)
      #expect(sum("reads") == 2 && sum("opens") == 0, trace.description)
      #expect(try trace.names(in: directory) == ["both", "read"], trace.description)
    }
  }

  @Test("are known if there are thousands")
  func many() throws {
    let count = 6000
    try Scratch.directory { directory in
      let process = try PythonProcess(
        in: directory,
        """
        import resource
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8000), limit))
        fds = []
        for i in range(\(count)):
          fd = os.open("new", os.O_CREAT | (os.O_WRONLY if i % 2 else os.O_RDONLY))
          os.rename("new", str(fd)); fds.append(fd)
        """)
      let trace = try Trace.of(["--json", "--under", directory]) {
        try process.end("for fd in fds[::2]: os.close(fd)\nos.kill(os.getpid(), 9)")
      }
      let objects = try trace.objects()
      let summary = Comment("\(objects.count) lines\n\(trace.ended.errors)")
      #expect(objects.count == count, summary)
      for object in objects {
        // The name of each file is the number of its descriptor. Every second one is opened for
        // writing, the others for reading.
        let fd = object["fd"] as? Int ?? -1
        let isWrong =
          object["path"] as? String != "\(directory)/\(fd)" || object["closes"] as? Int != 1
        if isWrong { Issue.record("\(object)") }
      }
      let writable = objects.filter { $0["types"] as? String == "CW" }
      #expect(writable.count == count / 2, summary)
      #expect(Set(objects.map { $0["fd"] as? Int }).count == count, summary)
      #expect(trace.ended.status == 0, summary)
    }
  }

  @Test("are shown if they are in scope")
  func scope() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "out", in: scratch)
      let inside = try PythonProcess(in: "\(scratch)/in", Self.open)
      let outside = try PythonProcess(in: "\(scratch)/out", Self.open)
      let directories = ["\(scratch)/in", "\(scratch)/out"]
      let runs: [(options: [String], shown: [Int])] = [
        (["--under", directories[0]], [6, 0]),
        (["--under", scratch, "-p", "\(outside.pid)"], [0, 6]),
        (["--under", scratch, "--ignore-pid", "\(inside.pid)"], [0, 6]),
        (["--under", scratch, "-c", "nobody"], [0, 0]), (["--dir", directories[1]], [0, 6]),
        (["--under", scratch, "-f", "R"], [0, 0]), (["--under", scratch, "-f", "W"], [4, 4]),
        (["--under", scratch, "--uid", "54321"], [0, 0]),
      ]
      let tracings = try runs.map { try Tracing(["--json"] + $0.options) }
      for process in [inside, outside] {
        try process.run("for fd in fds.values(): os.close(fd)")
      }
      for (run, tracing) in zip(runs, tracings) {
        let trace = tracing.stop()
        let python = try trace.objects().filter { $0["comm"] as? String == "python3" }
        let paths = python.compactMap { $0["path"] as? String }
        let shown = directories.map { directory in paths.count { $0.hasPrefix(directory + "/") } }
        #expect(shown == run.shown, "\(run.options): \(trace.description)")
      }
    }
  }

  @Test("have the right path while the process closes and opens them all the time")
  func churn() throws {
    try Scratch.directory { directory in
      // Descriptor 2000 + i always has file i open, though opened again and again. Leave lower
      // descriptors alone: one of them is the socket by which Foundation learns that a process has
      // ended. If the process closes it, Foundation waits for the end of this process and of no
      // other.
      let churn = """
        import random, resource
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 4096), limit))
        for i in range(900):
          fd = os.open(f"file{i}", os.O_RDONLY | os.O_CREAT); os.dup2(fd, 2000 + i); os.close(fd)
        print("done", flush=True)
        while True:
          i = random.randrange(900)
          fd = os.open(f"file{i}", os.O_RDONLY)
          if random.random() < 0.5:
            os.dup2(fd, 2000 + i)
          else:
            os.closerange(2000 + i, 2001 + i)
          os.close(fd)
        """
      let processes = try (0..<3).map { _ in try PythonProcess(in: directory) }
      for process in processes { try process.start(churn) }
      for _ in 0..<4 {
        let trace = try Trace.of(["--json", "--under", directory, "-s", "0.1"]) {}
        for object in try trace.objects() {
          guard let fd = object["fd"] as? Int, (2000..<2900).contains(fd) else { continue }
          if object["path"] as? String != "\(directory)/file\(fd - 2000)" {
            Issue.record("\(object)")
          }
        }
      }
      for process in processes { process.kill() }
    }
  }
}
