// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Descriptors that are closed many at once", .needsRoot)
struct DescriptorTableTests {
  /// Descriptors around the bounds of words and chunks (bpf/files/entry_index.h), and far from each
  /// other. All are above the socket by which Foundation learns that a process has ended.
  private static let descriptors = [300, 319, 320, 511, 512, 513, 1023, 1024, 5000, 19_000, 19_999]

  /// Descriptor N has the file N open, and has been used.
  private static let open = """
    import ctypes, resource
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 20000), limit))
    libc = ctypes.CDLL(None)
    def use(numbers):
      for n in numbers: os.write(n, b'x')
    def make(numbers):
      for n in numbers:
        fd = os.open(str(n), os.O_WRONLY | os.O_CREAT)
        os.dup2(fd, n, False)
        os.close(fd)
      use(numbers)
    numbers = \(descriptors)
    make(numbers)
    """

  /// Python lines that close descriptors of a process, and how often the process and its child
  /// close each of them.
  private struct Way {
    var lines: String
    var closes: [Int: Int]
    var childCloses: [Int: Int] = [:]

    init(_ lines: String, _ closed: [Int], again: [Int] = [], child: [Int] = []) {
      self.lines = lines
      closes = Dictionary((closed + again).map { ($0, 1) }, uniquingKeysWith: +)
      childCloses = Dictionary(uniqueKeysWithValues: child.map { ($0, 1) })
    }
  }

  private static let all = descriptors
  private static let ways: [Way] = [
    Way("libc.close_range(300, -1, 0)", all),
    Way("libc.close_range(301, 19998, 0)", all.filter { $0 != 300 && $0 != 19_999 }),
    Way("libc.close_range(320, 511, 0)", [320, 511]),
    Way("libc.close_range(511, 512, 0)", [511, 512]),
    Way("libc.close_range(513, 513, 0)", [513]),
    Way("libc.close_range(600, 1000, 0)", []),
    Way("libc.close_range(1025, -1, 0)", [5000, 19_000, 19_999]),
    Way("libc.close_range(300, -1, 4)", []),  // CLOSE_RANGE_CLOEXEC
    Way("libc.close_range(512, -1, 2)", all.filter { $0 >= 512 }),  // CLOSE_RANGE_UNSHARE
    Way(
      "libc.close_range(300, -1, 0); make(numbers); libc.close_range(300, -1, 0)",
      all, again: all),
    Way(
      "libc.close_range(300, -1, 0); make(numbers[:3]); sys.exit()", all, again: [300, 319, 320]),
    Way("os.dup2(300, 1024)", [1024]),
    Way("for n in numbers: os.close(n)", all),
    Way("sys.exit()", all),
    Way("os.kill(os.getpid(), 9)", all),
    Way("os.execv('/bin/sleep', ['sleep', '1000'])", all),
    Way(
      "for n in numbers[::2]: os.set_inheritable(n, True)\nos.execv('/bin/sleep', ['sleep', '1000'])",
      all.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)),
    Way(
      """
      import threading
      thread = threading.Thread(target=libc.close_range, args=(320, -1, 0))
      thread.start(); thread.join()
      """, all.filter { $0 >= 320 }),
    Way("import threading; threading.Thread(target=os._exit, args=(0,)).start(); input()", all),
    // A child closes the descriptors that it has used, and no others.
    Way("if os.fork() == 0: os._exit(0)\nos.wait()", []),
    Way(
      "if os.fork() == 0: use([320, 19000]); os._exit(0)\nos.wait()", [], child: [320, 19_000]),
    Way(
      """
      if os.fork() == 0: use([300, 512]); libc.close_range(512, -1, 0); os._exit(0)
      os.wait()
      """, [], child: [300, 512]),
    // CLONE_FILES | SIGCHLD: the child shares the table, and the parent closes it when it ends.
    Way(
      """
      clone = 56 if os.uname().machine == 'x86_64' else 220
      if libc.syscall(clone, 0x411, 0, 0, 0, 0) == 0: use(numbers); os._exit(0)
      os.wait(); sys.exit()
      """, all),
  ]

  @Test("are shown once each, and no other, whatever closes them")
  func sparse() throws {
    try Scratch.directory { directory in
      var processes: [PythonProcess] = []
      let tracing = try Tracing(["--json", "--parents", "--under", directory])
      // Processes that still run hold the descriptors by which Foundation learns that bfatrace has
      // ended: kill them.
      defer { for process in processes { process.kill() } }
      for way in Self.ways {
        let process = try PythonProcess(in: directory, Self.open)
        processes.append(process)
        try process.start(way.lines)
        try waitUntil(way.lines) { process.isDone || comm(of: process) == "sleep" }
      }
      let trace = tracing.stop()
      let objects = try trace.objects()
      for (way, process) in zip(Self.ways, processes) {
        let own = objects.filter { $0["pid"] as? Int == Int(process.pid) }
        let children = objects.filter { isChild($0, of: process) }
        #expect(closes(own) == way.closes, "\(way.lines)")
        #expect(closes(children) == way.childCloses, "\(way.lines): child")
      }
      #expect(trace.ended.status == 0, "\(trace.ended.errors)")
    }
  }

  private func comm(of process: PythonProcess) -> String {
    let comm = try? String(contentsOfFile: "/proc/\(process.pid)/comm", encoding: .utf8)
    return comm?.trimmingCharacters(in: .newlines) ?? ""
  }

  private func isChild(_ object: [String: Any], of process: PythonProcess) -> Bool {
    let parents = object["parents"] as? [[String: Any]]
    return parents?.first?["pid"] as? Int == Int(process.pid)
  }

  /// Counts closes by descriptor, of lines whose path is the descriptor's file.
  private func closes(_ objects: [[String: Any]]) -> [Int: Int] {
    objects.reduce(into: [:]) { sums, object in
      guard let fd = object["fd"] as? Int, let closes = object["closes"] as? Int, fd >= 300 else {
        return
      }
      let name = (object["path"] as? String)?.split(separator: "/").last
      sums[name.flatMap { Int($0) } == fd ? fd : -fd, default: 0] += closes
    }
  }
}
