// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("A command: what is shown of it", .needsRoot)
struct CommandEventTests {
  /// The opens in a log of strace, in order: the real path if the open worked, else the name
  /// passed.
  private func opens(straceLog: String) throws -> [String] {
    let line = /openat\(AT_FDCWD, "([^"]*)", [^)]*\) = (-?\d+)/
    return straceLog.matches(of: line).map { match in
      let name = String(match.1)
      guard match.2.first != "-", let resolved = realpath(name, nil) else { return name }
      defer { free(resolved) }
      return String(cString: resolved)
    }
  }

  @Test("every open from the first instruction on is shown, as strace shows it")
  func firstInstruction() throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      let command = ["/usr/bin/env", "LC_ALL=de_DE.UTF-8", "cat", "\(directory)/file"]
      let log = "\(directory)/log"
      let strace = ["-f", "-o", log, "-s", "4096", "-e", "trace=openat"]
      #expect(try run("/usr/bin/strace", strace + command).status == 0)
      let expected = try opens(straceLog: String(contentsOfFile: log, encoding: .utf8))
      let trace = try Tracing(["--json", "--syscalls", "--"] + command).end()
      let opens = try trace.objects().filter { $0["syscall"] as? String == "openat" }
      #expect(expected.count > 2, "\(expected)")
      #expect(opens.compactMap { $0["path"] as? String } == expected, trace.description)
    }
  }

  @Test("--failed shows the absolute path of every place where it looks for its configuration")
  func places() throws {
    try Scratch.directory { directory in
      try shell("mkdir -p here/deep home", in: directory)
      // The script uses a relative name, one through the parent, a test, an absolute name, and a
      // program that fails.
      let script = """
        cd \(directory)/here/deep
        cat conf 2> /dev/null || cat ../conf 2> /dev/null || [ -r ../../home/.conf ] ||
          ls \(directory)/etc//conf 2> /dev/null || ./conf-helper 2> /dev/null
        """
      let trace = try Tracing(["-x", "--", "/bin/sh", "-c", script]).end()
      for name in [
        "here/deep/conf", "here/conf", "home/.conf", "etc/conf", "here/deep/conf-helper",
      ] {
        let found = trace.lines.filter {
          $0.contains(" \(directory)/\(name) ") && $0.contains(" = -1 ENOENT ")
        }
        #expect(!found.isEmpty, "\(name)\n\(trace.description)")
      }
    }
  }

  @Test("two hundred descendants that live for a millisecond are shown", arguments: [true, false])
  func shortLived(asCalls: Bool) throws {
    try Scratch.directory { directory in
      let script = """
        i=0; while [ $i -lt 200 ]; do : > f$i; i=$((i + 1)); done
        i=0; while [ $i -lt 200 ]; do /bin/cat f$i; i=$((i + 1)); done
        """
      let options = ["--json", "--under", directory] + (asCalls ? ["--syscalls"] : ["-f", "O"])
      let command = ["--", "/bin/sh", "-c", script]
      let trace = try Tracing(options + command, in: directory).end()
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
      let opened = try trace.objects().filter { object in
        let isOpen = asCalls ? object["syscall"] as? String == "openat" : object["opens"] != nil
        return isOpen && object["comm"] as? String == "cat"
      }
      let names = opened.compactMap { $0["path"] as? String }.sorted()
      #expect(names == (0..<200).map { "\(directory)/f\($0)" }.sorted(), trace.description)
      #expect(Set(opened.compactMap { $0["pid"] as? Int }).count == 200)
    }
  }

  @Test("no other process is shown, nor what bfatrace does before it becomes the command")
  func nobodyElse() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing([
        "--json", "--syscalls", "--all", "--", "/bin/sh", "-c", "read line; : > \(directory)/own",
      ])
      try Calls.write("\(directory)/stranger")
      try tracing.running.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
      let trace = try tracing.end()
      #expect(trace.ended.status == 0, trace.description)
      #expect(try trace.names(in: directory) == ["own"], trace.description)
      #expect(try trace.values("pid", as: Int.self).count == 1, trace.description)
      #expect(try trace.values("comm", as: String.self) == ["sh"], trace.description)
    }
  }

  @Test(
    "no close is shown of a descriptor that bfatrace has opened",
    arguments: ["--under", "--dir", "--file"])
  func ownDescriptors(option: String) throws {
    try Scratch.directory { directory in
      let place = option == "--file" ? "\(directory)/file" : directory
      for calls in [[], ["--syscalls"]] {
        let trace = try Tracing([option, place] + calls + ["--", "/bin/true"]).end()
        #expect(trace.lines.isEmpty && trace.ended.status == 0, trace.description)
      }
    }
  }

  @Test("a script without an interpreter is run by sh, whatever the bytes of its name")
  func plainScript() throws {
    try Scratch.directory { directory in
      // sh writes the byte 0xff to the script: a String cannot hold it.
      let script = """
        name=$(printf '\\377'); echo 'echo "$1" | od -An -tx1; : > seen' > "$name"
        chmod +x "$name"; '\(Built.bfatrace)' -o trace --under . -- "./$name" "$name"
        """
      let ended = try run("/bin/sh", ["-c", script], in: directory)
      #expect(ended.status == 0 && ended.text == " ff 0a\n", "\(ended)")
      let trace = try String(contentsOfFile: "\(directory)/trace", encoding: .utf8)
      #expect(trace.contains("/seen\n"), "\(trace)")
    }
  }

  @Test("descendants that live on are left alone, and not waited for")
  func livesOn() throws {
    // Close inherited descriptors: Foundation waits, too, until nobody holds them.
    let script = """
      for path in /proc/$$/fd/*; do
          fd=${path##*/}; [ $fd -le 2 ] || eval "exec $fd>&-"
      done
      sleep 1000 > /dev/null 2>&1 & echo $!
      """
    let trace = try Tracing(["--", "/bin/bash", "-c", script]).end()
    #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
    let pid = try #require(pid_t(trace.ended.text.dropLast()), trace.description)
    #expect(kill(pid, SIGTERM) == 0)
  }

  @Test("standard input and output are passed on to the command")
  func streams() throws {
    try Scratch.directory { directory in
      let script = "echo x | '\(Built.bfatrace)' -o trace -- cat; echo $?"
      let ended = try run("/bin/sh", ["-c", script], in: directory)
      #expect(ended.text == "x\n0\n" && ended.errors.isEmpty, "\(ended)")
      let both = try run(Built.bfatrace, ["--", "/bin/echo", "from echo"])
      let line = /(?m)^echo\(\d+\): [A-Z]/
      #expect(both.text.contains("from echo\n") && both.text.contains(line), "\(both)")
    }
  }
}

@Suite("A command: as it would be without bfatrace", .needsRoot)
struct CommandIdentityTests {
  /// Prints what a process inherits.
  private static let inherited = """
    env | grep -v '^_=' | sort; pwd; umask; ulimit -a; ulimit -H -a; ls /proc/self/fd
    grep -E '^(Uid|Gid|Groups|Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Seccomp)' /proc/self/status; nice
    """

  @Test(
    "identity, signals, limits, descriptors and environment are the same",
    arguments: [
      [], ["nohup"], ["nice", "-n", "3"], ["env", "--ignore-signal=PIPE", "--ignore-signal=INT"],
      ["env", "--block-signal=TERM", "--block-signal=USR1", "--ignore-signal=CHLD"],
      ["setpriv", "--ambient-caps", "+bpf,+perfmon", "--inh-caps", "+bpf,+perfmon"],
      ["sh", "-c", #"umask 077; ulimit -n 100; exec "$@" 7< /dev/null"#, "sh"],
    ])
  func unchanged(launcher: [String]) throws {
    try Scratch.directory { directory in
      // Start both from one parent: tests that run beside this one leave descriptors to their
      // children.
      let script = """
        inherited=$1; bfatrace=$2; shift 2
        "$@" /bin/sh -c "$inherited" > plain
        "$@" "$bfatrace" -o trace -- /bin/sh -c "$inherited" > traced
        diff plain traced
        """
      let ended = try run(
        "/bin/sh", ["-c", script, "sh", Self.inherited, Built.bfatrace, "env"] + launcher,
        in: directory)
      #expect(ended.status == 0 && ended.text.isEmpty, "\(ended.text)\(ended.errors)")
      let plain = try String(contentsOfFile: "\(directory)/plain", encoding: .utf8)
      #expect(plain.contains("NoNewPrivs:\t0") && plain.contains("SigIgn:"), "\(plain)")
    }
  }

  @Test("an ignored SIGCHLD stays ignored, which shells do not hand on")
  func ignoredSIGCHLD() throws {
    let command = ["/bin/grep", "SigIgn", "/proc/self/status"]
    let launcher = ["env", "--ignore-signal=CHLD"]
    let plain = try run("/usr/bin/env", launcher + command)
    let traced = try Tracing(["--"] + command, launcher: launcher).end()
    #expect(traced.ended.text == plain.text && plain.status == 0, traced.description)
  }

  @Test("with --as, the command has the identity of that user", arguments: ["nobody", "65534"])
  func asUser(user: String) throws {
    try Scratch.directory { directory in
      try shell("chmod 755 \(directory); getent passwd nobody", in: directory)
      let script = """
        id -ru; id -u; id -rg; id -g; id -G; echo "$HOME $SHELL $USER $LOGNAME"
        grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status; read line < \(directory)/file
        """
      try Calls.write("\(directory)/file")
      let options = ["--json", "--user", "--under", directory, "--as", user]
      let trace = try Tracing(options + ["--", "/bin/sh", "-c", script]).end()
      let entry = try shell("getent passwd nobody").text.split(separator: ":")
      let expected = """
        65534\n65534\n65534\n65534\n65534
        \(entry[5]) \(entry[6].dropLast()) nobody nobody
        CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000

        """
      #expect(trace.ended.text == expected, trace.description)
      #expect(try trace.names(in: directory) == ["file"], trace.description)
      #expect(try trace.values("uid", as: Int.self) == [65534], trace.description)
      #expect(try trace.values("gid", as: Int.self) == [65534], trace.description)
    }
  }

  @Test("with --as, PATH is searched with the rights of that user")
  func asUserFinds() throws {
    try Scratch.directory { directory in
      try shell("mkdir secret; cp /bin/true secret/tool; chmod 700 secret", in: directory)
      let path = ["PATH": "\(directory)/secret:/usr/bin:/bin"]
      #expect(try run(Built.bfatrace, ["-n", "1", "--", "tool"], environment: path).status != 126)
      let ended = try run(
        Built.bfatrace, ["--as", "nobody", "--", "tool"], environment: path)
      expectComplaint(ended, status: 126, ["tool", "Permission denied"])
    }
  }
}
