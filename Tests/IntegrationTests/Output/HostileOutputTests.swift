// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Names that try to forge lines or drive a terminal", .needsRoot)
struct HostileOutputTests {
  struct Name {
    var bytes: [UInt8]
    /// The name in lines of text.
    var text: String
    /// Whether JSON has it as a string.
    var isString = false

    init(_ bytes: String, _ text: String, isString: Bool = false) {
      self.init(Array(bytes.utf8), text, isString: isString)
    }

    init(_ bytes: [UInt8], _ text: String, isString: Bool = false) {
      (self.bytes, self.text, self.isString) = (bytes, text, isString)
    }
  }

  static let names = [
    Name("new\nline", #"new\012line"#),
    Name("a\nx(1): RO  ", #"a\012x(1): RO  "#),
    Name("clear\u{1b}[2J\u{1b}]0;title\u{7}", #"clear\033[2J\033]0;title\007"#),
    Name("return\r\t\u{7f}", #"return\015\011\177"#),
    Name("\"quoted\", \"pid\":1", #""quoted", "pid":1"#),
    Name(#"back\slash\012"#, #"back\134slash\134012"#),
    Name("C1 \u{9b}2J", #"C1 \302\2332J"#, isString: true),
    Name("end\u{2028}x(1): RO  ", #"end\342\200\250x(1): RO  "#, isString: true),
    Name("reverse\u{202e}fdp", #"reverse\342\200\256fdp"#, isString: true),
    Name("grüße 漢字 🙂", "grüße 漢字 🙂", isString: true),
    Name("x(1): RO  etc passwd", "x(1): RO  etc passwd", isString: true),
    Name("{\u{27}lost\u{27}:1}", "{'lost':1}", isString: true),
    Name([0x61, 0xff, 0x62], #"a\377b"#),
    Name([0xc0, 0xaf], #"\300\257"#),
    Name([0xed, 0xa0, 0x80], #"\355\240\200"#),
    Name([0xf4, 0x90, 0x80, 0x80], #"\364\220\200\200"#),
    Name([0xc3], #"\303"#),
  ]

  private func writeAll(in directory: String) throws {
    for name in Self.names { try Calls.write(Array("\(directory)/".utf8) + name.bytes) }
  }

  /// Whether there are control bytes other than newlines at the ends of lines.
  private func hasControlBytes(_ output: Data) -> Bool {
    output.contains { ($0 < 0x20 && $0 != 0x0a) || $0 == 0x7f }
  }

  /// Programs and options that print names.
  static let modes: [(program: String, options: [String])] = [
    (Built.bfatrace, []), (Built.bfatrace, ["--long"]), (Built.bfatrace, ["--syscalls"]),
    (Built.bfatrace, ["-ttueP"]), (Built.bfatrace, ["--summary"]), (Built.fatrace, []),
    (Built.fatrace, ["-tueP"]), (Built.bfatrace, ["-j"]), (Built.bfatrace, ["-jueP"]),
    (Built.bfatrace, ["-jS"]), (Built.bfatrace, ["-j", "--summary"]), (Built.fatrace, ["-j"]),
    (Built.fatrace, ["-jueP"]),
  ]

  @Test(
    "in no mode can names of files, processes and executables forge a line or drive a terminal",
    arguments: modes)
  func everywhere(program: String, options: [String]) throws {
    try Scratch.directory { directory in
      let shell = try Worker.shell(named: "x),(pid=1 \n\u{1b}\u{9b}\u{2028}", in: directory)
      let worker = try Worker(shell, launcher: ["sh", "-c", #"exec "$0""#])
      for comm in [#"x(1): R /\n\033\\""#, #"sh(1): W   /e"#, #")(1) [0:0]: "#, #"\302\233x\n\n"#] {
        try worker.run("printf '\(comm)' > /proc/$$/comm")
        let trace = try Trace.of(options + ["-d", directory], program: program) {
          for name in Self.names {
            let octal = name.bytes.map { String(format: "\\%03o", $0) }.joined()
            try worker.run("echo x > \"\(directory)/$(printf '\(octal)x')\"")
          }
          try worker.run("(echo x > \(directory)/by-child)")
        }
        check(trace, worker: worker, isJSON: options.first?.contains("j") == true)
      }
    }
  }

  @Test(
    "nor in lines and tables of requests to disks", .needsLoopDevices,
    arguments: [
      ["--disk"], ["-j", "--disk"], ["--disk", "--summary"], ["-j", "--disk", "--summary"],
    ])
  func disks(options: [String]) throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      let shell = try Worker.shell(named: "x),(pid=1 \n\u{1b}\u{9b}\u{2028}", in: directory)
      let worker = try Worker(shell, launcher: ["sh", "-c", #"exec "$0""#])
      try worker.run(#"printf 'x(1): R /\n\033\\' > /proc/$$/comm"#)
      let trace = try Trace.of(options + ["--device", image.device]) {
        for name in Self.names {
          let octal = name.bytes.map { String(format: "\\%03o", $0) }.joined()
          try worker.run("echo x > \"\(image.mountPoint)/$(printf '\(octal)x')\"")
        }
        try worker.run("sync -f \(image.mountPoint)")
      }
      check(trace, worker: worker, isJSON: options.contains("-j"))
    }
  }

  private func check(_ trace: Trace, worker: Worker, isJSON: Bool) {
    #expect(
      !hasControlBytes(trace.output) && !trace.ended.errors.contains("\u{1b}"), trace.description)
    let text = String(decoding: trace.output, as: UTF8.self)
    #expect(!text.unicodeScalars.contains { (0x80..<0xa0).contains($0.value) }, trace.description)
    #expect(trace.lines.count > Self.names.count, trace.description)
    // The table of --summary follows an empty line, and has no lines of accesses.
    let accesses = text.components(separatedBy: "\n\n")[0]
    // Split text at every character that a reader may take for the end of a line.
    let lines =
      isJSON ? accesses.split(separator: "\n") : accesses.split(whereSeparator: \.isNewline)
    for line in lines {
      if isJSON {
        #expect((try? StrictJSON.object(line.utf8)) != nil, "\(line)")
      } else {
        let first = line.firstMatch(of: #/\(([0-9]+)\)( \[[0-9:]+\])?: /#)
        #expect(first.map { $0.1 != "1" } == true, "\(line)")
      }
    }
  }

  @Test(
    "messages show no control character of an argument",
    arguments: [
      ["-d", "/\u{1b}]0;x\u{7}"], ["--under", "/\n\u{9b}2J"], ["--\u{1b}[2J"], ["-f", "\u{1b}"],
      ["-\u{1b}"],
      ["-o", "/none/\u{1b}[2J\n", "-s", "1"], ["-s", "\u{1b}[2J"], ["-p", "\r\u{1b}"],
      ["/\u{1b}[2J"],
      ["-C", "a-long-name-of-\u{1b}[2J", "-s", "0"], ["--current-mount=\u{1b}[2J"],
      ["-d", "/\u{202e}\u{2028}\u{2066}x"], ["--\u{202e}"],
    ])
  func messages(arguments: [String]) throws {
    for program in [Built.bfatrace, Built.fatrace] {
      let ended = try run("/usr/bin/timeout", ["-s", "KILL", "30", program] + arguments)
      #expect(ended.status != 0 && !ended.errors.isEmpty, "\(ended)")
      #expect(!hasControlBytes(Data(ended.errors.utf8)), "\(ended)")
      let escaped: [ClosedRange<UInt32>] = [0x80...0x9f, 0x2028...0x202e, 0x2066...0x2069]
      #expect(
        !ended.errors.unicodeScalars.contains { scalar in
          escaped.contains { $0.contains(scalar.value) }
        }, "\(ended)")
      let name = program == Built.fatrace ? "fatrace: " : "bfatrace: "
      #expect(ended.errors.split(separator: "\n").allSatisfy { $0.hasPrefix(name) }, "\(ended)")
    }
  }

  @Test("text has them escaped, one line each")
  func text() throws {
    try Scratch.directory { directory in
      let trace = try Trace.of(["--filter", "O", "--under", directory]) {
        try writeAll(in: directory)
      }
      #expect(!hasControlBytes(trace.output), trace.description)
      #expect(trace.lines.count == Self.names.count, trace.description)
      for (line, name) in zip(trace.lines, Self.names) {
        #expect(line.hasSuffix(" \(directory)/\(name.text)"), trace.description)
        #expect(line.contains("(\(getpid())): "), trace.description)
      }
    }
  }

  @Test("JSON keeps every byte, and strict parsers accept it")
  func json() throws {
    try Scratch.directory { directory in
      let trace = try Trace.of(["--json", "--filter", "O", "--under", directory]) {
        try writeAll(in: directory)
      }
      #expect(!hasControlBytes(trace.output), trace.description)
      #expect(trace.lines.count == Self.names.count, trace.description)
      for (line, name) in zip(trace.lines, Self.names) {
        let path = Array("\(directory)/".utf8) + name.bytes
        let object = try StrictJSON.object(line.utf8)
        if name.isString {
          #expect(object["path"] == .string(String(decoding: path, as: UTF8.self)), "\(line)")
        } else {
          #expect(object["path_raw"] == .array(path.map { .number("\($0)") }), "\(line)")
        }
      }
      try checkParsers(trace, in: directory)
    }
  }

  /// Expects that jq and Python read the same bytes.
  private func checkParsers(_ trace: Trace, in directory: String) throws {
    let prefix = Array("\(directory)/".utf8)
    let paths = Self.names.map { name in
      (prefix + name.bytes).map { String(format: "%02x", $0) }.joined()
    }
    let file = "\(directory)/lines"
    try trace.output.write(to: URL(filePath: file))
    let python = try run("/usr/bin/env", ["python3", "-c", Self.strictPython, file])
    #expect(python.text.split(separator: "\n").map(String.init) == paths, "\(python.errors)")
    let jq = try run("/usr/bin/env", ["jq", "-c", ".path_raw // (.path | length)", file])
    #expect(jq.status == 0 && jq.errors.isEmpty, "\(jq.errors)")
    #expect(jq.text.split(separator: "\n").count == paths.count, "\(jq.text)")
  }

  private static let strictPython = """
    import json, sys
    def unique(pairs):
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)
    for line in open(sys.argv[1], "rb"):
        record = json.loads(line.decode(), object_pairs_hook=unique)
        assert ("path" in record) != ("path_raw" in record), record
        path = record["path"].encode() if "path" in record else bytes(record["path_raw"])
        print(path.hex())
    """

  @Test("a process name is escaped as well")
  func comm() throws {
    try Scratch.directory { directory in
      let worker = try Worker()
      try worker.run(#"printf 'x(1): R /\n\033\\"' > /proc/$$/comm"#)
      for options in [[], ["--json"]] {
        let trace = try Trace.of(["--filter", "O", "--under", directory] + options) {
          try worker.run(": > \(directory)/file")
        }
        #expect(trace.lines.count == 1 && !hasControlBytes(trace.output), trace.description)
        let line = try #require(trace.lines.first)
        if options.isEmpty {
          #expect(
            line.hasPrefix(#"x\0501): R /\012\033\134"(\#(worker.pid)): "#), trace.description)
        } else {
          let bytes = "x(1): R /\n\u{1b}\\\"".utf8.map { StrictJSON.Value.number("\($0)") }
          #expect(try StrictJSON.object(line.utf8)["comm_raw"] == .array(bytes), trace.description)
        }
      }
    }
  }
}
