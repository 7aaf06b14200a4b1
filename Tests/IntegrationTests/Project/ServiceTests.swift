// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

private let hasSystemd =
  (try? run("/usr/bin/env", ["systemd-analyze", "--version"]))?.status == 0

@Suite("As a service")
struct ServiceTests {
  @Test("systemd accepts the units", .enabled(if: hasSystemd, "needs systemd-analyze"))
  func units() throws {
    try Scratch.directory { directory in
      for name in ["bfatrace.service", "bfatrace@.service"] {
        let unit = try String(contentsOfFile: "\(Built.root)/packaging/\(name)", encoding: .utf8)
          .replacing("@SBIN@/bfatrace", with: Built.bfatrace)
        // Ignore whether the manuals are installed.
        let lines = unit.split(separator: "\n").filter { !$0.hasPrefix("Documentation=man:") }
        try lines.joined(separator: "\n").write(
          toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
      }
      let ended = try run(
        "/usr/bin/env",
        ["systemd-analyze", "verify", "--man=no", "bfatrace.service", "bfatrace@x.service"],
        in: directory)
      #expect(ended.status == 0 && !ended.errors.contains("\(directory)"), "\(ended)")
    }
  }

  /// Starts bfatrace as a service manager does, and prints its notifications. At READY=1 it touches
  /// a file.
  private static let manager = """
    import os, signal, socket, subprocess, sys
    path, program = sys.argv[1:3]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path.replace("@", "\\0", 1))
    server.settimeout(60)
    environment = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC="100000")
    run = subprocess.Popen([program] + sys.argv[3:], env=environment)
    signs = 0
    while True:
        message = server.recv(4096).decode()
        if message == "WATCHDOG=1":
            signs += 1
            if signs == 3:
                print("signs")
                run.send_signal(signal.SIGTERM)
        else:
            print(message)
            if message == "READY=1":
                open("in/file", "w").close()
            if message == "STOPPING=1":
                break
    print("status", run.wait())
    """

  @Test(
    "the service manager is notified when events are recorded, while it runs, and when it ends",
    .needsRoot, arguments: ["socket", "@bfatrace-test"])
  func notifies(name: String) throws {
    try Scratch.directory { directory in
      try makeDirectories("in", in: directory)
      let socket = name.hasPrefix("@") ? "\(name).\(getpid())" : "\(directory)/\(name)"
      let ended = try run(
        "/usr/bin/env",
        ["python3", "-I", "-S", "-c", Self.manager, socket, Built.bfatrace]
          + ["--under", "in", "-f", "O", "-o", "lines"], in: directory)
      #expect(ended.text == "READY=1\nsigns\nSTOPPING=1\nstatus 0\n", "\(ended)")
      let lines = try String(contentsOfFile: "\(directory)/lines", encoding: .utf8)
      #expect(lines.contains("\(directory)/in/file\n"), "\(lines), \(ended)")
    }
  }
}
