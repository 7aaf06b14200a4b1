// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// ext4 keeps the target of a symbolic link in the inode up to 59 bytes, tmpfs up to 127; the links
/// of /proc lead to files, not to names.
@Suite("Names that the kernel side cannot follow", .needsRoot)
struct UnfollowedNameTests {
  /// Makes a directory and, at `long`, a link to it whose target is too long for the inode.
  private static let prepare = """
    os.mkdir("d" * 140); os.symlink("d" * 140, "long"); os.mkdir("short"); os.mkdir("d" * 140 + "/in")
    """
  private static let calls = """
    mkdir("long/a"); mkdir("./long//../long/./b//"); mkdir("long/in/../c"); mkdir(directory + "/long/e")
    rename("long/a", "long/f"); rename("long/f", "short/g"); rename("short/g", "long/h")
    exchange("long/b", "short"); exchange("short", "long/b"); exchange("long/c", "long/e")
    mknod("long/file"); link("long/file", "long/hard"); link("long/file", "short/hard")
    link("short/hard", "long/third"); symlink("x", "long/link"); readlink("long/link")
    truncate("long/file"); status("long/file"); status("long"); status("long", follow=False)
    status("long/", follow=False); access("long/file"); chmod("long/in"); readlink("long")
    unlink("long/hard"); unlink("long/link"); rmdir("long/c/"); rmdir("long/in/../e")
    mkdir("long/nothing/x"); unlink("long/nothing"); rename("long/nothing", "long/x"); status("long/no")
    """

  @Test(
    "are shown as passed in lines of calls, and marked so", arguments: Scratch.FileSystem.allCases)
  func calls(fileSystem: Scratch.FileSystem) throws {
    try Scratch.directory(on: fileSystem) { directory in
      let program = try NameProgram(
        "\(Self.prepare)\nwait()\n\(Self.calls)\nchdir('long')\nmkdir('y')\nmkdir('../z')",
        in: directory)
      let (traces, calls) = try program.trace(["--metadata"], ["--filter", "+D<>"])
      let comparison = try NameComparison(calls, traces[0], in: directory)
      #expect(comparison.differences.isEmpty, "\(comparison.differences.joined(separator: "\n"))")
      let unfollowed = calls.filter { $0.ret >= 0 && $0.unfollowed?.contains(true) == true }
      // The working directory is known after chdir(2), whatever the name.
      #expect(comparison.unresolved == unfollowed.count { $0.call != "chdir" })
      #expect(comparison.unresolved > 20)
      // Merged lines have the directories as passed, without device and inode.
      #expect(
        try DirectoryLetters(in: traces[1]) == DirectoryLetters(of: calls), traces[1].description)
    }
  }

  @Test("are marked in merged lines, and nothing else is")
  func merged() throws {
    try Scratch.directory { directory in
      let program = try NameProgram("\(Self.prepare)\nwait()\n\(Self.calls)", in: directory)
      let (traces, _) = try program.trace(["-f", "W+D<>"])
      for object in try traces[0].objects() {
        guard let path = object["path"] as? String, path.hasPrefix(directory) else { continue }
        let isAsked = object["resolved"] as? Bool == false
        #expect(isAsked || !path.contains("/long"), "\(object)")
        #expect(isAsked == (object["inode"] == nil && object["device"] == nil), "\(object)")
      }
      let truncated = try traces[0].objects().filter {
        $0["path"] as? String == "\(directory)/long/file"
      }
      #expect(truncated.map { $0["types"] as? String } == ["W"], traces[0].description)
      #expect(truncated.first?["writes"] as? Int == 1, traces[0].description)
    }
  }

  @Test("are compared by their text with --under and --dir", arguments: [[], ["--syscalls"]])
  func places(options: [String]) throws {
    try Scratch.directory { scratch in
      try makeDirectories("real/in", "links", "other", in: scratch)
      let padding = String(repeating: "./", count: 70)
      try shell("ln -s '../\(padding)real' links/long", in: scratch)
      let places = ["links", "real", "other", "links/long"]
      let tracings = try places.flatMap { place in
        try ["--under", "--dir"].map { option in
          try Tracing(["--json", "-p", "\(getpid())", option, "\(scratch)/\(place)"] + options)
        }
      }
      #expect(mkdir("\(scratch)/links/long/x", 0o755) == 0)
      #expect(rmdir("\(scratch)/links/long/x") == 0)
      #expect(rename("\(scratch)/links/long/in", "\(scratch)/other/moved") == 0)
      let traces = tracings.map { $0.stop() }
      let shown = try traces.map { trace in
        Set(try trace.values("path", as: String.self).map { $0.replacing("\(scratch)/", with: "") })
      }
      let directory = options.isEmpty
      let changes: Set = directory ? ["links/long"] : ["links/long/x", "links/long/in"]
      let moved: Set = directory ? ["other"] : ["links/long/in"]
      // A call on two names is shown if one of them is in scope.
      #expect(
        shown == [changes, directory ? changes : [], [], [], moved, moved, [], []],
        "\(traces.map(\.description))")
    }
  }

  @Test("include those that lead through /proc", .needsNamespaces)
  func magic() throws {
    try Scratch.directory { directory in
      let program = try NameProgram(
        """
        os.mkdir("a"); os.mkdir("a/b"); a = os.open("a", os.O_PATH); fd = f"/proc/self/fd/{a}"
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY)); me = os.getpid()
        wait()
        mkdir("/proc/self/cwd/c"); mkdir(fd + "/d"); mkdir(f"/dev/fd/{a}/e"); mkdir(fd + "/../f")
        rename("/proc/self/cwd/c", fd + "/g"); rename(fd + "/g", "h"); rmdir(f"/proc/{me}/cwd/h")
        mkdir(f"/proc/thread-self/cwd/i"); truncate("/proc/self/cwd/file"); rmdir(fd + "/nothing")
        status("/proc/self/exe"); status("/proc/self/root" + directory); access(f"/proc/{me}/status")
        readlink("/proc/self/cwd"); readlink(f"/proc/{me}/cwd"); mkdir("/proc/self/root" + directory + "/j")
        """, in: directory)
      let (traces, calls) = try program.trace(["--metadata"], ["--filter", "+D<>"])
      let comparison = try NameComparison(calls, traces[0], in: directory)
      #expect(comparison.differences.isEmpty, "\(comparison.differences.joined(separator: "\n"))")
      #expect(comparison.unresolved > 10)
      #expect(
        try DirectoryLetters(in: traces[1]) == DirectoryLetters(of: calls), traces[1].description)
    }
  }

  @Test("include that of a script that is executed")
  func script() throws {
    try Scratch.directory { directory in
      try makeDirectories("real", in: directory)
      let padding = String(repeating: "./", count: 70)
      try shell(
        """
        ln -s '\(padding)real' long; printf '#!/bin/sh\\n:\\n' > real/script; chmod +x real/script
        cp /bin/true real/program
        """, in: directory)
      for options in [[], ["--syscalls"]] {
        let trace = try Trace.of(["--json", "--under", directory] + options) {
          try shell("long/script; ./long/program", in: directory)
        }
        let executed = try trace.objects().filter { $0["types"] as? String == "RO" }
        let unresolved = executed.filter { $0["resolved"] as? Bool == false }
        #expect(
          unresolved.map { $0["path"] as? String } == ["\(directory)/long/script"],
          trace.description)
        // The file that was executed is known, whatever the name.
        #expect(
          executed.contains { $0["path"] as? String == "\(directory)/real/program" },
          trace.description)
      }
    }
  }
}
