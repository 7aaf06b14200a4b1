// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Options that choose processes", .needsRoot)
struct ProcessOptionTests {
  @Test("-p shows only this process")
  func onePid() throws {
    try Scratch.directory { directory in
      let chosen = try Worker()
      let other = try Worker()
      let trace = try Trace.of(["--json", "--under", directory, "-p", "\(chosen.pid)"]) {
        try chosen.run(": > \(directory)/chosen; ( : > \(directory)/child )")
        try other.run(": > \(directory)/other")
      }
      #expect(try trace.names(in: directory) == ["chosen"], trace.description)
      #expect(try trace.values("pid", as: Int.self) == [Int(chosen.pid)], trace.description)
    }
  }

  @Test("-p takes a list, and can be repeated", arguments: [true, false])
  func morePids(asList: Bool) throws {
    try Scratch.directory { directory in
      let workers = try (0..<3).map { _ in try Worker() }
      let pids = workers.prefix(2).map { "\($0.pid)" }
      let options = asList ? ["-p", pids.joined(separator: ",")] : pids.flatMap { ["--pid", $0] }
      let trace = try Trace.of(["--json", "--under", directory] + options) {
        for (number, worker) in workers.enumerated() {
          try worker.run(": > \(directory)/\(number)")
        }
      }
      #expect(try trace.names(in: directory) == ["0", "1"], trace.description)
    }
  }

  @Test("-p shows all threads, under the name of the first one")
  func threads() throws {
    try Scratch.directory { directory in
      let options = ["--json", "--syscalls", "--under", directory, "-p", "\(getpid())"]
      let trace = try Trace.of(options) {
        try Calls.write("\(directory)/here")
        try writeInThread("\(directory)/thread")
      }
      #expect(try trace.names(in: directory) == ["here", "thread"], trace.description)
      #expect(try trace.values("pid", as: Int.self) == [Int(getpid())], trace.description)
      #expect(try trace.values("tid", as: Int.self).count == 2, trace.description)
      #expect(try trace.values("comm", as: String.self) == [try ownComm()], trace.description)
    }
  }

  @Test("-p ends by itself when the last process has ended")
  func endsWithProcess() throws {
    try Scratch.directory { directory in
      let first = try Worker()
      let second = try Worker()
      let tracing = try Tracing([
        "--json", "--under", directory, "-p", "\(first.pid),\(second.pid)",
      ])
      first.end()
      try second.run(": > \(directory)/later")
      second.end()
      let trace = try tracing.end()
      #expect(trace.ended.status == 0, trace.description)
      #expect(try trace.names(in: directory) == ["later"], trace.description)
    }
  }

  @Test(
    "-c shows processes with exactly this name",
    arguments: ["-c", "--comm", "-C", "--command"])
  func comm(option: String) throws {
    try Scratch.directory { directory in
      let shells = try ["wanted", "wanted2", "wante", "Wanted"].map {
        try Worker.shell(named: $0, in: directory)
      }
      let trace = try Trace.of(["--json", "--under", directory, option, "wanted"]) {
        for shell in shells { try IntegrationTests.shell("exec \(shell) -c ': > \(shell).out'") }
      }
      #expect(try trace.names(in: directory) == ["wanted", "wanted.out"], trace.description)
    }
  }

  @Test("-c can be repeated")
  func moreComms() throws {
    try Scratch.directory { directory in
      let trace = try Trace.of(["--json", "--under", directory, "-c", "one", "-C", "two"]) {
        for name in ["one", "two", "three"] {
          let shell = try Worker.shell(named: name, in: directory)
          try IntegrationTests.shell("exec \(shell) -c ': > \(shell).out'")
        }
      }
      let names: Set = ["one", "one.out", "two", "two.out"]
      #expect(try trace.names(in: directory) == names, trace.description)
    }
  }

  @Test("-c compares the name of the first thread")
  func commOfThread() throws {
    try Scratch.directory { directory in
      let load = { try writeInThread("\(directory)/thread", named: "other") }
      let here = try Trace.of(
        ["--json", "--under", directory, "-c", try ownComm()], load: load)
      #expect(try here.names(in: directory) == ["thread"], here.description)
      let other = try Trace.of(["--json", "--under", directory, "-c", "other"], load: load)
      #expect(other.lines.isEmpty, other.description)
    }
  }

  @Test(
    "a name of more than 15 bytes is cut as the kernel cuts it, with a warning",
    arguments: ["abcdefghijklmnopq", "ääääääää"], ["-c", "-C", "--ignore-comm"])
  func longComm(name: String, option: String) throws {
    try Scratch.directory { directory in
      let shell = try Worker.shell(named: name, in: directory)
      let trace = try Trace.of(["--json", "--under", directory, option, name]) {
        try IntegrationTests.shell("exec '\(shell)' -c ': > \(directory)/out'")
      }
      let expected: Set = option == "--ignore-comm" ? [] : ["out"]
      #expect(try trace.names(in: directory).subtracting([name]) == expected, trace.description)
      let warning = trace.ended.complaints
      #expect(warning.hasPrefix("bfatrace: ") && warning.hasSuffix("\n"), trace.description)
      #expect(warning.split(separator: "\n").count == 1, trace.description)
      let long = option.hasPrefix("--") ? option : "--comm"
      #expect(warning.contains("\(long) \(name)") && warning.contains("15"), trace.description)
    }
  }

  @Test("--ignore-pid and --ignore-comm show all but these")
  func ignored() throws {
    try Scratch.directory { directory in
      let ignored = try Worker()
      let other = try Worker()
      let named = try Worker(try Worker.shell(named: "silent", in: directory))
      let options = [
        "--json", "--under", directory, "--ignore-pid", "\(ignored.pid)", "--ignore-comm", "silent",
        "--ignore-comm", "nobody-has-it",
      ]
      let trace = try Trace.of(options) {
        try ignored.run(": > \(directory)/ignored")
        try named.run(": > \(directory)/named")
        try other.run(": > \(directory)/other")
      }
      #expect(try trace.names(in: directory) == ["other"], trace.description)
    }
  }

  @Test("--uid shows only this user's processes", arguments: ["nobody", "65534"])
  func uid(user: String) throws {
    try Scratch.directory { directory in
      try shell("chmod 777 \(directory)")
      let nobody = try Worker(launcher: [
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
      ])
      let root = try Worker()
      let trace = try Trace.of(["--json", "--user", "--under", directory, "--uid", user]) {
        try nobody.run(": > \(directory)/nobody")
        try root.run(": > \(directory)/root")
      }
      #expect(try trace.names(in: directory) == ["nobody"], trace.description)
      #expect(try trace.values("uid", as: Int.self) == [65534], trace.description)
      #expect(try trace.values("gid", as: Int.self) == [65534], trace.description)
    }
  }

  /// Writes a byte to a new file, in another thread.
  private func writeInThread(_ path: String, named name: String = "thread") throws {
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      try? name.write(toFile: "/proc/thread-self/comm", atomically: false, encoding: .utf8)
      try? Calls.write(path)
      done.signal()
    }
    done.wait()
    #expect(FileManager.default.fileExists(atPath: path))
  }

  /// The name of this process in the kernel.
  private func ownComm() throws -> String {
    try String(contentsOfFile: "/proc/self/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
  }
}
