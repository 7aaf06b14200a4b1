// SPDX-License-Identifier: Apache-2.0

/// An access that causes requests whose pages are not those of the file in the page cache.
struct DiskAccess {
  let name: String
  /// Python lines, run in the file system.
  let act: String
  /// "read" or "write": what the request to the file must be.
  let disk: String
  /// The file whose data are transferred; nil for the device itself.
  let file: String?
  let causes: Set<String>
  /// Whether the access ends the process, as it becomes another program.
  var isLast = false
}

/// The kind of memory that a direct access transfers to or from.
enum DirectBuffer: String, CaseIterable {
  case sharedAnonymous = "mmap.mmap(-1, size)"
  case privateAnonymous = "mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE)"
  case memoryFile = "of(os.memfd_create('memory'))"
  case sharedMemory = "of(os.open('/dev/shm', os.O_RDWR | os.O_TMPFILE))"
  case hugePages = "mmap.mmap(-1, 1 << 21, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x40000)"
  case sameFileSystem = "of(os.open('other', os.O_RDWR))"
  case otherFileSystem = "of(os.open('../elsewhere', os.O_RDWR | os.O_CREAT))"
  case itself = "of(os.open('target', os.O_RDWR))"
  case node = "of(os.open(os.environ['DEVICE'], os.O_RDWR), 1 << 28)"

  /// Defines the names that the accesses of `direct` use.
  static let names = """
    import mmap
    size = 1 << 14
    def of(file, offset=0):
      if os.fstat(file).st_size < 2 * size and offset == 0: os.ftruncate(file, 1 << 18)
      mapped = mmap.mmap(file, 1 << 18, offset=offset)
      sum(mapped[at] for at in range(0, size, 4096))
      return mapped
    """

  /// A direct read and a direct write, with the lines that map their memory. btrfs may use the page
  /// cache in spite of O_DIRECT, and may find there what it reads.
  static func accesses(_ buffer: DirectBuffer, btrfs: Bool) -> [DiskAccess] {
    let act = """
      buffer = \(buffer.rawValue)
      file = os.open("target", os.O_RDWR | os.O_DIRECT)
      os.preadv(file, [memoryview(buffer)[:size]], size)
      os.pwritev(file, [memoryview(buffer)[:size]], 1 << 16)
      os.fsync(file)
      """
    let write = DiskAccess(
      name: "\(buffer), write", act: act, disk: "write", file: "target",
      causes: btrfs ? ["direct", "fsync", "writeback"] : ["direct"])
    let read = DiskAccess(
      name: "\(buffer), read", act: act, disk: "read", file: "target", causes: ["direct"])
    return btrfs ? [write] : [write, read]
  }
}

/// A file system whose data are not transferred through the pages of its files, or not by the
/// thread that asks for them.
struct DiskLayout {
  let name: String
  /// Makes the file system on $DEVICE, with the files of the directory `source` if it cannot be
  /// written to.
  let make: String
  var options = ""
  /// Python lines that run in the file system before the accesses.
  var prepare = ""
  let accesses: [DiskAccess]

  static let all = [
    DiskLayout(
      name: "btrfs, compressed", make: "mkfs.btrfs -q -K $DEVICE",
      options: "-o compress-force=zstd",
      prepare: files, accesses: reading + writing + asynchronous),
    DiskLayout(
      name: "btrfs", make: "mkfs.btrfs -q -K $DEVICE", prepare: files,
      accesses: reading + writing + asynchronous),
    DiskLayout(
      name: "ext4, encrypted",
      make: "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0,nodiscard -O encrypt $DEVICE",
      options: "-o no_prefetch_block_bitmaps", prepare: encrypted + "os.chdir('secret')\n" + files,
      accesses: (reading + writing).map(\.inSecret)),
    DiskLayout(
      name: "squashfs", make: "mksquashfs source $DEVICE -noappend -quiet", accesses: reading),
    DiskLayout(name: "erofs", make: "mkfs.erofs --quiet $DEVICE source", accesses: reading),
    DiskLayout(
      name: "erofs, compressed", make: "mkfs.erofs --quiet -zlz4hc -C65536 $DEVICE source",
      accesses: reading),
  ]

  /// Python lines that write out this file system and no other.
  static let syncFileSystem =
    "import ctypes; ctypes.CDLL(None).syncfs(os.open('.', os.O_RDONLY))"

  /// Files that can be compressed, but not to nothing.
  static let files = """
    def write(name): open(name, "wb").write((os.urandom(1000) + bytes(3000)) * 80)
    for name in "read", "mapped", "overlaid": write(name)
    open("program", "wb").write(open("/bin/true", "rb").read() + os.urandom(100))
    os.chmod("program", 0o755)
    """

  private static let reading = [
    DiskAccess(
      name: "read", act: #"open("read", "rb", 0).read(65536)"#, disk: "read", file: "read",
      causes: ["read"]),
    DiskAccess(
      name: "fault",
      act: """
        import mmap
        mapped = mmap.mmap(os.open("mapped", os.O_RDONLY), 0, prot=mmap.PROT_READ)
        mapped[200000]
        """, disk: "read", file: "mapped", causes: ["fault"]),
    DiskAccess(
      name: "exec", act: #"os.execv("program", ["program"])"#, disk: "read", file: "program",
      causes: ["exec"], isLast: true),
  ]

  private static let writing = [
    DiskAccess(
      name: "fsync",
      act: """
        file = os.open("fsynced", os.O_WRONLY | os.O_CREAT)
        os.write(file, b"y" * 300000)
        os.fsync(file)
        """, disk: "write", file: "fsynced", causes: ["fsync"]),
    DiskAccess(
      name: "sync", act: #"open("synced", "wb").write(b"x" * 300000); "# + syncFileSystem,
      disk: "write", file: "synced", causes: ["sync", "writeback"]),
  ]

  private static let asynchronous = ["read", "write"].enumerated().map { number, disk in
    DiskAccess(
      name: "asynchronous direct \(disk)",
      act: """
        import ctypes, mmap, platform, struct
        # As include/uapi/linux/aio_abi.h has it.
        io_setup, io_submit, io_getevents = (206, 209, 208) if platform.machine() == "x86_64" else (0, 2, 4)
        syscall = ctypes.CDLL(None).syscall
        memory = mmap.mmap(-1, 1 << 16)
        file = os.open("asynchronous", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
        if \(number) == 0: os.pwritev(file, [memory], 0); os.fsync(file)
        context = ctypes.c_ulong()
        syscall(io_setup, 1, ctypes.byref(context))
        block = ctypes.create_string_buffer(struct.pack(
          "QIIHHIQQqQII", 0, 0, 0, \(number), 0, file,
          ctypes.addressof(ctypes.c_char.from_buffer(memory)), 1 << 16, 0, 0, 0, 0))
        assert syscall(io_submit, context, 1, (ctypes.c_void_p * 1)(ctypes.addressof(block))) == 1
        assert syscall(io_getevents, context, 1, 1, ctypes.create_string_buffer(32), None) == 1
        \(syncFileSystem)
        """, disk: disk, file: "asynchronous",
      // btrfs may use the page cache in spite of O_DIRECT.
      causes: ["direct", "read", "fsync", "sync", "writeback"])
  }

  /// Makes a directory "secret" whose files are encrypted (include/uapi/linux/fscrypt.h).
  private static let encrypted = """
    import fcntl, struct
    root = os.open(".", os.O_RDONLY)
    key = bytearray(struct.pack("2I32x2I32x", 2, 0, 64, 0) + os.urandom(64))
    fcntl.ioctl(root, 0xc0506617, key)
    os.mkdir("secret")
    policy = struct.pack("4B4x16s", 2, 1, 4, 2, bytes(key[8:24]))
    fcntl.ioctl(os.open("secret", os.O_RDONLY), 0x800c6613, policy)

    """
}

extension DiskAccess {
  fileprivate var inSecret: DiskAccess {
    DiskAccess(
      name: name, act: "os.chdir('secret')\n" + act, disk: disk, file: file.map { "secret/\($0)" },
      causes: causes, isLast: isLast)
  }
}
