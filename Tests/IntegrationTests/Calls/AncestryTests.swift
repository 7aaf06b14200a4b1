// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Executables and ancestors", .needsRoot)
struct AncestryTests {
  private static let options = ["--json", "--exe", "--parents"]
  static let modes = [[], ["--syscalls"]]

  /// A process as a record has it, or as /proc does.
  struct Process: Equatable, CustomStringConvertible {
    var pid: Int
    var comm: [UInt8]
    var exe: [UInt8]?

    init(_ object: [String: Any]) {
      pid = object["pid"] as? Int ?? -1
      comm = Self.bytes("comm", of: object)
      exe = Self.bytes("exe", of: object)
    }

    /// Reads a living process from /proc, and the number of its parent.
    static func living(_ pid: Int) throws -> (process: Process, parent: Int) {
      let file = try Data(contentsOf: URL(filePath: "/proc/\(pid)/stat"))
      let text = String(decoding: file, as: UTF8.self)
      let comm = try Data(contentsOf: URL(filePath: "/proc/\(pid)/comm")).dropLast()
      var process = Process(["pid": pid])
      process.comm = Array(comm)
      process.exe = link("/proc/\(pid)/exe")
      // The name in parentheses can hold anything; state and parent follow the last one.
      let rest = text[(try #require(text.lastIndex(of: ")")))...].split(separator: " ")
      return (process, try #require(Int(rest[2])))
    }

    private static func bytes(_ key: String, of object: [String: Any]) -> [UInt8] {
      if let raw = object["\(key)_raw"] as? [Int] { return raw.map { UInt8($0) } }
      return Array((object[key] as? String ?? "").utf8)
    }

    /// Returns nil if the link may not be read: root of a container may not read those of other
    /// users.
    private static func link(_ path: String) -> [UInt8]? {
      var target = [UInt8](repeating: 0, count: 4096)
      let length = readlink(path, &target, target.count)
      return length < 0 ? nil : Array(target.prefix(length))
    }

    static func == (a: Self, b: Self) -> Bool {
      a.pid == b.pid && a.comm == b.comm && (a.exe == nil || b.exe == nil || a.exe == b.exe)
    }

    var description: String {
      "\(pid) \(String(decoding: comm, as: UTF8.self)) \(String(decoding: exe ?? [], as: UTF8.self))"
    }
  }

  /// The process and its ancestors as the record has them.
  private func shown(_ object: [String: Any]) -> [Process] {
    [Process(object)] + (object["parents"] as? [[String: Any]] ?? []).map(Process.init)
  }

  /// The process and its ancestors as /proc has them now.
  private func living(_ pid: Int) throws -> [Process] {
    var (process, parent) = try Process.living(pid)
    var all = [process]
    while all.last?.pid != 1 && parent != 0 {
      (process, parent) = try Process.living(parent)
      all.append(process)
    }
    return all
  }

  private func records(_ trace: Trace, of pid: pid_t? = nil) throws -> [[String: Any]] {
    let all = try trace.objects().filter { pid == nil || $0["pid"] as? Int == pid.map { Int($0) } }
    try #require(!all.isEmpty, trace.description)
    return all
  }

  @Test("are those in /proc while the process lives", arguments: modes)
  func living(mode: [String]) throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      let trace = try Trace.of(Self.options + mode + ["--under", directory]) {
        try worker.run("echo x > \(directory)/file")
      }
      let expected = try living(Int(worker.pid))
      #expect(expected.count > 2 && expected.last?.pid == 1)
      for record in try records(trace, of: worker.pid) {
        #expect(shown(record) == expected, trace.description)
      }
    }
  }

  @Test("are shown for processes that ended before the line is written", arguments: modes)
  func gone(mode: [String]) throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      let copy = "\(directory)/short"
      try FileManager.default.copyItem(
        at: URL(filePath: "/bin/true").resolvingSymlinksInPath(), to: URL(filePath: copy))
      let trace = try Trace.of(Self.options + mode + ["--under", directory]) {
        try worker.run("for i in $(seq 200); do \(copy); done")
      }
      let expected = try living(Int(worker.pid))
      let records = try records(trace).filter { $0["comm"] as? String == "short" }
      #expect(Set(records.compactMap { $0["pid"] as? Int }).count == 200, trace.description)
      for record in records {
        let shown = shown(record)
        #expect(shown[0].exe == Array(copy.utf8), trace.description)
        #expect(Array(shown.dropFirst()) == expected, trace.description)
      }
    }
  }

  @Test("show an executable that is deleted, or whose name has any bytes")
  func executables() throws {
    try Scratch.directory { directory in
      let shell = try Worker.shell(named: "x),(pid=1 \n\u{1b}\u{9b}", in: directory)
      // env takes a name with an equals sign for a variable, sh does not.
      let worker = try Worker(shell, launcher: ["sh", "-c", #"exec "$0""#])
      let trace = try Trace.of(Self.options + ["--under", directory]) {
        try worker.run("echo x > \(directory)/first")
      }
      for record in try records(trace, of: worker.pid) {
        #expect(shown(record).first?.exe == Array(shell.utf8), trace.description)
      }
      try FileManager.default.removeItem(atPath: shell)
      let later = try Trace.of(Self.options + ["--under", directory]) {
        try worker.run("echo x > \(directory)/second; (echo x > \(directory)/third)")
      }
      let expected = Array("\(shell) (deleted)".utf8)
      let children = try records(later).filter { $0["pid"] as? Int != Int(worker.pid) }
      #expect(!children.isEmpty, later.description)
      for record in try records(later) {
        #expect(shown(record).first?.exe == expected, later.description)
      }
      for record in children { #expect(shown(record)[1].exe == expected, later.description) }
    }
  }

  @Test("show the new name of an executable after it is renamed")
  func renamed() throws {
    try Scratch.directory { directory in
      let worker = try Worker(try Worker.shell(named: "one", in: directory))
      let trace = try Trace.of(Self.options + ["--syscalls", "-f", "W", "--under", directory]) {
        try worker.run("echo x > \(directory)/a")
        try worker.run("mv \(directory)/one \(directory)/two; echo x > \(directory)/b")
      }
      let executables = try records(trace, of: worker.pid).map {
        "\($0["path"] ?? "") \($0["exe"] ?? "")"
      }
      #expect(
        Set(executables) == [
          "\(directory)/a \(directory)/one", "\(directory)/b \(directory)/two",
        ], trace.description)
    }
  }

  @Test("show the process that adopts the child when a parent ends")
  func adopted() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      let trace = try Trace.of(Self.options + ["--under", directory]) {
        // The child waits until its parent has ended, and another process is its parent.
        try worker.run(
          """
          cat > \(directory)/child << 'END'
          echo $$ > \(directory)/before
          until [ "$(cut -d ' ' -f 4 /proc/$$/stat)" != "$1" ]; do sleep 0.01; done
          echo $$ > \(directory)/after
          cut -d ' ' -f 4 /proc/$$/stat > \(directory)/adopter
          END
          sh -c 'echo $$ > \(directory)/parent; sh \(directory)/child $$ & sleep 0.2'
          until [ -s \(directory)/adopter ]; do sleep 0.01; done
          """)
      }
      let number = { (name: String) in
        let text = try String(contentsOfFile: "\(directory)/\(name)", encoding: .ascii)
        return try #require(Int(text.trimmingCharacters(in: .newlines)))
      }
      let child = try number("before")
      let records = try records(trace).filter { $0["pid"] as? Int == child }
      for (name, parent) in [("before", "parent"), ("after", "adopter")] {
        let record = records.first {
          $0["path"] as? String == "\(directory)/\(name)"
            && ($0["types"] as? String)?.contains("W") == true
        }
        let shown = shown(try #require(record, trace.description))
        #expect(shown.count > 1, trace.description)
        #expect(try shown.dropFirst().first?.pid == number(parent), "\(name): \(trace.description)")
      }
    }
  }

  @Test("of a thread are those of its process")
  func threads() throws {
    try Scratch.directory { directory in
      let python = try PythonProcess(in: directory, "import threading")
      let trace = try Trace.of(Self.options + ["--under", directory]) {
        try python.run(
          "t = threading.Thread(target=open, args=['thread', 'w']); t.start(); t.join()")
      }
      let record = try #require(try records(trace).last, trace.description)
      #expect(try shown(record) == living(Int(python.pid)), trace.description)
    }
  }

  @Test("are cut, and marked so, where a record has no room for all ancestors")
  func cut() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      let trace = try Trace.of(Self.options + ["--under", directory]) {
        // 80 shells: each waits for the next one.
        try worker.run(
          """
          cat > \(directory)/nested << 'END'
          [ $1 = 0 ] || { sh \(directory)/nested $(($1 - 1)); exit $?; }
          echo x > \(directory)/deep
          END
          sh \(directory)/nested 80
          """)
      }
      let deep = try records(trace).filter { $0["path"] as? String == "\(directory)/deep" }
      try #require(!deep.isEmpty, trace.description)
      for record in deep {
        #expect((record["parents"] as? [Any])?.count == 64)
        #expect(record["parents_truncated"] as? Bool == true)
      }
      for record in try records(trace, of: worker.pid) {
        #expect(record["parents_truncated"] == nil)
      }
    }
  }

  @Test("of process 1 are none", .needsNamespaces)
  func first() throws {
    try Scratch.directory { directory in
      try Scratch.directory { files in
        let namespace = try PidNamespace(files: files)
        let traced = try namespace.trace(Self.options + ["--under", directory]) {
          try namespace.shell.run(
            "echo x > \(directory)/first; sh -c 'echo x > \(directory)/child'")
        }
        for record in try records(traced) {
          let parents = (record["parents"] as? [[String: Any]])?.compactMap { $0["pid"] as? Int }
          #expect(parents == (record["pid"] as? Int == 1 ? nil : [1]), traced.description)
        }
        #expect(try traced.values("pid", as: Int.self).count == 2, traced.description)
      }
    }
  }

  @Test("are shown by one option each")
  func apart() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      for (option, present, absent) in [("-e", "exe", "parents"), ("-P", "parents", "exe")] {
        let trace = try Trace.of(["--json", option, "--under", directory]) {
          try worker.run("echo x > \(directory)/file")
        }
        for record in try records(trace, of: worker.pid) {
          #expect(record[present] != nil && record[absent] == nil, trace.description)
          for parent in record["parents"] as? [[String: Any]] ?? [] {
            #expect(parent["exe"] == nil && parent["comm"] != nil, trace.description)
          }
        }
      }
    }
  }
}
