// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--record and --replay", .needsRoot)
struct RecordReplayTests {
  /// Opens, reads, changes and failures of several processes.
  private static let load = """
    mkdir -p sub/below other; echo x > a; cat a sub/nope nope; cp a sub/b; mv a sub/c; cat sub/*
    echo more >> sub/below/d; ln -s d sub/below/e; rm sub/b; ls -l sub > /dev/null; sync sub/c
    """

  /// Records while the load runs in `directory`. The recording and the lines are written beside it.
  private func record(
    _ options: [String], in directory: String, as name: String, while load: () throws -> Void
  ) throws -> Trace {
    let tracing = try Tracing(options + ["--record", "\(directory)/out/\(name)"], in: directory)
    try load()
    return tracing.stop()
  }

  private func replay(_ path: String, _ options: [String] = [], in directory: String? = nil) throws
    -> Ended
  {
    try run(
      "/usr/bin/timeout", ["-s", "KILL", "60", Built.bfatrace, "--replay", path] + options,
      in: directory)
  }

  private func directories(_ body: (_ directory: String) throws -> Void) throws {
    try Scratch.directory { directory in
      try makeDirectories("in", "out", in: directory)
      try body(directory)
    }
  }

  @Test(
    "a replay has the lines of the live run, byte for byte",
    arguments: [
      "", "--json -tt --host --under in", "--json --host other --under in",
      "--long -t -u --under in", "-S -m -tt --under in",
      "-S -x -j --under in", "--exe --parents --under in -j", "--summary -tt --under in",
      "--summary --json --under in", "--by comm,dir:9 --json -t --under in",
      "--summary --sort writes -j -tt --host --under in", "--disk -tt", "--disk --summary --json",
      "--wakeups 0.001 -t",
    ])
  func bytes(line: String) throws {
    let options = line.split(separator: " ").map(String.init)
    try directories { directory in
      let trace = try record(options, in: directory, as: "recording") {
        try shell(Self.load, in: "\(directory)/in")
        try shell("sync -f .", in: directory)
      }
      #expect(trace.ended.status == 0, trace.description)
      #expect(trace.output.count > 100, trace.description)
      // Scope and host belong to the recording, and are no options of a replay.
      let shown = options.filter { !["--under", "in"].contains($0) }
      let replayed = try replay("\(directory)/out/recording", shown)
      #expect(replayed.status == 0 && replayed.complaints.isEmpty, "\(replayed.errors)")
      #expect(
        replayed.output == trace.output, "\(replayed.text.prefix(1000))\n\(trace.description)")
    }
  }

  @Test("options that choose in the kernel choose the same in a recording")
  func twins() throws {
    try directories { directory in
      let shell = try Worker.shell(named: "chosen-shell", in: "\(directory)/out")
      let worker = try Worker(shell)
      let other = try Worker(launcher: ["setpriv", "--reuid", "65534", "--clear-groups"])
      try IntegrationTests.shell("mkdir -p in/sub/below; chmod -R 777 in", in: directory)
      let table = [
        ["-p", "\(worker.pid)"], ["--ignore-pid", "\(worker.pid)"], ["-c", "chosen-shell"],
        ["--ignore-comm", "chosen-shell"], ["-c", "cat", "-c", "cp"], ["--uid", "65534"],
        ["-p", "\(worker.pid),\(other.pid)", "--uid", "65534"], ["-f", "R"], ["-f", "WO"],
        ["-f", "+D<>"], ["-x"], ["-x", "-f", "O"], ["--slower", "60000"],
        ["--dir", "in/sub"], ["--under", "in/sub"], ["--under", "in/sub/below", "--under", "out"],
      ]
      let all = ["-S", "-m", "--json", "--under", "in"]
      let live = try table.map { options in
        let hasPlace = options.contains("--dir") || options.contains("--under")
        return try Tracing(
          (hasPlace ? ["-S", "-m", "--json"] : all) + options, in: directory)
      }
      let recorded = try record(all, in: directory, as: "recording") {
        try worker.run("cd \(directory)/in; \(Self.load.replacing("\n", with: "; "))")
        try other.run("cd \(directory)/in; echo y > mine; cat mine nope > /dev/null 2>&1; true")
      }
      #expect(recorded.ended.status == 0, recorded.description)
      for (options, tracing) in zip(table, live) {
        let expected = tracing.stop()
        let replayed = try replay(
          "\(directory)/out/recording", ["--json"] + options, in: directory)
        let text = "\(options): \(replayed.errors)"
        #expect(replayed.status == 0 && expected.ended.status == 0, "\(text)")
        expectNone(differences(replayed.text, expected.lines.joined(separator: "\n"), text))
      }
    }
  }

  /// Lines that only one of both has. The times that calls took, and the tracers, which start one
  /// after the other, are left out.
  private func differences(_ replayed: String, _ live: String, _ title: String) -> [String] {
    func lines(_ text: String) -> [String] {
      text.replacing(/"duration_ns":\d+/, with: "").split(separator: "\n").map(String.init)
        .filter { !$0.contains("\"comm\":\"bfatrace\"") }.sorted()
    }
    let difference = lines(replayed).difference(from: lines(live))
    return difference.insertions.map { "\(title) only replayed: \($0)" }
      + difference.removals.map { "\(title) only live: \($0)" }
  }

  @Test("two recordings, one after the other, keep the name of the host of each")
  func hosts() throws {
    try directories { directory in
      for name in ["one", "two"] {
        let options = ["--json", "--under", "in", "--host", name, "-f", "W"]
        _ = try record(options, in: directory, as: name) {
          try Calls.write("\(directory)/in/of-\(name)")
        }
      }
      let ended = try shell(
        "cat one two | timeout -s KILL 60 '\(Built.bfatrace)' --replay - --host --json -f W",
        in: "\(directory)/out")
      #expect(ended.status == 0, "\(ended)")
      let hosts = ended.text.matches(of: /of-(\w+)".*"host":"(\w+)","boot_id":"[0-9a-f-]{36}"}\n/)
      #expect(hosts.map { "\($0.1) \($0.2)" } == ["one one", "two two"], "\(ended)")
    }
  }

  @Test("without --output, only the recording is written, for which - is standard output")
  func pipe() throws {
    try directories { directory in
      let running = try Running(
        "/bin/sh",
        [
          "-c", #""$0" --record - --under in -s 60 -f W | tee out/recording | "$0" --replay -"#,
          Built.bfatrace,
        ], in: directory)
      try waitUntil("a line is shown") {
        try? Calls.write("\(directory)/in/file")
        return !running.outputSoFar.isEmpty || !running.process.isRunning
      }
      let line = String(decoding: running.outputSoFar, as: UTF8.self)
      #expect(line.contains("CWO \(directory)/in/file\n"), "\(line)")
      try shell("pkill -INT -f -- '--record - --under in -s 60 -f W'")
      let ended = running.wait()
      #expect(ended.complaints.isEmpty, "\(ended)")
      let replayed = try replay("\(directory)/out/recording")
      #expect(replayed.text.hasPrefix(line), "\(replayed)")
    }
  }

  @Test("a recording can be piped to a compressor, without what the command prints")
  func compressed() throws {
    try directories { directory in
      let ended = try shell(
        """
        "$BFATRACE" --record - --json -tt --under in -o out/lines -- sh -c "echo printed; cd in; { $LOAD; } > /dev/null 2>&1" |
          zstd | zstd -d | "$BFATRACE" --replay - --json -tt
        """, in: directory, environment: ["BFATRACE": Built.bfatrace, "LOAD": Self.load])
      let lines = try String(contentsOfFile: "\(directory)/out/lines", encoding: .utf8)
      #expect(ended.status == 0 && lines.count > 1000, "\(ended)")
      #expect(ended.complaints == "printed\n", "\(ended)")
      #expect(ended.text == lines, "\(ended.text.prefix(1000))\n\(lines)")
    }
  }

  @Test("a recording that is moved away before SIGHUP is whole, and so is the next one")
  func rotate() throws {
    try directories { directory in
      let path = "\(directory)/out/recording"
      let running = try Running(
        Built.bfatrace, ["--record", path, "--under", "\(directory)/in", "-f", "W"])
      try waitUntil("it records") {
        FileManager.default.fileExists(atPath: path) || !running.process.isRunning
      }
      try Calls.write("\(directory)/in/first")
      try waitUntil("a record is there") {
        (try? Data(contentsOf: URL(filePath: path)))?.contains(Data("/in/first".utf8)) == true
      }
      try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
      kill(running.process.processIdentifier, SIGHUP)
      try waitUntil("the name is opened anew") { FileManager.default.fileExists(atPath: path) }
      try Calls.write("\(directory)/in/second")
      running.interrupt()
      let ended = running.wait()
      #expect(ended.status == 0 && ended.output.isEmpty && ended.complaints.isEmpty, "\(ended)")
      for (path, name) in [(path + ".1", "first"), (path, "second")] {
        let replayed = try replay(path)
        #expect(replayed.status == 0 && replayed.errors.isEmpty, "\(replayed)")
        #expect(replayed.text.contains(/^[^\n]+\/in\/\w+\n$/) && replayed.text.contains(name))
      }
    }
  }

  @Test(
    "a recording of requests knows its columns, and refuses a table that it has no numbers for",
    arguments: [true, false])
  func disk(hasSummary: Bool) throws {
    try directories { directory in
      _ = try record(["--disk"] + (hasSummary ? ["--summary"] : []), in: directory, as: "disk") {
        try shell("head -c 100000 /dev/zero > in/file; sync in/file", in: directory)
      }
      for options in [["--sort", "latency"], ["--by", "comm,file"], ["--summary-only"]] {
        for more in [[], ["--disk"]] {
          let replayed = try replay("\(directory)/out/disk", options + more)
          if hasSummary {
            #expect(replayed.status == 0 && replayed.text.contains("HANDED"), "\(replayed)")
          } else {
            expectComplaint(replayed, status: 1, ["was not recorded", "with --summary"])
          }
        }
      }
    }
  }

  @Test("a recording that is missing, damaged or lacks what is asked for is reported in one line")
  func complaints() throws {
    try directories { directory in
      let path = "\(directory)/out/recording"
      _ = try record(["--under", "in"], in: directory, as: "recording") {
        try shell(Self.load, in: "\(directory)/in")
      }
      let bytes = try Data(contentsOf: URL(filePath: path))
      let cut = "\(directory)/out/cut"
      try bytes.dropLast(20).write(to: URL(filePath: cut))
      let replayed = try replay(cut)
      #expect(replayed.status == 3, "\(replayed)")
      #expect(replayed.errors.contains("--replay \(cut): the recording was cut"), "\(replayed)")
      #expect(try replay(path).text.hasPrefix(replayed.text) && !replayed.output.isEmpty)
      var wrong = bytes
      wrong[bytes.startIndex + 7] = 0x7f
      try wrong.write(to: URL(filePath: cut))
      expectComplaint(try replay(cut), status: 1, ["--replay \(cut)", "damaged"])
      expectComplaint(
        try replay("/etc/passwd"), status: 1, ["--replay /etc/passwd", "no recording"])
      expectComplaint(try replay("/dev/null"), status: 1, ["no recording"])
      expectComplaint(try replay("\(directory)/none"), status: 1, ["No such file"])
      for option in ["--syscalls", "--exe", "--parents", "--metadata", "--disk", "--all"] {
        expectComplaint(try replay(path, [option]), status: 1, ["\(option) was not recorded"])
      }
      expectComplaint(
        try replay(path, ["--sort", "latency"]), status: 1, ["--sort latency", "opens, failed"])
      for options in [
        ["--follow", "-p", "1"], ["--interval", "20"], ["--ring-size", "1"], ["--current-mount"],
        ["--", "true"],
      ] {
        expectComplaint(try replay(path, options), status: 64, ["cannot be applied to a recording"])
      }
      expectComplaint(
        try replay(path, ["--record", "x"]), status: 64, ["--record", "--replay", "choose one"])
    }
  }
}
