// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("--inputs lists what a command read and executed", .needsRoot)
struct InputTests {
  private static let comparison = "\(Built.root)/Tests/changes/inputs.py"

  struct Reading: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Makes the files that exist before the command runs, by sh.
    let before: String
    let command: [String]
  }

  private static let commands = [
    Reading(
      testDescription: "a compiler",
      before: """
        mkdir inc; echo '#define N 1' > inc/n.h; echo 'int unused;' > u.c
        printf '#include <stdio.h>\\n#include "inc/n.h"\\nint main(void) { return printf("%%d", N) < 0; }\\n' > m.c
        """,
      command: ["/usr/bin/gcc", "-g", "-O1", "-o", "m", "m.c"]),
    Reading(
      testDescription: "a script whose interpreter is a script",
      before: """
        mkdir bin; printf '#!/bin/sh\\nexec cat "$@"\\n' > bin/reader; chmod 755 bin/reader
        printf '#!%s/bin/reader\\ntext\\n' "$PWD" > job; echo data > data; echo x > unread
        chmod 755 job; printf '#!/bin/sh\\n. ./lib.sh\\n./job data > out\\ncat out > /dev/null\\n' > start
        echo 'cp data copy; wc -l < copy > /dev/null' > lib.sh; chmod 755 start
        """,
      command: ["/bin/sh", "-c", "exec \"$PWD/start\""]),
    Reading(
      testDescription: "a Python program",
      before: """
        mkdir -p m/sub; : > m/__init__.py; echo 'from . import sub' > m/a.py; echo 'x = 1' > m/sub/__init__.py
        printf 'import json, mmap, os, sqlite3, subprocess\\nimport m.a\\n' > p.py
        printf 'with open("mapped", "rb") as f: mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:]\\n' >> p.py
        printf 'os.sendfile(os.open("out", 65, 384), os.open("sent", 0), 0, 10)\\n' >> p.py
        printf 'os.open("opened only", 0); os.stat("m/a.py"); os.listdir("m")\\n' >> p.py
        printf 'subprocess.run(["/bin/cat", "mapped"])\\n' >> p.py
        for i in mapped sent "opened only"; do echo x > "$i"; done
        """,
      command: ["/usr/bin/python3", "-B", "-E", "p.py"]),
    Reading(
      testDescription: "what it made or moved itself",
      before: "mkdir d; echo a > d/a; echo b > b; echo c > c",
      command: [
        "/bin/sh", "-c",
        "cat d/a > new; mv d e; cat e/a new b > c; mv b f; cat f c > /dev/null; rm e/a; echo n > e/a; cat e/a",
      ]),
  ]

  @Test("as strace shows it, of files that existed before", arguments: commands)
  func strace(reading: Reading) throws {
    try Scratch.directory { directory in
      let ended = try run(
        "/usr/bin/env",
        ["LC_ALL=C.UTF-8", "/usr/bin/python3", "-B", Self.comparison, Built.bfatrace]
          + [reading.before] + reading.command, in: directory)
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
    }
  }
}
