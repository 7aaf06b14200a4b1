// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Paths and names, at a limit and one beyond", .needsRoot)
struct PathLimitTests {
  /// Makes directories below the working directory, and goes there.
  private static let deeper = """
    def down(name):
      os.mkdir(name); os.chdir(name)
    def make(name): os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    """

  /// The records of files of these names, with each kind of lines.
  private func records(
    of names: [String], _ lines: String, in directory: String
  ) throws -> [(name: String, record: [String: Any])] {
    let process = try PythonProcess(in: directory, "\(Self.deeper)\n\(lines)")
    var found: [(name: String, record: [String: Any])] = []
    for mode in [[], ["-S"]] {
      let trace = try Trace.of(
        ["--json", "-f", "O", "--under", directory, "-p", "\(process.pid)"] + mode
      ) {
        for name in names { try process.run("make('\(name)')") }
      }
      let records = try trace.objects().filter { $0["types"] as? String != "+" }
      try #require(records.count == names.count && trace.ended.status == 0, trace.description)
      found += zip(names, records).map { ($0, $1) }
    }
    return found
  }

  @Test("a path of 4,095 bytes is whole; of a longer one, its end is shown")
  func length() throws {
    try Scratch.directory { directory in
      let base = 4095 - "/1".utf8.count
      let lines = """
        length = len(os.getcwd())
        while length < \(base):
          step = min(201, \(base) - length)
          if \(base) - length - step == 1: step -= 1
          down("d" * (step - 1)); length += step
        """
      for (name, record) in try records(of: ["1", "22"], lines, in: directory) {
        let path = try #require(record["path"] as? String, "\(record)")
        let isWhole = name == "1"
        #expect(path.hasPrefix(isWhole ? directory : ".../") && path.hasSuffix("d/\(name)"))
        #expect(!isWhole || path.utf8.count == 4095, "\(path.utf8.count)")
        #expect((record["truncated"] as? Bool == true) != isWhole, "\(record)")
      }
    }
  }

  /// In memory: on a disk, it takes many seconds to remove so deep a tree.
  @Test("8,192 components and mounts are followed; beyond, a file has numbers only")
  func components() throws {
    try Scratch.directory(on: .memory) { directory in
      // Two less: the last directory, and the file.
      let lines = """
        above = {}
        for line in open("/proc/self/mountinfo"):
          fields = line.split()
          above[fields[0]] = fields[1]
        info = open(f"/proc/self/fdinfo/{os.open('.', os.O_RDONLY)}").read().split()
        mount, mounts = info[info.index("mnt_id:") + 1], 0
        while mount in above:
          mount = above[mount]; mounts += 1
        for i in range(8192 - mounts - os.getcwd().count("/") - 2): down("d")
        down("e")
        os.mkdir("f")
        """
      for (name, record) in try records(of: ["1", "f/2"], lines, in: directory) {
        let path = record["path"] as? String
        #expect(path?.hasSuffix("/d/d/e/1") == (name == "1" ? true : nil), "\(path ?? "none")")
        #expect((record["truncated"] as? Bool == true) == (path != nil), "\(record)")
        #expect(record["inode"] is Int && record["device"] != nil, "\(record)")
      }
    }
  }

  @Test("40 symbolic links are followed, as the kernel does; with one more, it refuses the name")
  func links() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(
        in: directory,
        """
        os.mkdir("0")
        for i in range(41): os.symlink(f"{i}", f"{i + 1}")
        """)
      let trace = try Trace.of(["--json", "-S", "--under", directory]) {
        try process.run(
          """
          for name in "40/made", "41/made":
            try: os.mkdir(name)
            except OSError: pass
          """)
      }
      let made = try trace.objects().map { "\($0["ret"] ?? "") \($0["path"] ?? "")" }
      #expect(made == ["0 \(directory)/0/made", "-40 \(directory)/41/made"], trace.description)
    }
  }

  @Test("one pattern of --path more than the kernel side takes: the same files are shown")
  func patterns() throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(
        in: directory, "for i in range(18): os.mkdir(f'{i}'); open(f'{i}/file', 'w')")
      for count in [16, 17] {
        let options = (0..<count).flatMap { ["--path", "\(directory)/\($0)/**"] }
        let trace = try Trace.of(
          ["--json", "-f", "O", "-p", "\(process.pid)", "--room-for-scope", "16"] + options
        ) {
          try process.run("for i in range(18): open(f'{i}/file').close()")
        }
        let shown = try trace.names(in: directory)
        #expect(shown == Set((0..<count).map { "\($0)/file" }), trace.description)
        #expect(trace.ended.status == 0, trace.description)
      }
    }
  }
}
