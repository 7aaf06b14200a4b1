// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Arguments and working directories, as they are at the time of a call", .needsRoot)
struct ParticularOptionTests {
  private static let hostile = [
    "", "a b", "it's", "say \"hi\"", "back\\slash", "new\nline", "\u{1b}[31m", "$(reboot)", "`id`",
    "x\" exe=/forged, parents=(pid=1 comm=init)", "*", "~", "\u{e4}\u{2028}", "-n", "!1", "#",
    "a=b",
    "\u{85}",
  ]

  /// The words that bash makes of a command line.
  private static func words(_ text: some StringProtocol) throws -> [String] {
    let ended = try run("/bin/bash", ["-c", "printf '%s\\0' \(text)"])
    return ended.text.split(separator: "\0", omittingEmptySubsequences: false).dropLast()
      .map(String.init)
  }

  private static func arguments(of line: String) -> Substring? {
    line.firstMatch(of: #/ args="([^"]*)"$/#)?.1
  }

  @Test(
    "hostile arguments do no harm: a shell reads them back, and JSON has them",
    arguments: [[], ["-S"]])
  func hostile(kind: [String]) throws {
    try Scratch.directory { scratch in
      let text = try Tracing(["--args", "-c", "dash", "--under", scratch] + kind)
      let json = try Tracing(["--args", "-c", "dash", "--json", "--under", scratch] + kind)
      let command = ["-c", ": >\"$0\"", "\(scratch)/file"] + Self.hostile
      #expect(try run("/bin/dash", command).status == 0)
      let traces = [text.stop(), json.stop()]
      let expected = ["/bin/dash"] + command
      let lines = traces[0].lines.filter { $0.contains("/file") }
      #expect(!lines.isEmpty, traces[0].description)
      for line in lines {
        let words = try Self.arguments(of: line).map { try Self.words($0) }
        #expect(words == expected, "\(line)")
      }
      for record in try traces[1].objects() {
        let raw = record["args_raw"] as? [[UInt8]] ?? []
        #expect(raw.map { String(decoding: $0, as: UTF8.self) } == expected, "\(record)")
      }
    }
  }

  @Test("arguments that are too long are cut, and marked", arguments: [[], ["-S"]])
  func long(kind: [String]) throws {
    try Scratch.directory { scratch in
      let text = try Tracing(["--args", "-c", "dash", "--under", scratch] + kind)
      let json = try Tracing(["--args", "-c", "dash", "--json", "--under", scratch] + kind)
      let long = String(repeating: "x", count: 1500)
      let command = ["-c", ": >$0", "\(scratch)/file", long, long, "secret"]
      #expect(try run("/bin/dash", command).status == 0)
      let traces = [text.stop(), json.stop()]
      #expect(
        traces[0].lines.allSatisfy { $0.hasSuffix("xx\"...") && $0.utf8.count < 2500 },
        traces[0].description)
      for record in try traces[1].objects() {
        let args = record["args"] as? [String] ?? []
        #expect(record["args_truncated"] as? Bool == true, "\(record)")
        #expect(args.count == 6 && args[4] == long, "\(record)")
        let sum = args.reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(sum == 2048 && args[5].allSatisfy { $0 == "x" }, "\(sum)")
      }
    }
  }

  /// One process makes files in one directory after the other, each time with other arguments.
  private static let load = """
    import ctypes, os, sys
    def make(name): os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    top = sys.argv[1]
    make(top + "/0")
    os.chdir(top + "/a b"); make(top + "/1")
    os.rename(top + "/a b", top + "/c"); make(top + "/2")
    os.mkdir("sub"); os.chdir("sub"); os.rmdir("../sub"); make(top + "/3")
    os.chdir("/"); make(top + "/4")
    stat = open("/proc/self/stat").read().rsplit(")")[1].split()
    start, end = int(stat[45]), int(stat[46])
    title = b"worker: idle"
    ctypes.memset(start, 0, end - start); ctypes.memmove(start, title, len(title))
    make(top + "/5")
    """

  @Test("each call has those at the time of the call", arguments: [[], ["-S"]])
  func changes(kind: [String]) throws {
    try Scratch.directory { scratch in
      try makeDirectories("a b", in: scratch)
      let recorded = "\(scratch).recorded"
      defer { unlink(recorded) }
      let tracing = try Tracing(
        ["--args", "--cwd", "--json", "-f", "O", "--under", scratch, "--record", recorded] + kind)
      let command = ["python3", "-I", "-S", "-c", Self.load, scratch]
      let ended = try run("/usr/bin/env", command, in: "/var/tmp")
      #expect(ended.status == 0, "\(ended.errors)")
      let trace = tracing.stop()
      let places = [
        "/var/tmp", "\(scratch)/a b", "\(scratch)/c", "\(scratch)/c/sub (deleted)", "/", "/",
      ]
      let records = try trace.objects().filter { ($0["types"] as? String ?? "").contains("O") }
      #expect(records.count == places.count, trace.description)
      for (index, (record, place)) in zip(records, places).enumerated() {
        let raw = (record["args_raw"] as? [[UInt8]])?.map { String(decoding: $0, as: UTF8.self) }
        let args = record["args"] as? [String] ?? raw
        #expect(record["cwd"] as? String == place, "\(record)")
        // The command that starts Python may be a script, and have arguments of its own.
        #expect(
          index == 5
            ? args == ["worker: idle"] : args?.dropFirst() == command.dropFirst(), "\(record)")
      }
      let options = ["--args", "--cwd", "--json", "-f", "O", "--replay", recorded]
      let replay = try run(Built.bfatrace, options)
      #expect(replay.output == trace.output, "\(replay.text)\n\(replay.errors)")
      let bare = try run(Built.bfatrace, ["--json", "--replay", recorded])
      #expect(!bare.text.contains("cwd") && !bare.text.contains("args"), "\(bare.text)")
      let refused = try run(Built.bfatrace, ["--cgroup", "--replay", recorded])
      expectComplaint(refused, status: 1, ["--cgroup was not recorded"])
    }
  }

  @Test(
    "the close of a file when its process ends has them",
    arguments: [["--args"], ["--args", "--cwd", "--cgroup"]])
  func end(options: [String]) throws {
    try Scratch.directory { scratch in
      let tracing = try Tracing(options + ["--json", "-f", "C", "--under", scratch])
      let command = ["-c", "exec 3>\"$0\"; sleep 0.3; exit", "\(scratch)/file"]
      #expect(try run("/bin/dash", command, in: scratch).status == 0)
      let trace = tracing.stop()
      let record = try trace.objects().first { $0["comm"] as? String == "dash" }
      #expect(
        record?["args"] as? [String] ?? Self.raw(record) == ["/bin/dash"] + command,
        trace.description)
      #expect(record?["cwd"] as? String == (options.count > 1 ? scratch : nil), trace.description)
    }
  }

  private static func raw(_ record: [String: Any]?) -> [String] {
    (record?["args_raw"] as? [[UInt8]] ?? []).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("--disk refuses them", arguments: ["--args", "--cwd"])
  func refused(option: String) throws {
    expectComplaint(try run(Built.bfatrace, ["--disk", option]), status: 64, [option, "--disk"])
  }
}
