// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Processes, at a limit and one beyond", .needsRoot)
struct ProcessLimitTests {
  /// What is known of processes; how a program with a path of any length is made and run.
  private static let processes = """
    import ctypes, shutil
    libc = ctypes.CDLL(None)
    def above(pid):
      return int(open(f"/proc/{pid}/stat").read().rsplit(")")[1].split()[1])
    def lineage():
      pid = os.getpid()
      while pid:
        yield pid
        pid = above(pid) if pid != 1 else 0
    def nested(count, name):
      if os.fork() == 0:
        if count > 1: nested(count - 1, name)
        else: open(name, "w").close()
        os._exit(0)
      os.wait()
    def shell(length):
      place = os.getcwd()
      while length - len(place) > 256:
        place += "/" + "d" * 200
        os.makedirs(place, exist_ok=True)
      place += "/" + "s" * (length - len(place) - 1)
      shutil.copy(os.path.realpath("/bin/sh"), place)
      return place
    def sized(rest, name):
      outer, inner = shell(rest // 2), shell(rest - rest // 2)
      command = f'"$0" -c ": >{name}; :"; :'
      os.waitpid(os.posix_spawn(outer, ["sh", "-c", command, inner], os.environ), 0)
    def files(count):
      for i in range(count):
        libc.prctl(15, b"%d" % i, 0, 0, 0)
        os.close(os.open("file", os.O_RDONLY))
    """

  /// The records of files that the process makes, by their names.
  private func trace(
    _ lines: [String], _ options: [String], _ process: PythonProcess, in directory: String
  ) throws -> [String: [String: Any]] {
    let trace = try Trace.of(["--json", "-f", "W", "--under", directory] + options) {
      for line in lines { try process.run(line) }
    }
    #expect(trace.ended.status == 0, trace.description)
    var records: [String: [String: Any]] = [:]
    for record in try trace.objects() {
      guard let path = record["path"] as? String else { continue }
      records[String(path.dropFirst(directory.utf8.count + 1))] = record
    }
    return records
  }

  @Test("64 ancestors are shown; of more, 64 and that there are others", arguments: [[], ["-S"]])
  func ancestors(mode: [String]) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.processes)
      let records = try trace(
        [
          "nested(65 - len(list(lineage())), 'fits')", "nested(66 - len(list(lineage())), 'more')",
        ], ["--parents"] + mode, process, in: directory)
      for (name, isCut) in [("fits", nil), ("more", true)] as [(String, Bool?)] {
        let record = try #require(records[name], "\(records)")
        let parents = record["parents"] as? [[String: Any]] ?? []
        #expect(parents.count == 64, "\(record)")
        #expect(record["parents_truncated"] as? Bool == isCut, "\(record)")
        #expect((parents.last?["pid"] as? Int == 1) == (isCut == nil), "\(record)")
      }
    }
  }

  @Test("8,191 bytes of a process and its ancestors are shown; who does not fit is left out")
  func bytes() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.processes)
      let options = ["--exe", "--parents"]
      let base = try #require(
        try trace(["open('base', 'w').close()"], options, process, in: directory)["base"])
      // Those of Python and what is above it, and of two shells that fill the rest.
      let known = [base] + (base["parents"] as? [[String: Any]] ?? [])
      let rest = known.reduce(8191) { $0 - 28 - ($1["exe"] as? String ?? "").utf8.count } - 2 * 28
      let records = try trace(
        ["sized(\(rest), 'fits')", "sized(\(rest + 1), 'more')"], options, process, in: directory)
      for (name, isCut) in [("fits", nil), ("more", true)] as [(String, Bool?)] {
        let record = try #require(records[name], "\(records.keys)")
        let parents = record["parents"] as? [[String: Any]] ?? []
        #expect(record["parents_truncated"] as? Bool == isCut, "\(record)")
        #expect((parents.last?["pid"] as? Int == 1) == (isCut == nil), "\(record)")
        #expect(parents.allSatisfy { $0["exe"] is String || $0["exe_raw"] != nil }, "\(record)")
      }
    }
  }

  @Test("16,384 descriptions of processes between two flushes; without one, an event is shown")
  func descriptions() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.processes)
      try Calls.write("\(directory)/file")
      let tracing = try Tracing([
        "--json", "--exe", "--ring-size", "32", "--under", directory, "-p", "\(process.pid)",
      ])
      tracing.signal(SIGSTOP)
      // Others, which execute and end, are not described. It is before, too: it reads what it is to do,
      // by another name.
      try shell("for i in 1 2 3; do /bin/true; done")
      try process.run("files(16384)")
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      let summary = Comment("\(trace.lines.suffix(2)) \(trace.ended)")
      #expect(trace.lines.count == 16384 && trace.ended.status == 0, summary)
      #expect(trace.lines.count { $0.contains("\"exe\":") } == 16383, summary)
      #expect(trace.lines.last?.contains("\"exe\":") == false, summary)
    }
  }

  @Test("2,047 bytes of arguments are whole, 2,048 are cut", arguments: [[], ["-S"]])
  func arguments(mode: [String]) throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(["--json", "-f", "W", "--args", "--under", directory] + mode)
      for size in [2047, 2048] {
        let words = ["-c", ": >$0", "\(directory)/\(size)"]
        let before = (["/bin/dash"] + words).reduce(1) { $0 + $1.utf8.count + 1 }
        let filling = String(repeating: "x", count: size - before)
        #expect(try run("/bin/dash", words + [filling]).status == 0)
      }
      let trace = tracing.stop()
      for record in try trace.objects() {
        let isCut = (record["path"] as? String)?.hasSuffix("/2048") == true
        #expect(record["args_truncated"] as? Bool == (isCut ? true : nil), "\(record)")
        #expect((record["args"] as? [String])?.count == 5, "\(record)")
      }
      #expect(try trace.names(in: directory) == ["2047", "2048"], trace.description)
    }
  }

  @Test("a path of a control group has 1,023 bytes; a longer one is left out", .needsCgroups)
  func cgroupPath() throws {
    try Scratch.directory { directory in
      let groups = try ControlGroups()
      let tracing = try Tracing(["--json", "-f", "W", "--cgroup", "--under", directory])
      var paths: [String: String] = [:]
      for size in [1023, 1024] {
        var path = groups.top
        while path.utf8.count < size - 256 { path += "/" + String(repeating: "g", count: 200) }
        path += "/" + String(repeating: "h", count: size - path.utf8.count - 1)
        paths["\(directory)/\(size)"] = path
        try groups.shell(
          "echo >\(size)", inGroup: String(path.dropFirst(groups.top.utf8.count)), at: directory)
      }
      let trace = tracing.stop()
      for record in try trace.objects() {
        let path = record["path"] as? String ?? ""
        let isShown = path.hasSuffix("/1023")
        #expect(record["cgroup"] as? String == (isShown ? paths[path] : nil), "\(record)")
      }
      #expect(try trace.names(in: directory) == ["1023", "1024"], trace.description)
    }
  }

  @Test(
    "more control groups than are known at a time: each is looked at again", .needsCgroups,
    arguments: [["--cgroup", "-S"], ["--unit", "in.slice", "--cgroup"]])
  func cgroups(options: [String]) throws {
    try Scratch.directory { directory in
      let groups = try ControlGroups()
      let isChosen = options[0] == "--unit"
      let numbers = 0..<12
      let tracing = try Tracing(
        ["--json", "-f", "W", "--room-for-groups", "4", "--under", directory] + options)
      for round in 0..<2 {
        for number in numbers {
          let slice = number % 2 == 0 ? "in.slice" : "out.slice"
          try groups.shell(
            "echo >\(number).\(round)", inGroup: "/\(slice)/\(number)", at: directory)
        }
      }
      let trace = tracing.stop()
      let wanted = numbers.filter { !isChosen || $0 % 2 == 0 }
      let names = Set(wanted.flatMap { ["\($0).0", "\($0).1"] })
      #expect(try trace.names(in: directory) == names, trace.description)
      for record in try trace.objects() {
        let name = (record["path"] as? String ?? "").split(separator: "/").last ?? ""
        let number = Int(name.prefix { $0 != "." }) ?? -1
        let slice = number % 2 == 0 ? "in.slice" : "out.slice"
        #expect(record["cgroup"] as? String == "\(groups.top)/\(slice)/\(number)", "\(record)")
      }
    }
  }

  /// Eight processes with as many descriptors of one file, which they read once each.
  private static let readers = """
    import resource
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 10000), limit))
    open("file", "w").write("x" * 9000)
    fds = [os.open("file", os.O_RDONLY) for i in range(8192)]
    orders, answers, end = os.pipe(), os.pipe(), os.pipe()
    for i in range(7):
      if os.fork() == 0:
        os.close(orders[1]); os.close(end[1])
        if os.read(orders[0], 1):
          for fd in fds: os.read(fd, 1)
        os.write(answers[1], b"x")
        os.read(end[0], 1)
        os._exit(0)
    def read(more):
      os.write(orders[1], b"x" * 7)
      for fd in fds: os.read(fd, 1)
      for i in range(7): os.read(answers[0], 1)
      if more: os.read(os.open("other", os.O_RDONLY | os.O_CREAT), 1)
    """

  @Test("65,536 files between two flushes, and one more: all are reported", arguments: [0, 1])
  func touched(more: Int) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.readers)
      let tracing = try Tracing([
        "--json", "--summary-only", "--ring-size", "64", "-f", "RO", "--under", directory,
      ])
      tracing.signal(SIGSTOP)
      try process.run("read(\(more))")
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      let rows = try trace.objects().map { $0["reads"] as? Int ?? 0 }
      #expect(rows.reduce(0, +) == 65536 + more, trace.description)
      #expect(trace.ended.status == 0, trace.description)
    }
  }
}
