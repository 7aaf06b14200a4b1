// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Lines that are written to a disk", .needsRoot)
struct FeedbackTests {
  @Test(
    "cause no further lines",
    arguments: [
      ("", "> lines"), ("", "| tee lines > /dev/null"),
      ("--json", "| jq --unbuffered -c . > lines"), ("", "| cat | tee lines | cat > again"),
    ])
  func settles(options: String, pipeline: String) throws {
    try Scratch.directory { directory in
      let start = "echo $$ > pid; exec \"$0\" --under . \(options)"
      let running = try Running(
        "/bin/sh", ["-c", "sh -c '\(start)' '\(Built.bfatrace)' \(pipeline)"], in: directory)
      let text = { (name: String) -> String in
        (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
      }
      for name in ["first", "second", "third"] {
        try waitUntil("\(name) is shown") {
          try? Calls.write("\(directory)/\(name)")
          return text("lines").contains("/\(name)") || !running.process.isRunning
        }
      }
      if let pid = pid_t(text("pid").prefix { $0.isNumber }) { kill(pid, SIGINT) }
      let ended = running.wait()
      // Lines about the output itself would stand between the first mark and the last. This process
      // reads the file, too: leave its lines out.
      let own = text("lines").split(separator: "\n").map(String.init).filter {
        ($0.contains("\(directory)/lines") || $0.contains("\(directory)/again"))
          && !$0.contains("(\(getpid())): ") && !$0.contains("\"pid\":\(getpid()),")
      }
      expectNone(own)
      #expect(text("lines").contains("/third") && ended.errors.isEmpty, "\(ended.errors)")
    }
  }

  /// Starts bfatrace and a logger that writes each line to a file, as an init system does: neither
  /// is an ancestor of the other.
  private static let logger = """
    import os, socket, sys
    way, program = sys.argv[1], sys.argv[2]
    def log(read):
        with open("lines", "ab", buffering=0) as lines:
            while data := read(65536):
                lines.write(data)
    def child(run, *arguments):
        pid = os.fork()
        if not pid:
            try:
                run(*arguments)
            finally:
                os._exit(0)
        return pid
    if way == "socketpair":
        output, other = socket.socketpair()
        child(lambda: (output.close(), log(other.recv)))
        other.close()
    elif way == "FIFO":
        os.mkfifo("fifo")
        child(lambda: log(open("fifo", "rb", buffering=0).read))
        output = open("fifo", "wb", buffering=0)
    elif way == "datagrams":
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind("socket")
        child(lambda: log(server.recv))
        server.close()
        read, output = os.pipe()
        read, output = os.fdopen(read, "rb", 0), os.fdopen(output, "wb", 0)
        def pass_on():
            output.close()
            client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            client.connect("socket")
            while data := read.read(4096):
                client.send(data)
            client.send(b"")
        child(pass_on)
        read.close()
    else:
        # Who listens is another process than who accepts, as with a service manager.
        family, address = (socket.AF_UNIX, "socket") if way == "stream" else (socket.AF_INET, ("127.0.0.1", 0))
        server = socket.socket(family)
        server.bind(address)
        server.listen()
        child(lambda: log(server.accept()[0].recv))
        output = socket.socket(family)
        output.connect(server.getsockname())
        server.close()
    def trace():
        os.dup2(output.fileno(), 1)
        output.close()
        os.execv(program, [program, "--under", "."])
    pid = child(trace)
    output.close()
    with open("pid.new", "w") as file:
        file.write(str(pid))
    os.rename("pid.new", "pid")
    os.waitpid(pid, 0)
    """

  @Test(
    "stop coming, whatever connects bfatrace to the logger",
    arguments: ["socketpair", "stream", "TCP", "FIFO", "datagrams"])
  func settlesBehindSocket(way: String) throws {
    try Scratch.directory { directory in
      let running = try Running(
        "/usr/bin/env", ["python3", "-I", "-S", "-c", Self.logger, way, Built.bfatrace],
        in: directory)
      let text = { (name: String) -> String in
        (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
      }
      for name in ["first", "second", "third"] {
        try waitUntil("\(name) is shown, \(way)") {
          try? Calls.write("\(directory)/\(name)")
          return text("lines").contains("/\(name)") || !running.process.isRunning
        }
      }
      if let pid = pid_t(text("pid")) { kill(pid, SIGINT) }
      let ended = running.wait()
      let own = text("lines").split(separator: "\n").filter {
        $0.contains("\(directory)/lines") && !$0.contains("(\(getpid())): ")
      }
      expectNone(own.map(String.init))
      #expect(text("lines").contains("/third") && ended.errors.isEmpty, "\(way): \(ended.errors)")
    }
  }
}
