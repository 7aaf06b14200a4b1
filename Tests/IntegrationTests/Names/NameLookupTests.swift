// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Calls with names that the kernel side has to look up itself.
struct NameScenario: Sendable, CustomTestStringConvertible {
  let name: String
  /// Python lines that follow those of Tests/names/names.py.
  let lines: String
  /// Whether all names can be resolved.
  var isExact = true

  var testDescription: String { name }

  static let all = [
    NameScenario(
      name: "dots, slashes, trailing slashes",
      lines: """
        os.mkdir("a"); os.mkdir("a/b")
        wait()
        mkdir("./a/./c"); mkdir(".//a///d"); mkdir("a/e/"); mkdir("a/f///"); mkdir("a/b/../g")
        mkdir("a/b/../../h/"); mkdir(directory + "//a/./b/.././i"); mkdir("/.." + directory + "/j")
        rename("a/c/", "a//k/"); exchange("./a/d", "a/b/../e/"); rmdir("a/f/"); rmdir("a/./g//")
        mknod("a/file"); link("./a/file", "a/b/..//linked"); unlink("a/b/../linked")
        status("a/"); status("a/."); status("."); status("a/b/.."); status("/"); status("//")
        truncate("a/b/..//file"); chmod("a//b/"); access("./a"); readlink("a"); status("a/file/")
        mkdir("a/b/."); rmdir("a/."); unlink("a/b/../nothing"); mkdir("a/file/x"); rmdir("..")
        """),
    NameScenario(
      name: "symbolic links: relative, absolute, in a row, upwards, in the middle, at the end",
      lines: """
        for path in ["a/b/c", "x/y"]: os.makedirs(path)
        for target, path in [("a/b", "one"), (directory + "/x", "two"), ("one/../../two", "three"),
            ("../..", "a/b/up"), (".", "same"), ("/", "top"), ("x/", "slash"), ("c/./", "a/b/dot"),
            ("file", "to-file"), ("nothing", "dangling"), ("loop", "loop"), ("../x/y", "a/y")]:
          os.symlink(target, path)
        wait()
        mkdir("one/d"); mkdir("two/d"); mkdir("three/e"); mkdir("a/b/up/f"); mkdir("one/../g")
        mkdir("same/same/h"); mkdir("top" + directory + "/i"); mkdir("slash/j"); mkdir("one/dot/k")
        mkdir("one/../../two/../l"); mkdir("three/y/../m"); mkdir("a/y/n"); mkdir("a/y/../o")
        mknod("file"); truncate("to-file"); status("to-file"); status("to-file", follow=False)
        status("one"); status("one", follow=False); status("one/", follow=False); readlink("one")
        readlink("one/../y"); chmod("three"); access("slash"); status("dangling", follow=False)
        rename("one/d", "two/moved"); rename("one", "a/b/up/first"); exchange("two", "three")
        link("to-file", "hard1"); link("to-file", "hard2", flags=FOLLOW); unlink("to-file")
        symlink("anything", "first/link"); unlink("first/link"); rmdir("first/../g")
        mkdir("dangling/x"); mkdir("loop/x"); status("dangling"); mkdir("dangling"); rmdir("first")
        """),
    NameScenario(
      name: "descriptors of directories, with relative and absolute names",
      lines: """
        for path in ["a/b", "c"]: os.makedirs(path)
        os.symlink("../c", "a/link")
        a, c = os.open("a", os.O_PATH), os.open("c", os.O_RDONLY)
        wait()
        mkdir("d", a); mkdir("b/../e", a); mkdir("link/f", a); mkdir("../g", c)
        mkdir(directory + "/h", a); mknod("file", c); symlink("x", "s", c); unlink("s", c)
        rename("d", "d", a, c); rename("../c/d", directory + "/a/d", c, a); exchange("d", "f", a, c)
        link("file", "link/file2", c, a); unlink("link/file2", a); rmdir("link/f", a)
        status("link", a); status("link", a, follow=False); access(".", a); readlink("link", a)
        chmod("file", c); status("file", a); rename("a", "moved"); mkdir("i", a); rmdir("i", a)
        """),
    NameScenario(
      name: "hard links: a rename between two of them does nothing",
      lines: """
        os.mkdir("a"); os.close(os.open("file", os.O_CREAT | os.O_WRONLY))
        wait()
        link("file", "a/one"); link("a/one", "two"); rename("file", "a/one"); status("a/one")
        truncate("two"); unlink("file"); rename("two", "a/one"); rename("two", "three")
        exchange("three", "a/one"); unlink("a/one"); rename("three", "three"); unlink("three")
        """),
    NameScenario(
      name: "names of 255 bytes, and strings of 4095",
      lines: """
        os.mkdir("a"); longest = "n" * 255; strange = "\\u00fc" * 127
        wait()
        mkdir(longest); mkdir(longest + "/" + longest); rename(longest + "/" + longest, "a/" + longest)
        mkdir(longest + "x"); mkdir("a/" + longest + "/" + strange); rmdir("a/" + longest + "/" + strange)
        rmdir("./" * 1919 + longest); mkdir("/" * (4095 - len(directory) - 1) + directory[1:] + "/b")
        mkdir("a/../" * 818 + "a/./c"); status("a" + "/." * 2047)
        """),
    NameScenario(
      name: "renames that move what their own names go through",
      lines: """
        for path in ["d/x", "e", "p/q/r", "t", "u/v"]: os.makedirs(path)
        os.symlink("d", "link"); os.symlink("e", "d/y"); os.close(os.open("d/f", os.O_CREAT))
        os.symlink("u", "u-link"); os.symlink("t", "t-link"); inside = os.open("p/q", os.O_PATH)
        wait()
        exchange("link", "link/x"); exchange("link", "d/x"); rename("link/y", "link"); unlink("link")
        symlink("d", "link"); rename("link/f", "link"); rename("p/q/../q", "p/s")
        rename("../../p", directory + "/t/p", inside); rename("../s", "../../u/s", inside)
        os.fchdir(inside); rename("../../p", "../../../u/p"); rename("../s/r", "../../r")
        exchange("../../v", "../../p"); os.chdir(directory); exchange("u-link", "t-link")
        exchange("u-link/v", "t-link/v"); rename("u", "w"); rename("w/../w/v", "w/../t/z")
        """, isExact: false),
    NameScenario(
      name: "the current directory and the root change",
      lines: """
        for path in ["a/a", "b/c/b/c", "jail/jail", "d"]: os.makedirs(path)
        os.symlink("b/c", "link")
        wait()
        chdir("a"); chdir(".."); chdir("b/c"); chdir("b/c"); chdir("../../.."); chdir("..")
        chdir(directory + "/link"); chdir("."); chdir("nothing"); chdir("/"); chdir(directory)
        chdir("d/.."); chroot("jail")
        """),
    NameScenario(
      name: "absolute and relative names and links in a chroot",
      lines: """
        for path in ["jail/a/b", "jail/c"]: os.makedirs(path)
        for target, path in [("/a", "absolute"), ("../../../a/b", "a/up"), ("/c/../../../a", "c/far"),
            ("/", "c/top"), ("..", "above")]:
          os.symlink(target, "jail/" + path)
        enter_root("jail")
        wait()
        mkdir("/d"); mkdir("absolute/e"); mkdir("/a/up/f"); mkdir("c/far/b/g"); mkdir("c/top/h")
        mkdir("../../i"); mkdir("/../j"); mkdir("above/k"); os.chdir("/a/b"); mkdir("../../../l")
        rename("/a/e", "../m"); mknod("/file"); truncate("../../file"); status("/absolute/up")
        link("/file", "n"); unlink("/a/b/n"); rmdir("/a/up/f"); mkdir("/nothing/x"); status("/")
        """),
  ]

  /// So many entries that a search of one after the other takes too long.
  static let large =
    NameScenario(
      name: "20,000 entries in a directory",
      lines: """
        os.mkdir("a")
        for number in range(20000): os.mkdir(f"a/{number}")
        wait()
        for number in [0, 1, 3000, 4000, 10000, 19000, 19999, 0, 1]:
          mkdir(f"a/{number}/x{count}"); rename(f"a/{number}/x{count - 1}", f"a/{number}/y{count}")
          status(f"a/{number}"); chmod(f"a/{number}/../{number}"); mkdir(f"a/{number}")
        for number in [2, 19998]: rmdir(f"a/{number}"); mkdir(f"a/{number}"); mkdir(f"a/{number}/z")
        rename("a/3", "a/new"); rename("a/4", "b"); mkdir("a/new/c"); exchange("a/5", "a/19997")
        """)

  /// Names that take more steps, or more entries, than the kernel side looks at.
  static let many = [
    NameScenario(
      name: "5,000 mounts below one mount",
      lines: """
        os.mkdir("source")
        for number in range(5000): os.makedirs(f"{number}/sub")
        leave_mounts_alone(); mount_tmpfs("source"); os.mkdir("source/sub")
        for number in range(5000): bind("source", str(number))
        wait()
        for number in [0, 4095, 4096, 4999]:
          mkdir(f"{number}/a{number}"); mkdir(f"{number}/sub/b{number}"); status(f"{number}/sub")
          mkdir(f"{number}/sub/../../c{number}"); rename(f"{number}/a{number}", f"{number}/d{number}")
        """, isExact: false)
  ]

  static let mounts = [
    NameScenario(
      name: "mounts, binds of directories and files, .. across them",
      lines: """
        for path in ["a/b", "memory", "bound", "c"]: os.makedirs(path)
        for path in ["file", "other"]: os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        leave_mounts_alone()
        mount_tmpfs("memory"); os.makedirs("memory/d/e")
        bind("a", "bound"); bind("memory/d", "a/b"); bind("file", "other")
        os.symlink("../bound/b", "memory/link")
        wait()
        mkdir("memory/f"); mkdir("bound/g"); mkdir("a/b/h"); mkdir("bound/b/i"); mkdir("memory/../j")
        mkdir("a/b/../k"); mkdir("bound/../l"); mkdir("memory/link/m"); mkdir("memory/link/../n")
        mkdir("memory/d/../o"); truncate("other"); status("other"); status("memory"); status("a/b/e/../..")
        rename("bound/g", "bound/p"); rename("a/k", "a/b/q"); rename("memory/d/h", "memory/r")
        rmdir("bound/../a/p"); chmod("bound/b/i"); chdir("a/b"); mkdir("../s"); mkdir("../../t")
        """),
    NameScenario(
      name: "mounts over mounts",
      lines: """
        os.makedirs("a/b")
        leave_mounts_alone()
        for level in range(5):
          mount_tmpfs("a"); os.makedirs(f"a/b/{level}")
        bind("a/b", "a"); mount_tmpfs("a/4"); os.mkdir("a/4/x")
        wait()
        mkdir("a/c"); mkdir("a/4/d"); mkdir("a/4/../e"); mkdir("a/4/x/../../../f"); mkdir("a/../g")
        status("a"); status("a/4/.."); status("a/4"); chdir("a/4"); mkdir("../h"); mkdir("../../i")
        rename("../h", "../j"); rmdir("../../a/j")
        """),
    NameScenario(
      name: "a dozen mounts on one directory",
      lines: """
        os.mkdir("a")
        leave_mounts_alone()
        for level in range(12): mount_tmpfs("a")
        wait()
        mkdir("a/b"); mkdir("a/../c"); status("a"); status("a/b"); chdir("a/b"); mkdir("../../d")
        """, isExact: false),
    NameScenario(
      name: "mounts that are moved, and unmounted while they are used",
      lines: """
        for path in ["a", "b/c"]: os.makedirs(path)
        leave_mounts_alone()
        mount_tmpfs("a"); os.makedirs("a/d/e"); mount_tmpfs("a/d/e")
        inside = os.open("a/d", os.O_PATH)
        wait()
        mkdir("a/d/f"); mkdir("g", inside); must("mount", "a", "b/c", None, 0x2000, None)  # MS_MOVE
        mkdir("a/d/h"); mkdir("b/c/d/h"); mkdir("i", inside); mkdir("e/j", inside); mkdir("../k", inside)
        mkdir("../../l", inside); rename("g", directory + "/b/c/d/m", inside)
        must("umount2", "b/c/d/e", 0); mkdir("e/n", inside); mkdir("b/c/d/e/o")
        """),
    NameScenario(
      name: "the root is another one, by pivot_root",
      lines: """
        for path in ["new/old", "new/a", "kept"]: os.makedirs(path)
        leave_mounts_alone()
        bind("new", "new"); os.chdir("new"); os.symlink("/a", "link"); os.symlink("../a/..", "a/up")
        kept = os.open(directory + "/kept", os.O_PATH)
        must("syscall", ctypes.c_long(PIVOT_ROOT), ".", "old"); os.chdir("/")
        wait()
        mkdir("/b"); mkdir("a/c"); mkdir("link/d"); mkdir("a/up/e"); mkdir("../f"); rename("/b", "a/g")
        mkdir("/old" + directory + "/h"); status("/"); status("/old"); mkdir("i", kept); rmdir("link/d")
        chdir("/old" + directory); mkdir("j"); chdir("/")
        """),
  ]
}

@Suite("Names of calls", .needsRoot)
struct NameLookupTests {
  /// Traces the calls one by one, and merged. Merged lines must have all directories with all of
  /// their letters, and no others.
  private func compare(_ scenario: NameScenario, in directory: String) throws {
    let program = try NameProgram(scenario.lines, in: directory)
    let (traces, calls) = try program.trace(["--metadata"], ["--filter", "+D<>"])
    #expect(!calls.isEmpty)
    let comparison = try NameComparison(calls, traces[0], in: directory, isExact: scenario.isExact)
    let report = comparison.differences.joined(separator: "\n")
    #expect(comparison.differences.isEmpty, "\(report)\n\(traces[0].ended.errors)")
    let letters = DirectoryLetters(of: calls)
    let found = try DirectoryLetters(in: traces[1])
    if scenario.isExact && !calls.contains(where: \.mayBeUnresolved) {
      #expect(found == letters, traces[1].description)
    } else {
      #expect(found.notIn(letters) == [], traces[1].description)
    }
  }

  @Test("have the path that they had during the call", arguments: NameScenario.all)
  func scenario(scenario: NameScenario) throws {
    try Scratch.directory { try compare(scenario, in: $0) }
  }

  @Test("have their path on a file system in memory", arguments: NameScenario.all.prefix(2))
  func memory(scenario: NameScenario) throws {
    try Scratch.directory(on: .memory) { try compare(scenario, in: $0) }
  }

  @Test("have their path among 20,000 entries of a directory")
  func large() throws {
    try Scratch.directory(on: .memory) { try compare(.large, in: $0) }
  }

  @Test(
    "have the path that the process sees among its mounts", .needsNamespaces,
    arguments: NameScenario.mounts)
  func mounts(scenario: NameScenario) throws {
    try Scratch.directory { try compare(scenario, in: $0) }
  }

  @Test(
    "are shown as passed where there is too much to search, but are never wrong",
    .needsNamespaces, arguments: NameScenario.many)
  func many(scenario: NameScenario) throws {
    try Scratch.directory(on: .memory) { try compare(scenario, in: $0) }
  }
}
