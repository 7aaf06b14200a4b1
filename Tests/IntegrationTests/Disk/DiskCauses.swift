// SPDX-License-Identifier: Apache-2.0

/// Something that causes requests to a disk, or none, and what must be shown of it.
struct DiskCause {
  let name: String
  /// Python lines that another process runs first; what they change is written out before the
  /// culprit begins.
  var before = ""
  /// Python lines that the culprit runs in the file system.
  var act: String
  /// Whether the culprit ends here, as it has become another program.
  var isLast = false
  /// Python lines that a third process runs, which is not to blame. Then everything is written out.
  var after = ""
  /// "read", "write", ...; nil if the culprit causes no request.
  var disk: String?
  var causes: Set<String> = []
  /// The requests for data must name one of these files. If empty, all requests are for metadata.
  var files: Set<String> = []
  /// More files that the culprit changes or reads metadata of; "" is the root of the file system.
  var changed: Set<String> = []
  /// Whether btrfs cannot say which file it is: the request names no file, or one of these.
  var isNamelessOnBtrfs = false
  /// The option with which the file system is mounted.
  var mountOption: String?
  /// Whether the requests must name the third process as the one that submitted them.
  var isSubmittedByThird = false
}

extension DiskCause {
  /// Makes the files that exist before the causes run.
  static let files = """
    for name in "cold", "mapped", "ahead", "direct", "copied", "sent", "oneself", "other", "all", "kept", \\
        "changed", "cut", "removed", "mode", "read":
      open(name, "wb").write(os.urandom(1 << 18))
    os.mkdir("directory")
    for i in range(300): open("directory/" + str(i), "w")
    open("program", "wb").write(open("/bin/true", "rb").read())
    os.chmod("program", 0o755)
    """

  private static let metadata: Set = ["metadata", "journal"]
  private static let writtenOut: Set = ["fsync", "sync", "writeback", "direct"]

  static let all = reading + writing + changing

  private static let reading = [
    DiskCause(
      name: "cold read", act: #"open("cold", "rb", 0).read(65536)"#,
      disk: "read", causes: ["read"], files: ["cold"]),
    DiskCause(name: "cached read", act: #"open("cold", "rb", 0).read(4096)"#),
    DiskCause(
      name: "fault in a mapping",
      act: """
        import mmap
        mapped = mmap.mmap(os.open("mapped", os.O_RDONLY), 0, prot=mmap.PROT_READ)
        mapped[100000]
        """,
      disk: "read", causes: ["fault"], files: ["mapped"]),
    DiskCause(
      name: "cold exec", act: #"os.execv("program", ["program"])"#, isLast: true,
      disk: "read", causes: ["exec"], files: ["program"]),
    DiskCause(
      name: "readahead that is asked for",
      act: #"os.posix_fadvise(os.open("ahead", os.O_RDONLY), 0, 1 << 18, os.POSIX_FADV_WILLNEED)"#,
      disk: "read", causes: ["readahead"], files: ["ahead"]),
    DiskCause(
      name: "cold directory", act: #"os.listdir("directory")"#,
      disk: "read", causes: ["metadata"], changed: ["directory"]),
    DiskCause(
      name: "sendfile",
      act: """
        out = os.open("/dev/null", os.O_WRONLY)
        os.sendfile(out, os.open("sent", os.O_RDONLY), 0, 65536)
        """,
      disk: "read", causes: ["read"], files: ["sent"]),
    DiskCause(
      name: "O_DIRECT read",
      act: """
        import mmap
        os.preadv(os.open("direct", os.O_RDONLY | os.O_DIRECT), [mmap.mmap(-1, 8192)], 0)
        """,
      // btrfs may read through the page cache in spite of O_DIRECT.
      disk: "read", causes: ["direct", "read"], files: ["direct"]),
  ]

  private static let writing = [
    DiskCause(
      name: "fsync by the writer",
      act: """
        f = os.open("oneself", os.O_WRONLY | os.O_APPEND)
        os.write(f, b"x" * 5000)
        os.fsync(f)
        """,
      disk: "write", causes: ["fsync"], files: ["oneself"]),
    DiskCause(
      name: "fsync by another",
      act: #"f = os.open("other", os.O_WRONLY | os.O_APPEND); os.write(f, b"x" * 5000)"#,
      after: #"os.fsync(os.open("other", os.O_RDONLY))"#,
      disk: "write", causes: ["fsync"], files: ["other"], isSubmittedByThird: true),
    DiskCause(
      name: "sync by another",
      act: #"f = os.open("all", os.O_WRONLY | os.O_APPEND); os.write(f, b"x" * 5000)"#,
      after: "os.sync()", disk: "write", causes: ["sync", "writeback"], files: ["all"]),
    DiskCause(
      name: "O_DIRECT write",
      act: """
        import mmap
        os.pwritev(os.open("direct", os.O_WRONLY | os.O_DIRECT), [mmap.mmap(-1, 8192)], 0)
        """,
      disk: "write", causes: ["direct", "fsync"], files: ["direct"]),
    DiskCause(
      name: "O_SYNC write",
      act: #"os.write(os.open("new", os.O_WRONLY | os.O_CREAT | os.O_SYNC), b"x" * 4096)"#,
      disk: "write", causes: ["fsync"], files: ["new"], changed: [""]),
    DiskCause(
      name: "msync",
      act: """
        import mmap
        mapped = mmap.mmap(os.open("kept", os.O_RDWR), 0)
        mapped[5000] = 1
        mapped.flush()
        """,
      disk: "write", causes: ["fsync"], files: ["kept"]),
    DiskCause(
      name: "sparse file",
      act: """
        f = os.open("sparse", os.O_WRONLY | os.O_CREAT)
        os.pwrite(f, b"x" * 4096, 1 << 24)
        os.fdatasync(f)
        """,
      disk: "write", causes: ["fsync"], files: ["sparse"], changed: [""]),
    DiskCause(
      name: "rename over",
      act: #"open("temporary", "wb").write(b"x" * 5000); os.rename("temporary", "cold")"#,
      // btrfs writes the file out before it has the new name.
      disk: "write", causes: writtenOut, files: ["cold", "temporary"], changed: [""]),
  ]

  private static let changing = [
    DiskCause(
      name: "new directory", act: #"os.mkdir("made")"#,
      disk: "write", causes: metadata, changed: ["", "made"], isNamelessOnBtrfs: true),
    DiskCause(
      name: "new file", act: #"open("made/file", "w").close()"#,
      disk: "write", causes: metadata, changed: ["made", "made/file"], isNamelessOnBtrfs: true),
    DiskCause(
      name: "access time, relatime", before: #"os.utime("read", (1, 2))"#,
      act: #"open("read", "rb", 0).read(1)"#,
      disk: "write", causes: ["atime"], changed: ["read"]),
    DiskCause(
      name: "access time, strictatime", before: #"open("read", "rb", 0).read(1)"#,
      act: #"open("read", "rb", 0).read(1)"#,
      disk: "write", causes: ["atime"], changed: ["read"], mountOption: "strictatime"),
    DiskCause(
      name: "truncate", act: #"os.truncate("cut", 4096)"#,
      disk: "write", causes: metadata, changed: ["cut"], isNamelessOnBtrfs: true),
    DiskCause(
      name: "delete", act: #"os.remove("removed")"#,
      disk: "write", causes: metadata, changed: ["", "removed"], isNamelessOnBtrfs: true),
    DiskCause(
      name: "chmod", act: #"os.chmod("mode", 0o600)"#,
      disk: "write", causes: metadata, changed: ["mode"], isNamelessOnBtrfs: true),
    DiskCause(
      name: "fchmod", act: #"os.fchmod(os.open("mode", os.O_RDONLY), 0o640)"#,
      disk: "write", causes: metadata, changed: ["mode"]),
    DiskCause(
      name: "discard",
      act: """
        import fcntl, struct
        fcntl.ioctl(os.open(".", os.O_RDONLY), 0xc0185879, struct.pack("QQQ", 0, 1 << 40, 0))
        """,
      disk: "discard", causes: ["discard"], changed: [""]),
    DiskCause(
      name: "raw device",
      act: #"os.pread(os.open(os.environ["DEVICE"], os.O_RDONLY), 4096, 200 << 20)"#,
      disk: "read", causes: ["raw"]),
  ]
}
