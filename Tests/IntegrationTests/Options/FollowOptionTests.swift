// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Options that follow processes", .needsRoot)
struct FollowOptionTests {
  /// Touches files in a parent, its child and its grandchild; `exec` runs under another name.
  private func family(in directory: String) -> String {
    """
    : > \(directory)/self; ( : > \(directory)/child; ( : > \(directory)/grandchild ); : ); \
    dd if=/dev/null of=\(directory)/exec 2> /dev/null; /bin/sh -c '/bin/sh -c ": > \(directory)/deep"; :'
    """
  }

  /// Starts a child of the worker, which touches the file `existing` when the FIFO `go` is written
  /// to.
  private func startChild(of worker: Worker, in directory: String, outside: String) throws {
    try shell("mkfifo \(outside)/go")
    // The child has a name of its own: it has it once it has opened the FIFO `ready`.
    try shell("mkfifo \(outside)/ready")
    try worker.run(
      "/bin/sh -c ': > \(outside)/ready; read x < \(outside)/go; : > \(directory)/existing' &")
    try worker.run("read x < \(outside)/ready; :")
  }

  /// Makes a directory that is traced and one that is not, and a shell under a name of its own with
  /// a child.
  private func withFamily(_ body: (String, Worker, _ outside: String) throws -> Void) throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "out", in: scratch)
      let (directory, outside) = ("\(scratch)/in", "\(scratch)/out")
      let worker = try Worker(try Worker.shell(named: "followed", in: outside))
      try startChild(of: worker, in: directory, outside: outside)
      try body(directory, worker, outside)
    }
  }

  @Test("-F follows the future descendants of -p and -c", arguments: ["-p", "-c"])
  func follow(option: String) throws {
    try withFamily { directory, worker, outside in
      let chosen = option == "-p" ? "\(worker.pid)" : "followed"
      let trace = try Trace.of(["--json", "--under", directory, "-F", option, chosen]) {
        try worker.run(family(in: directory))
        try worker.run("echo > \(outside)/go; wait")
        try shell(": > \(directory)/stranger")
      }
      let followed: Set = ["self", "child", "grandchild", "exec", "deep"]
      #expect(try trace.names(in: directory) == followed, trace.description)
      let written = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(Set(written) == followed.union(["existing", "stranger"]))
    }
  }

  @Test("without -F, -p follows no children, and -c none under another name")
  func noFollow() throws {
    try withFamily { directory, worker, outside in
      for (option, chosen, shown) in [
        ("-p", "\(worker.pid)", Set(["self"])),
        ("-c", "followed", Set(["self", "child", "grandchild"])),
      ] {
        let trace = try Trace.of(["--json", "--under", directory, option, chosen]) {
          try worker.run(family(in: directory))
        }
        #expect(try trace.names(in: directory) == shown, trace.description)
      }
      try worker.run("echo > \(outside)/go; wait")
    }
  }

  @Test("-F ends by itself when the process and all that follow it have ended")
  func ends() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "out", in: scratch)
      let worker = try Worker()
      try shell("mkfifo \(scratch)/out/go")
      let tracing = try Tracing(["--json", "--under", "\(scratch)/in", "-F", "-p", "\(worker.pid)"])
      try worker.run("( read x < \(scratch)/out/go; : > \(scratch)/in/late ) &")
      try worker.leave()
      try shell("echo > \(scratch)/out/go")
      let trace = try tracing.end()
      #expect(trace.ended.status == 0, trace.description)
      #expect(try trace.names(in: "\(scratch)/in") == ["late"], trace.description)
    }
  }

  @Test("--ignore-comm wins over -F")
  func ignored() throws {
    try withFamily { directory, worker, outside in
      let options = ["-F", "-p", "\(worker.pid)", "--ignore-comm", "dd"]
      let trace = try Trace.of(["--json", "--under", directory] + options) {
        try worker.run(family(in: directory))
      }
      let followed: Set = ["self", "child", "grandchild", "deep"]
      #expect(try trace.names(in: directory) == followed, trace.description)
      try worker.run("echo > \(outside)/go; wait")
    }
  }
}
