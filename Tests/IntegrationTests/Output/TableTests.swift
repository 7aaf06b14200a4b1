// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--by, --sort, --rows, --every", .needsRoot)
struct TableTests {
  /// Two users write and read files of known sizes in three directories.
  private static let load = """
    import os
    os.umask(0)
    os.chmod(".", 0o711)
    for d in "abc": os.mkdir(d, 0o777)
    for uid in 0, 12345:
      child = os.fork()
      if child == 0:
        os.setuid(uid)
        for i, d in enumerate("abc"):
          for n in range(4):
            f = os.open(f"{d}/{uid}.{n}", os.O_RDWR | os.O_CREAT, 0o666)
            os.write(f, b"x" * (1000 * (i + 1) + n))
            os.lseek(f, 0, 0)
            os.read(f, 500)
            os.close(f)
        os._exit(0)
      os.waitpid(child, 0)
    """
  /// The bytes written in each directory by each user.
  private static let bytesOfDirectory = ["a": 4006, "b": 8006, "c": 12006]
  private static let total = [
    "opens": 24, "failed_opens": 0, "reads": 24, "read_bytes": 12_000, "writes": 24,
    "write_bytes": 48_036,
  ]

  private func traced(_ options: [String], in directory: String) throws -> Trace {
    let command = ["--", "python3", "-I", "-S", "-c", Self.load]
    return try Tracing(options + ["--under", directory] + command, in: directory).end()
  }

  private func writeBytes(_ rows: [[String: Any]], by key: String) -> [String: Int] {
    Dictionary(grouping: rows) { $0[key].map { "\($0)" } ?? "" }
      .mapValues { $0.reduce(0) { $0 + ($1["write_bytes"] as? Int ?? 0) } }
  }

  @Test(
    "rows add up to the total, and to what the load did, whatever the rows are",
    arguments: [
      "process", "comm", "exe", "file", "dir", "dir:2", "user", "device", "user,dir", "file,user",
      "process,dir,user",
    ])
  func sums(keys: String) throws {
    try Scratch.directory { directory in
      let trace = try traced(["--json", "--by", keys], in: directory)
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
      for line in trace.output.split(separator: UInt8(ascii: "\n")) {
        _ = try StrictJSON.object(line)
      }
      let objects = try trace.objects()
      let totals = objects.filter { $0["total"] as? Bool == true }
      let rows = objects.filter { $0["total"] == nil }
      for (key, value) in Self.total {
        #expect(totals.map { $0[key] as? Int } == [value], "\(key)\n\(trace.description)")
        #expect(
          rows.reduce(0) { $0 + ($1[key] as? Int ?? 0) } == value, "\(key)\n\(trace.description)")
      }
    }
  }

  @Test("bytes of files, directories and users are those that were written")
  func known() throws {
    try Scratch.directory { directory in
      let trace = try traced(["--json", "--by", "file,dir,user"], in: directory)
      let rows = try trace.objects().filter { $0["total"] == nil }
      let ofDirectories = writeBytes(rows, by: "dir").filter { $0.value > 0 }
      let expected = Self.bytesOfDirectory.map { ("\(directory)/\($0.key)", 2 * $0.value) }
      #expect(
        ofDirectories == Dictionary(uniqueKeysWithValues: expected), trace.description)
      let ofUsers = writeBytes(rows, by: "uid").filter { $0.value > 0 }
      #expect(ofUsers == ["0": 24_018, "12345": 24_018], trace.description)
      let ofFile = writeBytes(rows, by: "path")["\(directory)/b/12345.3"]
      #expect(ofFile == 2003, trace.description)
      let users = Set(rows.compactMap { $0["user"] as? String })
      #expect(users == ["root"], trace.description)
    }
  }

  @Test("text has the same numbers, the largest first, and a row for all others")
  func text() throws {
    try Scratch.directory { directory in
      let trace = try traced(["--by", "dir", "--rows", "2", "--sort", "WBYTES"], in: directory)
      let lines = trace.lines.map { $0.split(separator: " ").map(String.init) }
      #expect(
        lines.first == [
          "OPENS", "FAILED", "READS", "RBYTES", "WRITES", "WBYTES", "FILES", "DIRECTORY",
        ], trace.description)
      #expect(
        lines.dropFirst().map { [$0[5], $0[7]] } == [
          ["48036", "(all)"], ["24012", "\(directory)/c"], ["16012", "\(directory)/b"],
          ["8012", "(others)"],
        ], trace.description)
    }
  }

  @Test("--by call,file counts calls and errors as strace -c does")
  func calls() throws {
    try Scratch.directory { directory in
      let program = ["sh", "-c", "cat missing; cat /etc/hostname /etc/passwd > list"]
      _ = try run("/usr/bin/env", program, in: directory)
      let names = "open,openat,openat2,creat,read,pread64,write"
      let line = ["strace", "-f", "-c", "-e", "trace=\(names)", "-o", "\(directory)/log"] + program
      _ = try run("/usr/bin/env", line, in: directory)
      let log = try String(contentsOfFile: "\(directory)/log", encoding: .utf8)
      let trace = try Tracing(
        ["--json", "--by", "call", "--all", "--sort", "calls", "--"] + program, in: directory
      ).end()
      let rows = try trace.objects().filter { $0["total"] == nil }
      for name in ["openat", "read"] {
        let row = try #require(rows.first { $0["syscall"] as? String == name }, trace.description)
        let cells = log.split(separator: "\n").map { $0.split(separator: " ") }
          .first { $0.last.map(String.init) == name }
        let errors = cells?.count == 6 ? Int(cells?[4] ?? "") : 0
        #expect(row["calls"] as? Int == cells.flatMap { Int($0[3]) }, "\(log)\(trace.description)")
        #expect(row["errors"] as? Int == errors, "\(log)\(trace.description)")
        let (time, longest) = (row["time_ns"] as? Int ?? 0, row["longest_ns"] as? Int ?? 0)
        #expect(0 < longest && longest <= time, trace.description)
      }
    }
  }

  @Test("each interval has its own table, and the tables add up to the last one")
  func intervals() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(
        ["--json", "--every", "0.2", "--by", "file", "--under", directory])
      for round in 1...3 {
        try Calls.write("\(directory)/file")
        try waitUntil("table \(round)") {
          String(decoding: tracing.outputSoFar, as: UTF8.self)
            .matches(of: #/"interval":[0-9.]+,"path":"[^"]*\/file"/#).count >= round
        }
      }
      let trace = tracing.stop()
      #expect(trace.ended.status == 0, trace.description)
      let rows = try trace.objects().filter { ($0["path"] as? String)?.hasSuffix("/file") == true }
      let ofIntervals = rows.filter { $0["interval"] != nil }
      let last = try #require(rows.last, trace.description)
      #expect(last["interval"] == nil && rows.allSatisfy { $0["timestamp"] is Double })
      for key in ["opens", "writes", "write_bytes"] {
        let sum = ofIntervals.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
        #expect(sum > 0 && last[key] as? Int == sum, trace.description)
      }
      #expect(ofIntervals.count == 3, trace.description)
    }
  }

  @Test(
    "wrong values are refused with the remedy",
    arguments: [
      (["--by", "colour"], ["--by", "colour", "process", "dir:N"]),
      (["--by", "file,"], ["--by", "dir:N"]), (["--by", "dir:0"], ["--by", "dir:2"]),
      (["--by", "file,dir,user,comm"], ["--by", "three"]),
      (["--by", "file,file"], ["--by", "once"]),
      (["--by", "file", "--sort", "age"], ["--sort", "age", "wbytes"]),
      (["--disk", "--sort", "opens"], ["--sort", "opens", "handed"]),
      (["--rows", "0"], ["--rows", "above 0"]), (["--rows", "x"], ["--rows", "above 0"]),
      (["--every", "0"], ["--every", "above 0"]),
      (["--by", "file", "-n", "3"], ["--by", "--seconds"]),
      (["--disk", "--by", "call"], ["--disk", "call"]),
      (["--disk", "--by", "exe"], ["--disk", "exe"]),
    ])
  func usage(options: [String], words: [String]) throws {
    expectComplaint(try run(Built.bfatrace, options), status: 64, words)
  }
}
