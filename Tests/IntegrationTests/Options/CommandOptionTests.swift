// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("A command with options that choose processes", .needsRoot)
struct CommandOptionTests {
  /// Touches a file by a shell, by dd, by an inner shell, and by dd as another user.
  private func family(in directory: String) -> [String] {
    let script = """
      : > shell
      dd if=/dev/null of=dd 2> /dev/null
      env -i sh -c ': > inner; :'
      setpriv --reuid 65534 --clear-groups dd if=/dev/null of=nobody 2> /dev/null
      """
    return ["--", "/bin/sh", "-c", script]
  }

  /// The names that such a command touches and these options show.
  private func shown(_ options: [String], load: () throws -> Void = {}) throws -> Set<String> {
    try Scratch.directory { directory in
      try shell("chmod 777 \(directory)")
      let tracing = try Tracing(
        ["--json", "--under", directory] + options + family(in: directory), in: directory)
      let trace = try tracing.end()
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
      return try trace.names(in: directory)
    }
  }

  @Test("options choose among the command and all that descend from it")
  func chosen() throws {
    let all: Set = ["shell", "dd", "inner", "nobody"]
    #expect(try shown([]) == all)
    #expect(try shown(["-F"]) == all)
    #expect(try shown(["-c", "dd"]) == ["dd", "nobody"])
    #expect(try shown(["-c", "sh"]) == ["shell", "inner"])
    #expect(try shown(["-c", "sh", "-F"]) == all)
    #expect(try shown(["--ignore-comm", "sh"]) == ["dd", "nobody"])
    #expect(try shown(["--ignore-comm", "dd"]) == ["shell", "inner"])
    #expect(try shown(["--uid", "nobody"]) == ["nobody"])
    #expect(try shown(["--uid", "0"]) == ["shell", "dd", "inner"])
  }

  @Test("-p adds a process, and the trace ends with the command")
  func added() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      let gone = try Worker()
      let tracing = try Tracing([
        "--json", "--under", directory, "-p", "\(worker.pid),\(gone.pid)", "--", "/bin/sh", "-c",
        "read line; : > \(directory)/command",
      ])
      gone.end()
      try worker.run(": > \(directory)/worker; (: > \(directory)/child)")
      try tracing.running.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
      let trace = try tracing.end()
      #expect(try trace.names(in: directory) == ["command", "worker"], trace.description)
    }
  }

  @Test("the trace goes on when the processes of -p have ended")
  func othersEnd() throws {
    let worker = try Worker()
    let tracing = try Tracing([
      "-p", "\(worker.pid)", "--", "/bin/sh", "-c", "echo ready; read line; exit 6",
    ])
    worker.end()
    // bfatrace looks several times meanwhile whether the process has ended.
    let other = try Tracing(["-s", "0.5"])
    _ = try other.end()
    try tracing.running.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
    #expect(try tracing.end().ended.status == 6)
  }

  @Test("-m shows looking, --failed also, other runs do not", arguments: ["-m", "-S", "-x"])
  func metadata(option: String) throws {
    try Scratch.directory { directory in
      let script = "test -e \(directory)/file; test -e \(directory)/missing; : < \(directory)/file"
      try Calls.write("\(directory)/file")
      let command = ["--", "/bin/sh", "-c", script]
      let trace = try Tracing(["--json", "--under", directory, option] + command).end()
      let names: [String: Set<String>] = [
        "-m": ["file", "missing"], "-S": ["file"], "-x": ["missing"],
      ]
      #expect(try trace.names(in: directory) == names[option], trace.description)
      let opens = try trace.objects().filter { $0["syscall"] as? String == "openat" }
      #expect(opens.isEmpty == (option == "-x"), trace.description)
    }
  }
}

@Suite("Wrong usage of a command")
struct CommandUsageTests {
  private static let noCommand = "there is no command after --"

  @Test(
    "is reported in one line",
    arguments: [
      (["ls", "-l"], "put a command to trace after --"),
      (["-j", "ls", "--", "ls"], "unexpected 'ls'"),
      (["--"], noCommand), (["-j", "--"], noCommand), (["--as", "root", "--"], "needs a command"),
      (["--as", "root"], "--as needs a command"), (["--as"], "--as"),
      (["--as", "no-such-user", "--", "ls"], "getent passwd"),
      (["--as", "4294967294", "--", "ls"], "getent passwd"),
    ])
  func usage(arguments: [String], part: String) throws {
    let ended = try run("/usr/bin/timeout", ["-s", "KILL", "20", Built.bfatrace] + arguments)
    expectComplaint(ended, status: 64, [part, "see bfatrace --help"])
  }

  @Test("--as needs the privilege to become another user", .needsRoot)
  func asWithoutPrivilege() throws {
    let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    let ended = try run("/usr/bin/env", nobody + [Built.bfatrace, "--as", "root", "--", "ls"])
    expectComplaint(ended, status: 1, ["--as root", "Operation not permitted", "sudo"])
  }

  @Test("options after -- are passed to the command")
  func options() throws {
    let ended = try run(Built.bfatrace, ["--", "/no/such", "--help", "--", "-j"])
    expectComplaint(ended, status: 127, ["/no/such"])
  }
}
