// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("A command: signals and ends", .needsRoot)
struct CommandEndTests {
  @Test(
    "the exit status of the command is that of bfatrace",
    arguments: [
      ("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + SIGTERM),
      ("kill -KILL $$", 128 + SIGKILL), ("exec /", 126), ("exit 255", 255),
    ])
  func status(script: String, status: Int32) throws {
    for launcher in [[], ["env", "--ignore-signal=CHLD"]] {
      let command = ["--", "/bin/sh", "-c", script]
      let trace = try Tracing(["--json"] + command, launcher: launcher).end()
      #expect(trace.ended.status == status, trace.description)
      #expect(try trace.values("comm", as: String.self).contains("sh"), trace.description)
    }
  }

  @Test("a command that cannot be executed is reported as env reports it, and nothing is traced")
  func noCommand() throws {
    try Scratch.directory { directory in
      try shell("echo > file; mkdir directory; ln -s loop loop", in: directory)
      for (command, status, reason) in [
        ("no-such-command", Int32(127), "no such command in PATH"), ("", 127, "no such"),
        ("./missing", 127, "No such file"), ("./file/below", 126, "Not a directory"),
        ("./file", 126, "Permission denied"), ("./directory", 126, "Permission denied"),
        ("./loop", 126, "symbolic links"),
      ] {
        let ended = try run(Built.bfatrace, ["-o", "trace", "--", command], in: directory)
        expectComplaint(ended, status: status, ["bfatrace: \(command): ", reason])
        #expect(try run("/usr/bin/env", [command], in: directory).status == status)
      }
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/trace"))
    }
  }

  @Test("a script whose interpreter is missing is reported")
  func noInterpreter() throws {
    try Scratch.directory { directory in
      try shell("echo '#!/no/such' > script; chmod +x script", in: directory)
      let ended = try run(Built.bfatrace, ["-o", "trace", "--", "./script"], in: directory)
      expectComplaint(ended, status: 127, ["./script: ", "interpreter"])
    }
  }

  @Test("a command does not run if it cannot be traced")
  func notTraced() throws {
    try Scratch.directory { directory in
      let command = ["--", "/usr/bin/touch", "\(directory)/ran"]
      try Calls.write("\(directory)/exists")
      expectComplaint(
        try run(Built.bfatrace, ["-o", "\(directory)/exists"] + command), status: 1, ["--output"])
      expectComplaint(
        try run(Built.bfatrace, ["-p", "4194304"] + command), status: 1, ["--pid 4194304"])
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/ran"))
    }
  }

  /// Prints each signal it gets, and ends on SIGTERM or after some minutes.
  private static let answering = """
    for name in HUP INT QUIT USR1 USR2; do trap "echo got $name" $name; done
    trap 'echo got TERM; : > "$0"; exit 9' TERM
    echo ready; i=0; while [ $i -lt 10000 ]; do sleep 0.01; i=$((i + 1)); done
    """

  /// Waits until the command has written the text to standard output.
  private func wait(for text: String, from tracing: Tracing) throws {
    try waitUntil("the command says \(text)") {
      String(decoding: tracing.running.outputSoFar, as: UTF8.self).contains("\(text)\n")
        || !tracing.running.process.isRunning
    }
  }

  @Test(
    "signals are passed on to the command, and it is traced to its end",
    arguments: [[], ["--as", "nobody"]])
  func signals(options: [String]) throws {
    try Scratch.directory { directory in
      try shell("chmod 777 \(directory)")
      let command = ["--", "/bin/sh", "-c", Self.answering, "\(directory)/last"]
      let tracing = try Tracing(["--json", "--under", directory] + options + command)
      try wait(for: "ready", from: tracing)
      for (number, name) in [
        (SIGHUP, "HUP"), (SIGINT, "INT"), (SIGQUIT, "QUIT"), (SIGUSR1, "USR1"), (SIGUSR2, "USR2"),
        (SIGTERM, "TERM"),
      ] {
        tracing.signal(number)
        try wait(for: "got \(name)", from: tracing)
      }
      let trace = try tracing.end()
      #expect(trace.ended.status == 9 && trace.ended.errors.isEmpty, trace.description)
      #expect(trace.ended.text.matches(of: /got/).count == 6, trace.description)
      #expect(try trace.names(in: directory) == ["last"], trace.description)
    }
  }

  @Test("with nohup, SIGHUP ends neither bfatrace nor the command")
  func nohup() throws {
    let command = ["--", "/bin/sh", "-c", "echo ready; read line; exit 4"]
    // nohup replaces streams that are terminals only: these are none, and stay.
    let tracing = try Tracing(command, launcher: ["nohup"])
    try wait(for: "ready", from: tracing)
    tracing.signal(SIGHUP)
    try tracing.running.input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
    #expect(try tracing.end().ended.status == 4)
  }

  @Test("Ctrl-C at the terminal reaches the command once")
  func terminal() throws {
    try Scratch.directory { directory in
      let ended = try run(
        "/usr/bin/env", ["python3", "-c", Self.typing, Built.bfatrace, "\(directory)/trace"])
      #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended)")
      let lines = ended.text.split(separator: "\n")
      #expect(lines.first == "ready" && lines.last == "status 5", "\(ended.text)")
      // The kernel sends the first signal, bfatrace the second one.
      #expect(lines.dropFirst().dropLast() == ["got 2 from 0", "got 15 from bfatrace"], "\(lines)")
    }
  }

  /// Types Ctrl-C while bfatrace is stopped, so that a signal that bfatrace passes on comes after
  /// that of the terminal and is not merged with it.
  private static let typing = #"""
    import os, pty, re, signal, sys
    command = """
    import os, signal
    numbers = [signal.SIGINT, signal.SIGTERM]
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    print("ready", flush=True)
    while True:
        info = signal.sigwaitinfo(numbers)
        sender = "bfatrace" if info.si_pid == os.getppid() else info.si_pid
        print("got", info.si_signo, "from", sender, flush=True)
        if info.si_signo == signal.SIGTERM:
            raise SystemExit(5)
    """
    pid, terminal = pty.fork()
    if pid == 0:
        bfatrace, output = sys.argv[1:]
        os.execv(bfatrace, [bfatrace, "-o", output, "--", sys.executable, "-c", command])
    text = ""
    def read_until(end):
        global text
        while end not in text:
            try:
                text += os.read(terminal, 4096).decode()
            except OSError:  # nobody has it open any more
                break
    def is_pending(number):
        status = open(f"/proc/{pid}/status").read()
        masks = re.findall(r"(?:SigPnd|ShdPnd):\t(\w+)", status)
        return any(int(mask, 16) >> number - 1 & 1 for mask in masks)
    read_until("ready")
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)
    os.write(terminal, b"\x03")
    read_until("got 2")
    os.kill(pid, signal.SIGCONT)
    while is_pending(signal.SIGINT):
        pass
    os.kill(pid, signal.SIGTERM)
    read_until("never")
    _, status = os.waitpid(pid, 0)
    print(text.replace("\r\n", "\n").replace("^C", ""), end="")
    print("status", os.WEXITSTATUS(status))
    """#

  @Test("a terminal that hangs up ends the command, also if bfatrace has the terminal")
  func hangUp() throws {
    let script = """
      import os, pty, sys
      pid, terminal = pty.fork()
      if pid == 0:
          os.execv(sys.argv[1], sys.argv[1:])
      text = b""
      while b"ready" not in text:
          text += os.read(terminal, 4096)
      os.close(terminal)
      _, status = os.waitpid(pid, 0)
      print("status", os.WEXITSTATUS(status))
      """
    try Scratch.directory { directory in
      let bfatrace = [Built.bfatrace, "-o", "\(directory)/trace"]
      let command = ["--", "/bin/sh", "-c", "echo ready; exec sleep 100"]
      let ended = try run("/usr/bin/env", ["python3", "-c", script] + bfatrace + command)
      #expect(ended.text == "status \(128 + SIGHUP)\n" && ended.errors.isEmpty, "\(ended)")
    }
  }

  @Test("-s, -n and a reader that goes away end the command with SIGTERM")
  func endsEarly() throws {
    try Scratch.directory { directory in
      let endless = ["--", "/bin/sh", "-c", "while :; do : > \(directory)/f; sleep 0.01; done"]
      for option in [["-n", "1"], ["-s", "0.3"]] {
        let trace = try Tracing(option + endless).end()
        #expect(trace.ended.status == 128 + SIGTERM, trace.description)
        #expect(trace.ended.errors.isEmpty, trace.description)
        #expect(option[0] == "-s" || trace.lines.count == 1, trace.description)
      }
      let pipe = #""$@" | head -1 > /dev/null; echo "${PIPESTATUS[0]}""#
      let ended = try run("/bin/bash", ["-c", pipe, "bash", Built.bfatrace] + endless)
      #expect(ended.text == "143\n" && ended.errors.isEmpty, "\(ended)")
      let stopped = try Tracing(["-s", "0.3", "--", "/bin/sh", "-c", "kill -STOP $$"]).end()
      #expect(stopped.ended.status == 128 + SIGTERM, stopped.description)
    }
  }

  @Test("output that cannot be written ends the command")
  func fullOutput() throws {
    let script = "'\(Built.bfatrace)' -- /bin/sh -c 'while sleep 0.01; do :; done' > /dev/full"
    expectComplaint(try shell(script), status: 1, ["standard output", "No space left on device"])
  }

  /// Starts a run with -n 1 of a command that prepares itself and then touches a file: that first
  /// line asks the command to end.
  private func ending(_ prepare: String, in directory: String) throws -> Tracing {
    let script = "\(prepare); : > \(directory)/file; while :; do sleep 0.01; done"
    return try Tracing(["-n", "1", "--under", directory, "--", "/bin/sh", "-c", script])
  }

  @Test("a command that answers SIGTERM with a status of its own sets the exit status")
  func lastWord() throws {
    try Scratch.directory { directory in
      let trace = try ending("trap 'exit 3' TERM", in: directory).end()
      #expect(trace.ended.status == 3 && trace.ended.errors.isEmpty, trace.description)
    }
  }

  @Test(
    "a command that ignores SIGTERM is killed, and reported so, when bfatrace gets a signal to end")
  func killed() throws {
    try Scratch.directory { directory in
      let tracing = try ending("trap 'echo got TERM' TERM", in: directory)
      try wait(for: "got TERM", from: tracing)
      #expect(tracing.running.process.isRunning)
      tracing.signal(SIGINT)
      let ended = try tracing.end().ended
      #expect(ended.status == 128 + SIGKILL, "\(ended)")
      #expect(ended.errors == "bfatrace: /bin/sh has not ended after SIGTERM: killed\n")
    }
  }
}
