// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--file: a name, whatever file it leads to", .needsRoot)
struct NamedFileOptionTests {
  /// Ways in which programs save a file. Each runs in a directory of its own that has the file
  /// already.
  private static let ways = [
    "echo y > file", "echo y >> file", "cp ../other file", "mv ../moved file", "sed -i s/x/y/ file",
    "install -m 600 ../other file", "ln -sf ../other file", "rm file; echo y > file",
    "truncate -s 0 file", "dd of=file conv=notrunc < ../other", "tee file < ../other",
    "ln ../other new; mv -T new file", "mv file file~; echo y > file",
    "cp file file~; echo y > file",
    "mv file file.1; : > file", "cp file file.1; : > file", "perl -pi -e s/x/y/ file",
    "tar -cf ../a.tar file; tar -xf ../a.tar --unlink-first",
    "cp --remove-destination ../other file",
    "split -b 9 ../other part; mv partaa file",
    "vim -es -u NONE -c s/x/y/ -c wq file", "vim -es -u NONE -c 'set bkc=no' -c s/x/y/ -c wq file",
    "printf '1s/x/y/\\nw\\nq\\n' | ed -s file",
    """
    t="tmux -L nano-$$ -f /dev/null"
    await() { until $t capture-pane -p | grep -q "$1"; do sleep 0.05; done; }
    $t new-session -d -x 80 -y 24 'nano -I file' && await 'Read 1 line'
    $t send-keys y C-o && await 'File Name to Write' && $t send-keys Enter && await 'Wrote 1 line'
    $t send-keys C-x; while $t has-session 2> /dev/null; do sleep 0.05; done
    """,
    "rsync -I ../other file",
    "rsync -I --inplace ../other file",
    "printf '%s\\n' '--- file' '+++ file' '@@ -1 +1 @@' -x +y | patch -s file",
    "git init -q . && git add file && echo y > file && git checkout -q -- file",
    """
    printf '%s {\\ncreate\\nrotate 1\\n}\\n' "$PWD/file" > conf && logrotate -f -s "$PWD/state" conf
    """,
    "python3 -c 'import os; open(\".t\", \"w\").write(\"y\"); os.replace(\".t\", \"file\")'",
    """
    python3 -c 'import os, ctypes; open("t", "w").write("y")
    ctypes.CDLL(None).syscall(316, -100, b"t", -100, b"file", 2)'
    """,
    """
    python3 -c 'import os, ctypes; fd = os.open(".", os.O_TMPFILE | os.O_WRONLY); os.write(fd, b"y")
    path = f"/proc/self/fd/{fd}".encode(); os.unlink("file")
    assert ctypes.CDLL(None).linkat(-100, path, -100, b"file", 0x400) == 0'
    """,
  ]

  @Test("is traced through every way of saving it, and no other file is shown")
  func saving() throws {
    try Scratch.directory { scratch in
      try shell("for f in other moved; do echo x > $f; done", in: scratch)
      var options = ["--json"]
      for index in Self.ways.indices {
        try shell("mkdir \(index) && echo x > \(index)/file", in: scratch)
        options += ["--file", "\(scratch)/\(index)/file"]
      }
      let trace = try Trace.of(options) {
        for (index, way) in Self.ways.enumerated() {
          try shell(way, in: "\(scratch)/\(index)")
        }
      }
      let records = try trace.objects()
      for (index, way) in Self.ways.enumerated() {
        let own = records.filter {
          let path = $0["path"] as? String ?? ""
          return path == "\(scratch)/\(index)" || path.hasPrefix("\(scratch)/\(index)/")
        }
        let isChanged = own.contains {
          ($0["types"] as? String ?? "").contains { "W+>".contains($0) }
        }
        #expect(isChanged, "\(way): \(own)")
        for record in own {
          let names = [record["entry"], record["new_entry"]].compactMap { $0 as? String }
          let isFile = record["path"] as? String == "\(scratch)/\(index)/file"
          #expect(isFile ? names.isEmpty : names.contains("file"), "\(way): \(record)")
        }
      }
    }
  }

  @Test("need not exist: failures, its creation and its end are shown, by any mount")
  func missing() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in", "view", "out", in: scratch)
      let load = """
        mount --bind in view; cat in/file; echo x > view/file; cat in/file out/file; rm view/file
        cat view/file in/file/x in/files; ln -s ../in/file out/link; cat out/link; rmdir in/file
        true
        """
      let calls = try Tracing(["--json", "--metadata", "--file", "in/file"], in: scratch)
      let merged = try Tracing(["--json", "--file", "in/file"], in: scratch)
      let ended = try run("/usr/bin/unshare", ["-m", "sh", "-c", load], in: scratch)
      #expect(ended.status == 0, "\(ended.errors)")
      let (callTrace, mergedTrace) = (calls.stop(), merged.stop())
      let failed = try callTrace.objects().filter { ($0["ret"] as? Int ?? 0) < 0 }
        .compactMap { ($0["path"] as? String)?.dropFirst(scratch.count + 1) }
      #expect(Set(failed) == ["in/file", "view/file", "out/link"], callTrace.description)
      let shown = try mergedTrace.objects().map {
        let path = ($0["path"] as? String)?.dropFirst(scratch.count + 1) ?? ""
        return "\($0["types"] as? String ?? "") \(path) \($0["entry"] as? String ?? "")"
      }
      #expect(
        Set(shown) == [
          "+ view file", "CWO view/file ", "CW view/file ", "RCO in/file ", "D view file",
        ],
        mergedTrace.description)
    }
  }

  @Test("includes the file that a symbolic link leads to, and not a file after it is renamed")
  func linksAndMoves() throws {
    try Scratch.directory { scratch in
      try shell("mkdir a; echo x > a/target; ln -s a/target link; echo x > log", in: scratch)
      let trace = try Trace.of(
        ["--json", "-f", "RW", "--file", "\(scratch)/link", "--file", "\(scratch)/log"]
      ) {
        try Calls.read("\(scratch)/link")
        let descriptor = try Calls.open("\(scratch)/log", O_WRONLY | O_APPEND)
        defer { close(descriptor) }
        #expect(write(descriptor, "y", 1) == 1)
        #expect(rename("\(scratch)/log", "\(scratch)/log.1") == 0)
        #expect(write(descriptor, "z", 1) == 1)
        try Calls.write("\(scratch)/log")
      }
      #expect(try trace.names(in: scratch) == ["a/target", "log"], trace.description)
      let written = try trace.objects().compactMap { $0["write_bytes"] as? Int }
      #expect(written == [1, 1], trace.description)
    }
  }

  @Test("chooses requests to disks", .needsLoopDevices)
  func disks() throws {
    try Scratch.directory { scratch in
      let image = try DiskImage(in: scratch, .ext4)
      try image.mount()
      let tracing = try Tracing(
        ["--json", "--disk", "--device", image.device, "--file", "on/file"], in: scratch)
      try shell(
        """
        cd on; for f in file beside new; do dd if=/dev/zero of=$f bs=4096 count=1 conv=fsync; done
        mv new file; dd if=/dev/zero of=file bs=4096 count=2 conv=fsync,notrunc
        """, in: scratch)
      let trace = tracing.stop()
      try image.unmount()
      let written = try trace.objects().filter { $0["cause"] as? String == "fsync" }
      let paths = Set(written.compactMap { ($0["path"] as? String)?.split(separator: "/").last })
      #expect(paths == ["file"], trace.description)
      #expect(Set(written.compactMap { $0["inode"] as? Int }).count == 2, trace.description)
    }
  }

  @Test(
    "an argument that names no file is refused in one line",
    arguments: ["no/file", "/", "..", "a/", ""])
  func refused(file: String) throws {
    let ended = try run(Built.bfatrace, ["--file", file, "-s", "1"], in: "/var/tmp")
    #expect(ended.status == 1, "\(ended)")
    #expect(ended.errors.contains("--file \(file)"), "\(ended)")
    #expect(ended.errors.split(separator: "\n").count == 1, "\(ended)")
  }
}

@Suite("Names of entries in merged lines", .needsRoot)
struct EntryTests {
  private static let load = """
    mkdir d; mv d e; mv e sub/f; echo x > g; ln g h; ln -s x i; rm g; rmdir sub/f; mkfifo p
    python3 -c 'import ctypes; ctypes.CDLL(None).syscall(316, -100, b"h", -100, b"i", 2)
    ctypes.CDLL(None).syscall(316, -100, b"h", -100, b"sub/s", 2)'
    """
  private static let changes = [
    "+ . d", "<> . d e", "< . e", "> sub f", "+ . g", "+ . h", "+ . i", "D . g", "D sub f", "+ . p",
    "<> . h i", "<> . h", "<> sub s",
  ]

  @Test(
    "each change has a line of its own with the name, or both names if it renames in a directory")
  func lines() throws {
    try Scratch.directory { scratch in
      try shell("mkdir sub; touch sub/s", in: scratch)
      try Self.load.write(toFile: "/var/tmp/\(getpid()).load", atomically: true, encoding: .utf8)
      defer { unlink("/var/tmp/\(getpid()).load") }
      let json = try Tracing(["--json", "-f", "+D<>", "--under", scratch])
      let long = try Tracing(["--long", "-f", "+D<>", "--under", scratch])
      let plain = try Tracing(["-f", "+D<>", "--under", scratch])
      let fatrace = try Tracing(["-j", "-f", "+D<>"], program: Built.fatrace)
      try shell(". /var/tmp/\(getpid()).load", in: scratch)
      let traces = [json, long, plain, fatrace].map { $0.stop() }
      let shown = try traces[0].objects().map { record in
        let path = (record["path"] as? String ?? "").replacing(scratch, with: ".")
          .replacing("./", with: "")
        let names = [record["entry"], record["new_entry"]].compactMap { $0 as? String }
        return ([record["types"] as? String ?? "", path] + names).joined(separator: " ")
      }
      #expect(shown == Self.changes, traces[0].description)
      #expect(traces[1].lines.count == Self.changes.count, traces[1].description)
      #expect(
        traces[1].lines.contains { $0.hasSuffix(" \(scratch) entry=d new_entry=e") },
        traces[1].description)
      #expect(traces[2].lines.allSatisfy { !$0.contains("entry=") }, traces[2].description)
      #expect(traces[3].lines.allSatisfy { !$0.contains("entry") }, "fatrace's own format")
    }
  }

  @Test("patterns are compared with them, and relative patterns begin at the working directory")
  func patterns() throws {
    try Scratch.directory { scratch in
      try shell("mkdir -p a/b c", in: scratch)
      let rows: [([String], Set<String>)] = [
        (["--path", "a/**", "--exclude", "*.tmp"], ["a/x", "a + x", "a/b/y.c", "a/b + y.c"]),
        (["--path", "*.c"], ["a/b/y.c", "a/b + y.c", "c/z.c", "c + z.c"]),
        (["--path", "\(scratch)/*/z.?"], ["c/z.c", "c + z.c"]),
        (["--exclude", "\(scratch)/a/**", "--under", scratch], ["c/z.c", "c + z.c"]),
        (["--path", "./c/*", "--long"], ["c/z.c", "c + z.c"]),
      ]
      let tracings = try rows.map {
        try Tracing(["--json", "-f", "W+", "-p", "\(getpid())"] + $0.0, in: scratch)
      }
      let counted = try Tracing(
        ["--json", "-f", "W", "-n", "1", "--path", "c/*", "-p", "\(getpid())"], in: scratch)
      let failed = try Tracing(
        ["--json", "--failed", "--path", "**/a/**", "-p", "\(getpid())"], in: scratch)
      for name in ["a/x", "a/x.tmp", "a/b/y.c", "c/z.c"] { try Calls.write("\(scratch)/\(name)") }
      for name in ["a/no", "c/no", "c/../a/b/none"] {
        #expect(throws: POSIXError.self) { try Calls.read("\(scratch)/\(name)") }
      }
      for (row, trace) in zip(rows, tracings.map { $0.stop() }) {
        let shown = try trace.objects().compactMap { record -> String? in
          guard let path = record["path"] as? String, path.hasPrefix(scratch + "/") else {
            return nil
          }
          let name = path.dropFirst(scratch.count + 1)
          return (record["entry"] as? String).map { "\(name) + \($0)" } ?? String(name)
        }
        #expect(Set(shown) == row.1, "\(row.0)\n\(trace.description)")
      }
      #expect(try counted.end().names(in: scratch) == ["c/z.c"])
      #expect(try failed.stop().names(in: scratch) == ["a/no", "a/b/none"])
    }
  }

  @Test(
    "events whose path begins as no pattern does take no room from those that match",
    arguments: [[], ["-S"]])
  func prefixes(options: [String]) throws {
    try Scratch.directory { scratch in
      try makeDirectories("quiet/sub", "loud", in: scratch)
      let tracing = try Tracing(
        ["--json", "--ring-size", "1", "-f", "O", "--path", "quiet/**/f*"] + options, in: scratch)
      tracing.signal(SIGSTOP)
      let load = """
        import os
        def make(name): os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
        for i in range(8000): make("loud/f")
        os.rename("loud/f", "quiet/f")
        for i in range(10): make(f"quiet/sub/f{i}")
        make("quiet/x"); make("quiet/f")
        """
      let ended = try run("/usr/bin/env", ["python3", "-c", load], in: scratch)
      #expect(ended.status == 0, "\(ended.errors)")
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      #expect(trace.ended.status == 0, trace.description)
      let expected = (0..<10).map { "quiet/sub/f\($0)" } + ["quiet/f"]
      #expect(try trace.names(in: scratch) == Set(expected), trace.description)
    }
  }

  @Test("an argument that is no pattern is refused in one line", arguments: ["", "a\\"])
  func refused(pattern: String) throws {
    let ended = try run(Built.bfatrace, ["--path", pattern, "-s", "1"])
    #expect(ended.status == 1 && ended.errors.contains("--path '\(pattern)'"), "\(ended)")
    #expect(ended.errors.split(separator: "\n").count == 1, "\(ended)")
  }
}
