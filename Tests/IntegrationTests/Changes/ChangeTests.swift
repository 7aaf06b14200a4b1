// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--changes lists what a command has changed", .needsRoot)
struct ChangeTests {
  private static let snapshots = "\(Built.root)/Tests/changes/snapshots.py"
  private static let programs = "\(Built.root)/Tests/changes/programs.py"
  private static let environment = ["GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"]

  @Test("as two snapshots of the tree show it", arguments: ChangingCommand.all)
  func command(_ changing: ChangingCommand) throws {
    try Scratch.directory { directory in
      let tree = "\(directory)/tree"
      var environment = Self.environment
      environment["HOME"] = directory
      try shell("mkdir tree", in: directory)
      let before = try shell(changing.before, in: tree, environment: environment)
      try #require(before.status == 0, "\(before.errors)")
      let ended = try run(
        "/usr/bin/python3",
        ["-B", Self.snapshots, Built.bfatrace, tree, "/bin/sh", "-c", changing.command],
        in: tree, environment: environment)
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
    }
  }

  @Test("in an overlay, as containers use it")
  func overlay() throws {
    try Scratch.directory(on: .memory) { directory in
      let change =
        "echo x >> a; rm b; mv c d/c; mv d e 2> /dev/null || cp -a d e; echo n > n; chmod 600 f"
      let script = """
        mkdir low up work on low/d; for i in a b c f d/x; do echo $i > low/$i; done
        mount -t overlay -o lowerdir=low,upperdir=up,workdir=work o on && cd on &&
          exec python3 -B \(Self.snapshots) \(Built.bfatrace) . /bin/sh -c '\(change)'
        """
      let ended = try run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script], in: directory)
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
    }
  }

  /// `BFATRACE_TEST_PROGRAMS` sets the number of programs; the seeds count up from that of the
  /// first one.
  @Test("for random programs, as two snapshots of their trees show it")
  func programs() throws {
    let count =
      ProcessInfo.processInfo.environment["BFATRACE_TEST_PROGRAMS"].flatMap(Int.init) ?? 200
    for start in stride(from: 0, to: count, by: 1000) {
      try Scratch.directory { directory in
        try shell("mkdir trees", in: directory)
        let ended = try run(
          "/usr/bin/python3",
          [
            "-B", Self.programs, Built.bfatrace, "\(directory)/trees", "\(start)",
            "\(min(1000, count - start))",
          ])
        #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
      }
    }
  }
}
