// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A shell, and what it offers at the end of a line.
enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  private static let completions = "\(Built.root)/completions"
  private static let drivers = "\(Built.root)/Tests/shells"

  func file(of program: String) -> String {
    switch self {
    case .bash: "\(program).bash"
    case .zsh: "_\(program)"
    case .fish: "\(program).fish"
    }
  }

  /// The words offered for the last of these words, without descriptions.
  func offers(_ words: String..., in directory: String? = nil, by program: String = "bfatrace")
    throws -> Set<String>
  {
    let line = ([program] + words).joined(separator: " ")
    let file = file(of: program)
    var command: [String]
    switch self {
    case .bash:
      let parts = words.flatMap { $0.hasPrefix("--") ? Self.splitAtEquals($0) : [$0] }
      command = ["bash", "--norc", "\(Self.drivers)/complete.bash", "\(Self.completions)/\(file)"]
      command += [program] + parts
    case .zsh:
      command = ["zsh", "-f", "\(Self.drivers)/complete.zsh", Self.completions, line]
    case .fish:
      let script = "source \(Self.completions)/\(file); complete -C $argv[1]"
      command = ["fish", "--no-config", "-c", script, line]
    }
    let ended = try run("/usr/bin/env", command, in: directory)
    #expect(ended.errors.isEmpty, "\(rawValue): \(ended.errors)")
    return Set(
      ended.text.split(separator: "\n").map { offer in
        String(offer.prefix { $0 != "\t" })
      })
  }

  /// Splits a word as bash does, which has = in COMP_WORDBREAKS.
  private static func splitAtEquals(_ word: String) -> [String] {
    guard let equals = word.firstIndex(of: "=") else { return [word] }
    let value = String(word[word.index(after: equals)...])
    return [String(word[..<equals]), "="] + (value.isEmpty ? [] : [value])
  }

  /// The part of each offer that follows the option and what was typed before: shells differ in
  /// what they return.
  func values(_ offers: Set<String>, behind typed: String) -> Set<String> {
    Set(
      offers.map { offer in
        let value = offer.hasPrefix(typed) ? String(offer.dropFirst(typed.count)) : offer
        return value.replacing("\\", with: "")
      })
  }
}

@Suite("Completions")
struct CompletionTests {
  @Test("are those that the option parser generates")
  func current() throws {
    try Scratch.directory { directory in
      let made = try run("\(Built.root)/completions/generate", [Built.bfatrace, directory])
      #expect(made.status == 0, "\(made.errors)")
      for shell in Shell.allCases {
        for file in ["bfatrace", "fatrace"].map(shell.file(of:)) {
          let kept = try Data(contentsOf: URL(filePath: "\(Built.root)/completions/\(file)"))
          let new = try Data(contentsOf: URL(filePath: "\(directory)/\(file)"))
          // Compared here: the difference of so many bytes takes minutes to print.
          let isCurrent = new == kept
          #expect(isCurrent, "completions/\(file) is out of date: make completions")
        }
      }
    }
  }

  @Test("offer every option", arguments: Shell.allCases)
  func options(shell: Shell) throws {
    let help = try run(Built.bfatrace, ["--help"]).text
    let names = Set(help.matches(of: /--([a-z-]+)/).map { "--\($0.1)" })
    let offered = Set(try shell.offers("--").map { $0.replacing(/=$/, with: "") })
    #expect(offered.subtracting(["--"]) == names)
    let shorts = Set(
      help.matches(of: /(?m)^  (-\w)|, (-\w)/).compactMap { $0.1 ?? $0.2 }.map(String.init))
    let offeredShorts = try shell.offers("-")
    #expect(shorts.count > 10 && offeredShorts.isSuperset(of: shorts), "\(shorts)")
  }

  @Test("offer the letters for -f that are not typed yet", arguments: Shell.allCases)
  func letters(shell: Shell) throws {
    let all: Set = ["R", "C", "W", "O", "+", "D", "<", ">", "M"]
    #expect(
      try shell.offers("-f", "").map { $0.replacing("\\", with: "") }.sorted() == all.sorted())
    #expect(
      try shell.values(shell.offers("-f", "Rw"), behind: "Rw") == all.subtracting(["R", "W"]))
    let joined = try shell.values(shell.offers("--filter=D"), behind: "--filter=")
    #expect(
      Set(joined.map { $0.count > 1 ? String($0.dropFirst()) : $0 }) == all.subtracting(["D"]))
  }

  @Test("offer live processes for -p, alone and in a list", arguments: Shell.allCases)
  func pids(shell: Shell) throws {
    let worker = try Worker()
    let pid = "\(worker.pid)"
    for option in ["-p", "--pid", "--ignore-pid"] {
      let offered = try shell.offers(option, "")
      #expect(offered.contains(pid), "\(option)")
      #expect(offered.allSatisfy { Int($0) != nil }, "\(option): \(offered)")
    }
    let list = try shell.values(shell.offers("-p", "1,\(pid.dropLast())"), behind: "1,")
    #expect(list.contains(pid) && list.allSatisfy { $0.hasPrefix(pid.dropLast()) }, "\(list)")
    #expect(try shell.offers("-jp", "").contains(pid))
    // Process 2 is a kernel thread.
    #expect(try !shell.offers("-p", "").contains("2"))
    worker.end()
    #expect(try !shell.offers("-p", "").contains(pid))
  }

  @Test("bash and fish show the names of processes", arguments: [Shell.bash, .fish])
  func shownNames(shell: Shell) throws {
    let worker = try Worker()
    let line: [String]
    if shell == .bash {
      line = [
        "COMP_TYPE=63", "bash", "--norc", "\(Built.root)/Tests/shells/complete.bash",
        "\(Built.root)/completions/bfatrace.bash", "bfatrace", "-p", "",
      ]
    } else {
      let script = "source \(Built.root)/completions/bfatrace.fish; complete -C 'bfatrace -p '"
      line = ["fish", "--no-config", "-c", script]
    }
    let text = try run("/usr/bin/env", line).text
    let name = shell == .bash ? "\(worker.pid) (sh)" : "\(worker.pid)\tsh"
    #expect(text.split(separator: "\n").contains { $0 == name }, "\(text)")
  }

  @Test("offer the names of running processes for -c", arguments: Shell.allCases)
  func names(shell: Shell) throws {
    try Scratch.directory { directory in
      let worker = try Worker(Worker.shell(named: "compl name", in: directory))
      for option in ["-c", "--comm", "-C", "--ignore-comm"] {
        let offered = try shell.values(shell.offers(option, "compl"), behind: "")
        #expect(offered == ["compl name"], "\(option)")
      }
      worker.end()
    }
  }

  @Test("a name of a process is never evaluated, nor shown unescaped", arguments: Shell.allCases)
  func hostileNames(shell: Shell) throws {
    try Scratch.directory { directory in
      let script = """
        import sys
        for name in ["$(touch p1)", "`touch p2`", ";touch p3", "a\\x1b[31mz", "a\\nb", "q'u"]:
          import os
          if not os.fork():
            open("/proc/self/comm", "w").write(name)
            print("ready", flush=True)
            sys.stdin.read()
            os._exit(0)
        os.wait()
        """
      let program = try Running("/usr/bin/env", ["python3", "-I", "-S", "-c", script])
      try waitUntil("six processes have their names") {
        program.outputSoFar.count == 6 * "ready\n".utf8.count
      }
      for words in [("-c", ""), ("-p", ""), ("-c", "'$"), ("-c", "$"), ("-c", "`"), ("-c", "a")] {
        let offered = try shell.offers(words.0, words.1, in: directory)
        #expect(!offered.contains { $0.contains("\u{1b}") }, "\(offered)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
      // A part of a name matches no process.
      #expect(try !shell.offers("-c", "a").contains("a"))
      // A quote would end the quoted word in bash; the other shells quote what they insert.
      if shell == .bash { #expect(try !shell.offers("-c", "'q").contains("q'u")) }
      try program.input.fileHandleForWriting.close()
      _ = program.wait()
    }
  }

  @Test("offer users, choices, directories and files", arguments: Shell.allCases)
  func others(shell: Shell) throws {
    try Scratch.directory { directory in
      try makeDirectories("one", "other", in: directory)
      try Calls.write("\(directory)/only-file")
      for option in ["--uid", "--as"] {
        #expect(try shell.offers(option, "nobo").contains("nobody"), "\(option)")
      }
      #expect(try shell.offers("--color", "") == ["auto", "always", "never"])
      #expect(
        try shell.values(shell.offers("--color=a"), behind: "--color=") == ["auto", "always"])
      for option in ["-d", "--dir", "--under"] {
        let offered = try shell.offers(option, "o", in: directory)
        let names = Set(offered.map { $0.replacing("/", with: "") })
        #expect(names == ["one", "other"], "\(option)")
      }
      #expect(try shell.offers("-o", "on", in: directory).contains("only-file"))
      #expect(try shell.offers("-n", "").isEmpty)
      #expect(try shell.offers("--slower", "").isEmpty)
    }
  }

  @Test(
    "offer units, containers and control groups of running processes", .needsCgroups,
    arguments: Shell.allCases)
  func cgroups(shell: Shell) throws {
    let groups = try ControlGroups()
    let digits = String("\(groups.top.utf8.reduce(7) { $0 &* 31 &+ Int($1) }.magnitude)".prefix(9))
    let id = String((digits + String(repeating: "0", count: 64)).prefix(64))
    let names = [
      "complete\(digits).service/sub", "docker-\(id).scope", "lxc.payload.complete\(digits)",
    ]
    let running = try names.map { name in
      try Running(
        "/bin/sh",
        [
          "-c", "mkdir -p \"$1\"; echo 0 >\"$1/cgroup.procs\"; exec cat", "sh",
          groups.directory + "/" + name,
        ])
    }
    try waitUntil("processes are in the groups") {
      names.allSatisfy { name in
        !((try? String(contentsOfFile: "\(groups.directory)/\(name)/cgroup.procs", encoding: .utf8))
          ?? "")
          .isEmpty
      }
    }
    #expect(try shell.offers("--unit", "complete\(digits)") == ["complete\(digits).service"])
    #expect(try shell.offers("--unit", "docker-\(digits)") == ["docker-\(id).scope"])
    #expect(try shell.offers("--container", digits) == [id])
    #expect(try shell.offers("--container", "complete\(digits)") == ["complete\(digits)"])
    let offered = try shell.offers("--under-cgroup", groups.top)
    #expect(offered == Set(names.map { "\(groups.top)/\($0)" }), "\(offered)")
    for process in running {
      try process.input.fileHandleForWriting.close()
      _ = process.wait()
    }
  }

  @Test("offer commands and their arguments after --", arguments: Shell.allCases)
  func command(shell: Shell) throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/only-file")
      #expect(try shell.offers("-j", "--", "mkfif").contains("mkfifo"))
      #expect(try shell.offers("--", "ls", "only-", in: directory).contains("only-file"))
      #expect(try shell.offers("--", "ls", "-p", "1").contains("1") == false)
    }
  }

  @Test("for fatrace, offer its options", arguments: Shell.allCases)
  func fatrace(shell: Shell) throws {
    let help = try run(Built.fatrace, ["--help"]).text
    let shorts = Set(help.matches(of: /(?m)^  (-\w), --/).map { String($0.1) })
    let longs = Set(help.matches(of: /, (--[a-z-]+)/).map { String($0.1) })
    #expect(shorts.count == 13 && longs.count == 13, "\(help)")
    let offered = try shell.offers("--", by: "fatrace").map { $0.replacing(/=$/, with: "") }
    #expect(Set(offered).subtracting(["--"]) == longs)
    let offeredShorts = try shell.offers("-", by: "fatrace").filter { $0.count == 2 }
    #expect(offeredShorts.subtracting(["--"]) == shorts)
    let letters = try shell.offers("-f", "", by: "fatrace").map { $0.replacing("\\", with: "") }
    #expect(letters.sorted() == ["R", "C", "W", "O", "+", "D", "<", ">"].sorted())
  }

  @Test("for fatrace, offer processes and directories", arguments: Shell.allCases)
  func fatraceValues(shell: Shell) throws {
    try Scratch.directory { directory in
      try makeDirectories("one", "other", in: directory)
      try Calls.write("\(directory)/only-file")
      let worker = try Worker(Worker.shell(named: "compl name", in: directory))
      #expect(try shell.offers("-p", "", by: "fatrace").contains("\(worker.pid)"))
      // fatrace takes one pid, and no command to start.
      #expect(try shell.offers("-p", "1,", by: "fatrace").isEmpty)
      #expect(
        try shell.values(shell.offers("-C", "compl", by: "fatrace"), behind: "") == ["compl name"])
      for words in [("-d", "o"), ("-j", "o"), ("--", "o")] {
        let offered = try shell.offers(words.0, words.1, in: directory, by: "fatrace")
        #expect(Set(offered.map { $0.replacing("/", with: "") }) == ["one", "other"], "\(words)")
      }
      #expect(try shell.offers("-o", "on", in: directory, by: "fatrace").contains("only-file"))
      worker.end()
    }
  }
}
