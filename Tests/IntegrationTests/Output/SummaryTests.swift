// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--summary", .needsRoot)
struct SummaryTests {
  /// Opens files that exist and files that do not, reads and writes.
  private static let load = """
    import os
    for i in range(3):
      try: os.open(f"missing{i}", os.O_RDONLY)
      except OSError: pass
    try: os.open("/nonexistent/elsewhere", os.O_RDONLY)
    except OSError: pass
    out = os.open("out", os.O_WRONLY | os.O_CREAT)
    for i in range(100): os.write(out, b"x" * 50)
    os.close(out)
    for i in range(2):
      file = os.open("out", os.O_RDONLY)
      while os.read(file, 1000): pass
      os.close(file)
    os.mkdir("made")
    os.open("more", os.O_WRONLY | os.O_CREAT)
    """
  /// The sums of that load below its directory, whose own entry counts as a file, too.
  private static let row = [
    "opens": 4, "failed_opens": 3, "reads": 12, "read_bytes": 10_000, "writes": 100,
    "write_bytes": 5000, "files": 3,
  ]

  private func traced(_ options: [String], in directory: String) throws -> Trace {
    let command = ["--", "python3", "-I", "-S", "-c", Self.load]
    return try Tracing(options + ["--under", directory] + command, in: directory).end()
  }

  @Test(
    "counts exactly, with merged lines, with calls and without lines",
    arguments: [["--summary"], ["--summary-only"], ["--summary", "-S"], ["--summary-only", "-S"]])
  func counts(options: [String]) throws {
    try Scratch.directory { directory in
      let trace = try traced(["--json"] + options, in: directory)
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
      for line in trace.output.split(separator: UInt8(ascii: "\n")) {
        _ = try StrictJSON.object(line)
      }
      let objects = try trace.objects()
      let rows = objects.filter { $0["files"] != nil }
      // `python3` may be a script that starts Python, and may look at the directory.
      let isPython = { (row: [String: Any]) in (row["comm"] as? String ?? "").hasPrefix("python3") }
      let row = try #require(rows.first(where: isPython), trace.description)
      for (key, value) in Self.row { #expect(row[key] as? Int == value, trace.description) }
      // The rows come last. Merged lines have no failed calls.
      #expect(objects.last?["files"] != nil, trace.description)
      #expect((objects.count > 1) == (options[0] == "--summary"), trace.description)
      let failed = objects.filter { $0["errno"] != nil }.count
      #expect(failed == (options == ["--summary", "-S"] ? 3 : 0), trace.description)
    }
  }

  @Test("is a table in text, after the lines and an empty line")
  func table() throws {
    try Scratch.directory { directory in
      let command = ["--", "python3", "-I", "-S", "-c", Self.load]
      let ended = try run(
        Built.bfatrace, ["--summary", "--under", directory] + command, in: directory)
      let lines = ended.text.split(separator: "\n", omittingEmptySubsequences: false)
      let count = lines.count
      try #require(ended.status == 0 && count > 5 && lines[count - 4].isEmpty, "\(ended.text)")
      #expect(
        lines[count - 3].split(separator: " ") == [
          "PID", "OPENS", "FAILED", "READS", "RBYTES", "WRITES", "WBYTES", "FILES", "COMM",
        ], "\(ended.text)")
      let cells = lines[count - 2].split(separator: " ")
      #expect(
        cells.dropFirst().prefix(7) == ["4", "3", "12", "10000", "100", "5000", "3"],
        "\(ended.text)")
    }
  }

  @Test(
    "counts failed opens if opens are wanted, in the place that is traced", arguments: ["O", "W"])
  func filtered(types: String) throws {
    try Scratch.directory { directory in
      let trace = try traced(["--json", "--summary-only", "-f", types], in: directory)
      let failed = try trace.objects().map { $0["failed_opens"] as? Int }
      #expect(failed == [types == "O" ? 3 : 0], trace.description)
    }
  }

  @Test(
    "comes at each kind of end", arguments: [["-s", "0.3"], ["SIGINT"], ["SIGTERM"], ["-n", "1"]])
  func ends(how: [String]) throws {
    try Scratch.directory { directory in
      let ends = how.count == 2
      let tracing = try Tracing(["--summary", "--under", directory] + (ends ? how : []))
      try Calls.write("\(directory)/file")
      if how[0] == "-n" { try Calls.write("\(directory)/other") }
      let trace =
        ends ? try tracing.end() : tracing.stop(how[0] == "SIGINT" ? SIGINT : SIGTERM)
      #expect(trace.ended.status == 0, trace.description)
      #expect(trace.lines.dropLast().last?.contains("FILES") == true, trace.description)
      #expect(
        trace.lines.last?.contains(" \(getpid())  ") == true
          || trace.lines.last?.hasPrefix("\(getpid())  ") == true, trace.description)
    }
  }

  @Test(
    "is the sum of the lines, process by process",
    arguments: ["basic", "failed", "threads", "fork", "exec", "rename"])
  func sums(scenario: String) throws {
    try Scratch.directory { directory in
      let load = "\(directory)/load"
      try makeDirectories("load", in: directory)
      let trace = try Tracing([
        "--json", "--summary", "--under", load, "--", Built.fileload, scenario, load,
        "\(directory)/truth",
      ]).end()
      #expect(trace.ended.status == 0, "\(trace.ended)")
      let objects = try trace.objects()
      let rows = objects.filter { $0["failed_opens"] != nil }
      let lines = Dictionary(grouping: objects.filter { $0["failed_opens"] == nil }) {
        $0["pid"] as? Int
      }
      #expect(!rows.isEmpty)
      for row in rows {
        let ofProcess = lines[row["pid"] as? Int] ?? []
        for key in ["opens", "reads", "read_bytes", "writes", "write_bytes"] {
          let sum = ofProcess.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
          #expect(row[key] as? Int == sum, "\(key) of \(row)")
        }
        let files = Set(
          ofProcess.map { line in
            let device = line["device"] as? [String: Int]
            return [device?["major"], device?["minor"], line["inode"] as? Int]
          })
        #expect(row["files"] as? Int == files.count, "\(row)")
      }
      #expect(Set(rows.map { $0["pid"] as? Int }).isSuperset(of: lines.keys))
    }
  }

  @Test("counts opens and failed opens as strace does", arguments: [[], ["-S"]])
  func strace(options: [String]) throws {
    try Scratch.directory { directory in
      let program = [
        "sh", "-c", "python3 -c 'import json'; cat missing; ls /proc/self /dev > list",
      ]
      let log = "\(directory)/log"
      let names = "open,openat,openat2,creat"
      let line = ["strace", "-f", "-qq", "-e", "trace=\(names)", "-o", log] + program
      // Run it once before: Python keeps what it compiles.
      for _ in 0..<2 { _ = try run("/usr/bin/env", line, in: directory) }
      let calls = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
      let failed = calls.filter { $0.contains(" = -1 E") }.count
      let trace = try Tracing(
        ["--json", "--summary-only", "--all"] + options + ["--"] + program, in: directory
      ).end()
      let rows = try trace.objects()
      let sum = { (key: String) in rows.reduce(0) { $0 + ($1[key] as? Int ?? 0) } }
      #expect(failed > 10 && sum("failed_opens") == failed, trace.description)
      #expect(sum("opens") == calls.filter { $0.contains(/= \d/) }.count, trace.description)
    }
  }

  @Test(
    "counts failed opens by io_uring",
    arguments: ["io_uring-openat-missing", "io_uring-openat-missing-sqpoll"])
  func failedRequests(way: String) throws {
    try Scratch.directory { directory in
      try makeDirectories("ways", in: directory)
      let script = "echo go | \(Built.fileways) \(directory)/ways \(way)"
      let trace = try Tracing([
        "--json", "--summary-only", "--under", "\(directory)/ways", "--", "sh", "-c", script,
      ]).end()
      let failed = try trace.objects().map { $0["failed_opens"] as? Int ?? 0 }.reduce(0, +)
      #expect(failed == 1, trace.description)
    }
  }

  @Test("has two rows for two processes with the same pid", .needsNamespaces)
  func reusedNumber() throws {
    try Scratch.directory { directory in
      try makeDirectories("traced", in: directory)
      let namespace = try PidNamespace(files: directory)
      let trace = try namespace.trace([
        "--json", "--summary-only", "--under", "\(directory)/traced",
      ]) {
        // The next process gets the pid after this one.
        try namespace.shell.run(
          """
          echo 300 > /proc/sys/kernel/ns_last_pid; sh -c 'echo first > \(directory)/traced/1'
          echo 300 > /proc/sys/kernel/ns_last_pid; sh -c 'echo 2nd > \(directory)/traced/2'
          """)
      }
      let rows = try trace.objects()
      #expect(rows.map { $0["pid"] as? Int } == [301, 301], trace.description)
      #expect(rows.map { $0["write_bytes"] as? Int } == [6, 4], trace.description)
    }
  }

  @Test("refuses -n with --summary-only, which has no lines to count")
  func usage() throws {
    let ended = try run(Built.bfatrace, ["--summary-only", "-n", "3"])
    expectComplaint(ended, status: 64, ["--summary-only", "--count", "--seconds"])
  }
}
