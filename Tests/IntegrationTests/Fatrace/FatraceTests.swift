// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("By the name of fatrace", .needsRoot)
struct FatraceTests {
  private func fatrace(_ arguments: [String], in directory: String? = nil) throws -> Ended {
    try run("/usr/bin/timeout", ["-s", "KILL", "30", Built.fatrace] + arguments, in: directory)
  }

  /// Traces while a process of this name writes one file in the directory.
  private func lines(
    _ options: [String], in directory: String, name: String? = nil, file: String = "file"
  ) throws -> Trace {
    let worker = try Worker(
      try name.map { try Worker.shell(named: $0, in: directory) } ?? "/bin/sh")
    let trace = try Trace.of(options, in: directory, program: Built.fatrace) {
      try worker.run("echo x > \(directory)/\(file)")
    }
    #expect(trace.ended.status == 0, trace.description)
    return trace
  }

  @Test(
    "wrong arguments give one line and status 1",
    arguments: [
      (["-x"], "-x"), (["-tx"], "-x"), (["--version"], "--version"), (["--c"], "--c"),
      (["-o"], "-o"), (["--seconds"], "--seconds"), (["--json=1"], "--json"),
      (["-t", "-t", "-t"], "twice"), (["-ttt"], "twice"),
      (["-s", "0"], "--seconds 0"), (["-s", "0.5"], "0.5"), (["-s", "x"], "--seconds"),
      (["-s", ""], "--seconds"), (["-s", "-1"], "-1"), (["-s1m"], "1m"),
      (["-p", "0"], "--ignore-pid 0"), (["-p", "1,2"], "1,2"), (["-p", "x"], "--ignore-pid"),
      (["-p", "99999999999"], "99999999999"),
      (["-f", "RX"], "'X'"), (["-f", "M"], "'M'"),
      (["-c", "-d", "/"], "choose one"), (["/", "-c"], "choose one"),
      (["-d", "/none-such"], "/none-such"), (["--", "-c"], "-c"), (["/etc/passwd"], "/etc/passwd"),
      (["-s", "1", "-o", "/etc/passwd"], "File exists"),
      (["-s", "1", "-o", "/none-such/file"], "/none-such/file"),
    ])
  func mistakes(arguments: [String], part: String) throws {
    let ended = try fatrace(arguments)
    #expect(ended.status == 1 && ended.output.isEmpty, "\(ended)")
    #expect(ended.errors.hasPrefix("fatrace: ") && ended.errors.contains(part), "\(ended)")
    #expect(ended.errors.split(separator: "\n").count == 1, "\(ended)")
  }

  @Test("help goes to standard output, and has the options of the manual")
  func help() throws {
    let manual = try String(contentsOfFile: "\(Built.root)/man/fatrace.8", encoding: .utf8)
    for option in ["-h", "--help", "-ch"] {
      let ended = try fatrace([option])
      #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended)")
      let options = ended.text.matches(of: /(-[a-zA-Z]), --([a-z-]+)/)
      #expect(options.count == 13, "\(ended)")
      for option in options {
        let item = ".It Fl \(option.1.dropFirst()) , -\(option.2)"
        #expect(manual.contains(item), "\(item) is missing from man/fatrace.8")
      }
    }
  }

  @Test(
    "options are read as getopt_long(3) does: joined, shortened, in any order",
    arguments: [
      ["-tts1", "DIR"], ["-t", "-ts", "1", "DIR"], ["--sec=1", "--ti", "-t", "DIR"],
      ["DIR", "-tts1"], ["-tts1", "--", "DIR"], ["-tts1", "-dDIR"],
      ["-s 1", "-tt", "--dir", "DIR"],
    ])
  func forms(arguments: [String]) throws {
    try Scratch.directory { directory in
      let options = arguments.map { $0.replacing("DIR", with: directory) }
      let tracing = try Tracing(options, program: Built.fatrace)
      try Calls.write("\(directory)/file")
      let trace = try tracing.end()
      #expect(trace.ended.status == 0, trace.description)
      let line = try Regex(#"^\d+\.\d{6} \S+\(\d+\): CWO \#(directory)/file$"#)
      #expect(trace.lines.contains { $0.contains(line) }, trace.description)
    }
  }

  @Test("-p ignores a process, as often as it is given")
  func ignored() throws {
    try Scratch.directory { directory in
      let workers = try (0..<3).map { _ in try Worker() }
      let pids = workers.map { "\($0.pid)" }
      let trace = try Trace.of(
        ["-p", pids[0], "--ignore-pid=\(pids[1])", directory], program: Built.fatrace
      ) {
        for worker in workers { try worker.run("echo x > \(directory)/file") }
      }
      let seen = Set(pids.filter { pid in trace.lines.contains { $0.contains("(\(pid))") } })
      #expect(seen == [pids[2]], trace.description)
    }
  }

  @Test("-C shows one name only, cut at 15 bytes with a warning")
  func command() throws {
    try Scratch.directory { directory in
      let name = "a-long-name-of-a-command"
      let trace = try lines(["-C", name, "--dir", directory], in: directory, name: name)
      #expect(trace.ended.errors.contains("looking for a-long-name-of-\n"), trace.description)
      #expect(!trace.lines.isEmpty, trace.description)
      #expect(trace.lines.allSatisfy { $0.hasPrefix("a-long-name-of-(") }, trace.description)
      let other = try lines(["-C", "other", "--dir", directory], in: directory)
      #expect(other.lines.isEmpty, other.description)
    }
  }

  @Test("-f takes letters in either case; W includes closing after writing, C both kinds of close")
  func filter() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      try worker.run("echo x > \(directory)/read; exec 3> \(directory)/open")
      for (types, files) in [("w", ["open"]), ("c", ["open", "read"]), ("R", ["read"]), ("", [])] {
        let trace = try Trace.of(["-f", types, directory], program: Built.fatrace) {
          try worker.run("read x < \(directory)/read; exec 3>&-; exec 3>> \(directory)/open")
        }
        let found = Set(trace.lines.compactMap { $0.split(separator: "/").last.map(String.init) })
        #expect(found == Set(files), "\(types): \(trace.description)")
      }
    }
  }

  @Test("-d follows the directory, not its name, and does not look below it")
  func directory() throws {
    try Scratch.directory { directory in
      try makeDirectories("one/below", "other", in: directory)
      let worker = try Worker()
      let trace = try Trace.of(["-d", "\(directory)/one"], program: Built.fatrace) {
        try worker.run(
          """
          echo x > \(directory)/one/before; echo x > \(directory)/one/below/deep
          echo x > \(directory)/other/file
          """)
        try worker.run("mv \(directory)/one \(directory)/two; echo x > \(directory)/two/after")
      }
      let paths = Set(trace.lines.compactMap { $0.split(separator: " ").last.map(String.init) })
      let expected = ["one", "one/before", "two", "two/after"].map { "\(directory)/\($0)" }
      #expect(paths == Set(expected), trace.description)
    }
  }

  @Test(
    "-c traces the file system of the current directory, whatever its type",
    arguments: Scratch.FileSystem.allCases)
  func currentMount(here: Scratch.FileSystem) throws {
    let other = "\(here == .disk ? "/dev/shm" : "/var/tmp")/bfatrace-test.\(UUID())"
    try Scratch.directory(on: here) { try checkCurrentMount($0, other: other) }
  }

  private func checkCurrentMount(_ directory: String, other: String) throws {
    let worker = try Worker()
    let trace = try Trace.of(["-c"], in: directory, program: Built.fatrace) {
      try worker.run("echo x > \(directory)/file; echo x > \(other); rm \(other)")
    }
    let own = trace.lines.filter { $0.contains("(\(worker.pid))") }
    #expect(own.contains { $0.hasSuffix(" \(directory)/file") }, trace.description)
    #expect(!own.contains { $0.contains(other) }, trace.description)
  }

  @Test(
    "without a place, it traces file systems that are mounted from a device's path",
    .needsNamespaces)
  func mounts() throws {
    try Scratch.directory { directory in
      let worker = try Worker(launcher: ["unshare", "--mount"])
      try makeDirectories("device", "memory", "gone", in: directory)
      try worker.run(
        """
        mount -t tmpfs /dev/null \(directory)/device && mount -t tmpfs none \(directory)/memory &&
        mount -t tmpfs /none-such \(directory)/gone && : > \(directory)/mounted
        """)
      try #require(FileManager.default.fileExists(atPath: "\(directory)/mounted"))
      try worker.run(
        """
        \(Built.fatrace) -o \(directory)/records 2> \(directory)/errors & tracer=$!
        until [ -e \(directory)/records ] || ! kill -0 $tracer; do sleep 0.01; done
        for place in device memory gone .; do echo x > \(directory)/$place/file; done
        kill -INT $tracer; wait $tracer
        """)
      let errors = try String(contentsOfFile: "\(directory)/errors", encoding: .utf8)
      let lines = try String(contentsOfFile: "\(directory)/records", encoding: .utf8)
        .split(separator: "\n").filter { $0.contains("(\(worker.pid)): ") && $0.hasSuffix("/file") }
      let paths = Set(lines.compactMap { $0.split(separator: " ").last.map(String.init) })
      #expect(paths == ["\(directory)/device/file", "\(directory)/file"], "\(errors)\(lines)")
    }
  }

  @Test("JSON has fatrace's keys, in their order, without spaces")
  func json() throws {
    try Scratch.directory { directory in
      let trace = try lines(["-jttue", "-P", directory], in: directory)
      let line = try #require(trace.lines.first { $0.contains(#"/file""#) }, trace.description)
      let process = #"\{"pid":\d+,"comm":"[^"]*"(,"exe":"[^"]*")?\}"#
      let pattern = try Regex(
        #"^\{"timestamp":\d+\.\d{6},"comm":"sh","pid":\d+,"uid":0,"gid":0,"types":"CWO","#
          + #""device":\{"major":\d+,"minor":\d+\},"inode":\d+,"path":"[^"]*","exe":"[^"]*","#
          + #""parents":\[\#(process)(,\#(process))*\]\}$"#)
      #expect(line.contains(pattern), trace.description)
    }
  }

  @Test("text has fatrace's fields, in their order")
  func text() throws {
    try Scratch.directory { directory in
      let trace = try lines(["-tueP", directory], in: directory)
      let pattern = try Regex(
        #"^\d\d:\d\d:\d\d\.\d{6} sh\(\d+\) \[0:0\]: CWO \#(directory)/file exe=\S+, "#
          + #"parents=\(pid=\d+ comm=.+ exe=.+\)(,\(pid=\d+ comm=.+\))*$"#)
      #expect(trace.lines.contains { $0.contains(pattern) }, trace.description)
    }
  }

  @Test("-o exists once events are recorded, and -s ends it with status 0")
  func output() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(["-s", "1", directory], program: Built.fatrace)
      try Calls.write("\(directory)/at-once")
      let trace = try tracing.end()
      #expect(trace.ended.status == 0, trace.description)
      #expect(trace.lines.contains { $0.hasSuffix("/at-once") }, trace.description)
    }
  }

  @Test("lines can be read while it runs")
  func live() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing([directory], program: Built.fatrace)
      for name in ["first", "second"] {
        try Calls.write("\(directory)/\(name)")
        try waitUntil("the line of \(name)") {
          String(decoding: tracing.outputSoFar, as: UTF8.self).contains("\(directory)/\(name)\n")
        }
      }
      #expect(tracing.stop().ended.status == 0)
    }
  }
}
