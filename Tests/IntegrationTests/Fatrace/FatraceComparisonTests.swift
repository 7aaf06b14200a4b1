// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

private let debianFatrace = "/usr/sbin/fatrace"

extension Trait where Self == ConditionTrait {
  /// Skips a test where the package fatrace is missing.
  static var needsFatrace: Self {
    .enabled(
      if: mayTrace && access(debianFatrace, X_OK) == 0,
      "needs root, and the package fatrace: .ci/setup test")
  }
}

@Suite("Beside fatrace", .needsFatrace, .serialized)
struct FatraceComparisonTests {
  /// A file, how it was touched, and by which process.
  private struct Access: Hashable, CustomStringConvertible {
    var pid: String
    var path: String
    var letter: Character

    var description: String { "\(path) \(letter) by \(pid)" }
  }

  /// Commands that a shell of their own runs. The next one waits until both tracers have caught up:
  /// fatrace looks the path up when it reads an event, so a file must keep its name until then.
  private static let steps = [
    "echo one > created", "cat created", "echo two >> created", "mkdir d e", "mv created renamed",
    "mv renamed d/moved", "mv -T d f", "ln f/moved link", "ln -s link soft", "cat soft", "rm link",
    ": > empty", "cat empty", "truncate -s 10 empty", "echo short > empty",
    "cp /bin/cat a-command-with-a-long-name", "./a-command-with-a-long-name f/moved",
    "echo one > \"$(printf 'brk\\nline')\"", "echo x > \"$(printf 'esc\\033[2J')\"",
    "echo x > \"$(printf 'not\\377utf8')\"", "echo x > 'back\\slash'", "echo x > 'with space'",
    "echo x > 'x(1): W   y'", "echo x > 'grüße'", "ls f", "rmdir e",
    "dd if=/dev/zero of=blocks bs=4k count=3", "dd if=blocks of=/dev/null bs=4k", "cp blocks copy",
    "exec 3< blocks; read x <&3", "printf '#!/bin/sh\\necho hi\\n' > script; chmod +x script",
    "echo x | tee one two", "mkfifo fifo; mknod node c 1 3; echo x > node", "sync blocks",
    "tar cf archive one two", "touch one new", "(echo a; echo b) > twice",
    "setpriv --reuid 65534 --clear-groups sh -c 'echo x > nobody; cat nobody'",
    "exec 3> inherited; cat two >&3", "touch -h -m -d 2020-01-01 one",
    "touch -h -a -d 2020-01-01 two",
    "touch -h -d 2020-01-01 copy", "dd if=/dev/zero of=left bs=64k count=1",
    "cp left right; sync left right",
    exchange,
  ]

  /// EXT4_IOC_MOVE_EXT: fanotify does not tell of it, but of closing what is open for writing.
  private static let exchange = """
    python3 -S -c 'import fcntl, struct
    left, right = open("left", "r+"), open("right", "r+")
    fcntl.ioctl(left, 0xc028660f, struct.pack("=IIQQQQ", 0, right.fileno(), 0, 0, 4, 0))'
    """

  /// Ends of names that fatrace prints unescaped; of a name with a newline, it prints the part
  /// before it.
  private static let escaped = [
    ("/brk", #"/brk\012line"#), ("esc\u{1b}[2J", #"esc\033[2J"#),
    ("not\u{ff}utf8", #"not\377utf8"#), (#"back\slash"#, #"back\134slash"#),
  ]

  /// Accesses that only one of both shows, as man/fatrace.8 explains.
  private static let here: Set = ["/empty R", "/inherited C"]
  private static let there: Set = ["/a-command-with-a-long-name C"]

  /// The lines about files below the directory, with escapes; other processes have many other
  /// lines.
  private func lines(_ tracing: Tracing, in directory: String) throws -> [String] {
    let found = try run("/bin/grep", ["-aF", " \(directory)", tracing.output]).output
    // Take bytes as characters: names need not be UTF-8.
    let text = String(data: found, encoding: .isoLatin1) ?? ""
    return text.split(separator: "\n").filter { !$0.contains("/mark.") }.map { line in
      for (raw, escaped) in Self.escaped where line.hasSuffix(raw) {
        return line.dropLast(raw.count) + escaped
      }
      return String(line)
    }
  }

  private func accesses(_ lines: [String], in directory: String) throws -> Set<Access> {
    var accesses: Set<Access> = []
    for line in lines {
      let parts = try #require(
        line.wholeMatch(of: /.*?\(([0-9]+)\): ([RCWO+D<>]+) +(.*)/), "\(line)")
      let path = String(parts.3.dropFirst(directory.count))
      for letter in parts.2 where path != "" || "+D<>".contains(letter) {
        accesses.insert(Access(pid: String(parts.1), path: path, letter: letter))
      }
    }
    return accesses
  }

  /// Runs the steps beside both tracers, on a file system of their own, and passes the lines of
  /// both to the body.
  private func compare(
    _ options: [String], _ body: (String, [String], [String]) throws -> Void
  ) throws {
    try Scratch.ownFileSystem { try compare(options, Self.steps, in: $0, body) }
  }

  /// fatrace opens every file that it shows, so no other test may use the file system of the
  /// directory.
  private func compare(
    _ options: [String], _ steps: [String], in directory: String,
    _ body: (String, [String], [String]) throws -> Void
  ) throws {
    chmod(directory, 0o777)
    let theirs = try Tracing(["-c"] + options, in: directory, program: debianFatrace)
    let ours = try Tracing(
      ["-c", "-p", "\(theirs.pid)"] + options, in: directory, program: Built.fatrace)
    for (number, step) in steps.enumerated() {
      _ = try run("/bin/sh", ["-c", step], in: directory)
      let mark = "\(directory)/mark.\(number)."
      try Calls.write(mark)
      for tracing in [theirs, ours] {
        try waitUntil("\(tracing.running.process.arguments ?? []) has seen \(step)") {
          (try? run("/bin/grep", ["-aqF", mark, tracing.output]))?.status == 0
        }
      }
    }
    _ = (theirs.stop(), ours.stop())
    // fatrace traces bfatrace, too: drop those lines.
    let tracer = "(\(ours.pid)): "
    let there = try lines(theirs, in: directory).filter { !$0.contains(tracer) }
    let here = try lines(ours, in: directory)
    try body(directory, there, here)
  }

  @Test("the same processes touch the same files in the same way")
  func sets() throws {
    try compare([]) { directory, theirs, ours in
      let there = try accesses(theirs, in: directory)
      let here = try accesses(ours, in: directory)
      #expect(there.count > 100)
      let name = { (access: Access) in "\(access.path) \(access.letter)" }
      let onlyHere = here.subtracting(there).filter { !Self.here.contains(name($0)) }
      let onlyThere = there.subtracting(here).filter { !Self.there.contains(name($0)) }
      #expect(onlyHere.isEmpty && onlyThere.isEmpty, "here: \(onlyHere)\nthere: \(onlyThere)")
      // The differences that the manual explains are there.
      #expect(Set(here.subtracting(there).map(name)).isSuperset(of: Self.here))
      #expect(Set(there.subtracting(here).map(name)).isSuperset(of: Self.there))
    }
  }

  /// Requests of ioctl: BTRFS_IOC_SUBVOL_CREATE, SNAP_CREATE_V2, SNAP_DESTROY, FICLONE,
  /// FS_IOC_ZERO_RANGE, FS_IOC_RESVSP64 and FIDEDUPERANGE.
  private static let requests =
    [
      "btrfs subvolume create a", "mkdir d", "btrfs subvolume create d/inner",
      "btrfs subvolume snapshot a b", "btrfs subvolume snapshot -r a d/c",
      "btrfs subvolume snapshot a d", "mv a moved", "touch b/file",
      "btrfs subvolume delete d/a", "btrfs subvolume delete d/c b", "rmdir d/inner",
      "btrfs subvolume create removed", "rm -r removed", "btrfs subvolume create d",
      "head -c 100000 /dev/zero > source", "cp --reflink=always source clone",
    ]
    + ["0x40305839", "0x4030582a"].map { number in
      """
      python3 -S -c 'import fcntl, struct
      fcntl.ioctl(open("clone", "r+"), \(number), struct.pack("hhqqiI16x", 0, 0, 4096, 8192, 0, 0))'
      """
    } + [
      "cp --reflink=never source twin; sync source twin",
      """
      python3 -S -c 'import fcntl, struct
      twin = open("twin")
      request = struct.pack("=QQHHI qQQiI", 0, 65536, 1, 0, 0, twin.fileno(), 0, 0, 0, 0)
      fcntl.ioctl(open("source"), 0xc0189436, request)'
      """,
    ]

  @Test("requests of ioctl that make, change and remove files are shown by both", .needsLoopDevices)
  func requests() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .btrfs)
      try image.mount()
      try compare([], Self.requests, in: image.mountPoint) { directory, theirs, ours in
        // A file that was opened in order to be removed is gone when fatrace looks for its name.
        func shown(_ lines: [String]) throws -> Set<Access> {
          try accesses(lines, in: directory).filter {
            "+D<>".contains($0.letter) || ["/clone", "/twin"].contains($0.path)
          }
        }
        let (there, here) = (try shown(theirs), try shown(ours))
        #expect(there.count > 20, "\(theirs)")
        #expect(there.contains { $0.path == "/clone" && $0.letter == "W" }, "\(theirs)")
        // FIDEDUPERANGE, of which fanotify does not tell (man/fatrace.8).
        let more = here.subtracting(there)
        #expect(
          more.map { "\($0.path) \($0.letter)" } == ["/twin R"] && there.isSubset(of: here),
          "here: \(more)\nthere: \(there.subtracting(here))")
      }
    }
  }

  /// Reads lines as power-usage-report and similar programs do: a time, a name without spaces, a
  /// path.
  private static let reader = """
    import re, sys
    event = re.compile(r"(\\d+\\.\\d+) (\\S+)\\((\\d+)\\): ([A-Z+<>]+) +(.+)$")
    seen = set()
    for line in open(sys.argv[1], encoding="UTF-8", errors="ignore").read().splitlines():
        match = event.match(line)
        if not match:
            sys.exit("cannot read " + line)
        if match[5].startswith(sys.argv[2]):
            seen.add(match[3] + " " + match[5])
    print("\\n".join(sorted(seen)))
    """

  @Test("a program that reads lines finds the same in both")
  func readers() throws {
    try compare(["-tt"]) { directory, theirs, ours in
      var seen: [Set<Substring>] = []
      for lines in [theirs, ours] {
        let file = "\(directory)/lines"
        try lines.joined(separator: "\n").write(
          toFile: file, atomically: true, encoding: .isoLatin1)
        let read = try run(
          "/usr/bin/env", ["python3", "-I", "-c", Self.reader, file, directory + "/"])
        #expect(read.status == 0 && read.errors.isEmpty, "\(read.errors)")
        seen.append(Set(read.text.split(separator: "\n")))
      }
      #expect(seen[0].count > 30 && seen[0] == seen[1], "\(seen[0].symmetricDifference(seen[1]))")
    }
  }

  /// Stands for powertop(8), which the test does not need.
  private static let powertop = """
    #!/bin/sh
    for part in 'overview of software power consumers' 'device power report' 'process device activity'; do
      printf '%s\\n\\nnone\\n\\n' "$part"
    done > "${1#--csv=}"
    sleep "${2#--time=}"
    """

  @Test("power-usage-report, which calls fatrace, reports what was written")
  func powerUsageReport() throws {
    try Scratch.directory { directory in
      let report = try String(contentsOfFile: "/usr/sbin/power-usage-report", encoding: .utf8)
      #expect(report.contains("\nDURATION = 60\n"))
      try report.replacing("\nDURATION = 60\n", with: "\nDURATION = 2\n").write(
        toFile: "\(directory)/report", atomically: true, encoding: .utf8)
      try Self.powertop.write(
        toFile: "\(directory)/powertop", atomically: true, encoding: .utf8)
      chmod("\(directory)/powertop", 0o755)
      let path =
        "PATH=\(directory):\((Built.fatrace as NSString).deletingLastPathComponent):/usr/bin:/bin"
      let running = try Running(
        "/usr/bin/env", [path, "python3", "-W", "ignore", "\(directory)/report"])
      while running.process.isRunning {
        try Calls.write("\(directory)/written")
        usleep(10_000)
      }
      let ended = running.wait()
      #expect(ended.status == 0, "\(ended)")
      let line = "\(directory)/written: "
      #expect(ended.text.contains(/======= \S+: \d+ file access events ======/), "\(ended)")
      let found = ended.text.split(separator: "\n").filter { $0.hasPrefix(line) }
      #expect(found.contains { $0.contains(/: \d+ writes$/) }, "\(ended)")
    }
  }

  @Test("the same arguments end both with the same status")
  func statuses() throws {
    try Scratch.ownFileSystem { directory in
      for arguments in [
        "-t -t -t", "-s 0", "-s 0.5", "-s x", "-p 0", "-p 1,2", "-f X", "-q", "--none", "-o",
        "--current-mount=1", "-c -s 1 -o /etc/passwd", "-h", "--help", "-c -s 1", "-c --sec 1",
        "-cts1 -f RW", "-c -s 1 -fd", "-c -s 1 -p 1 -p 2 -C none",
      ] {
        let statuses = try [debianFatrace, Built.fatrace].map { program in
          let words = arguments.split(separator: " ").map(String.init)
          return try run("/usr/bin/timeout", ["-s", "KILL", "30", program] + words, in: directory)
            .status
        }
        #expect(statuses[0] == statuses[1], "\(arguments): \(statuses)")
      }
    }
  }
}
