// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite(
  "A way of a 32-bit program to touch a file", .needsRoot,
  .enabled(if: Program32.isForThisMachine, "fileways32 makes the calls of i386"))
struct Ways32Tests {
  @Test(
    "is shown as the table says, call by call and merged",
    arguments: Way.of32, Scratch.FileSystem.allCases)
  func way(_ way: Way, on fileSystem: Scratch.FileSystem) throws {
    let traced = try #require(try WaysRun.of32(on: fileSystem).ways[way.name])
    if let reason = traced.reasonToSkip(way) { try skip("\(way.name): \(reason)") }
    expectNone(traced.differences(from: way))
  }

  @Test("is in the table, and each line belongs to a way", arguments: Scratch.FileSystem.allCases)
  func complete(on fileSystem: Scratch.FileSystem) throws {
    let run = try WaysRun.of32(on: fileSystem)
    #expect(Set(run.ways.keys).subtracting(Way.of32.map(\.name)) == [])
    expectNone(run.strays)
  }
}

extension WaysRun {
  fileprivate static func of32(on fileSystem: Scratch.FileSystem) throws -> WaysRun {
    try (fileSystem == .disk ? disk32 : memory32).get()
  }

  private static let disk32 = Result { try of32(.disk) }
  private static let memory32 = Result { try of32(.memory) }

  private static func of32(_ fileSystem: Scratch.FileSystem) throws -> WaysRun {
    let program = try Program32.fileways.get()
    if let reason = Program32.refused(program) { try skip(reason) }
    return try Scratch.directory(on: fileSystem) { try WaysRun(of: program, in: $0) }
  }
}

extension Way {
  static let of32 = table(
    """
    open
      open O file fd=3 flags=0 mode=0 = 3
      => CO file fd opens=1 closes=1
    open-create
      open O+ sub/new fd=3 flags=0101 mode=0600 = 3
      => CWO sub/new fd opens=1 closes=1
      => + sub
    open-missing
      open O missing flags=0 mode=0 filename=missing = ENOENT
    mkdir
      mkdir + new mode=0755 = 0
      => + .
    mkdir-existing
      mkdir + sub mode=0755 filename=sub = EEXIST
    mkdirat
      mkdirat + sub/new mode=0755 = 0
      => + sub
      => C sub fd closes=1
    mknod
      mknod + sub/new mode=010644 = 0
      => + sub
    rename
      rename <> file new_path=sub/moved = 0
      => < .
      => > sub
    rename-missing
      rename <> missing new_path=moved filename=missing new_filename=moved = ENOENT
    renameat
      renameat <> sub/file new_path=moved = 0
      => < sub
      => > .
      => C sub fd closes=1
    renameat2
      renameat2 <> file new_path=sub/file flags=02 = 0
      => <> .
      => <> sub
    unlink
      unlink D sub/file = 0
      => D sub
    unlink-missing
      unlink D missing filename=@/missing = ENOENT
    unlinkat
      unlinkat D empty flags=01000 = 0
      => D .
      => C sub fd closes=1
    rmdir
      rmdir D empty = 0
      => D .
    link
      link + file new_path=sub/new = 0
      => + sub
    linkat
      linkat + sub/file new_path=new flags=0 = 0
      => + .
      => C sub fd closes=1
    symlink
      symlink + new = 0
      => + .
    symlinkat
      symlinkat + sub/new = 0
      => + sub
      => C sub fd closes=1
    bind
      bind + socket = 0
      => + .
    bind-socketcall
      bind + socket = 0
      => + .
    connect
      connect - socket = 0
    connect-socketcall
      connect - socket = 0
    sendto-socketcall
      sendto - socket flags=0 size=4 = 4
    sendmsg
      sendmsg - missing flags=0 filename=missing = ENOENT
    sendmsg-socketcall
      sendmsg - missing flags=0 filename=missing = ENOENT
    mount-missing
      mount - missing flags=0 filename=missing = ENOENT
    umount
      umount - sub = 0
    move_mount
      move_mount - sub new_path=empty flags=0 = 0
    fanotify_mark
      fanotify_mark - sub flags=01 = 0
    fanotify_mark-missing
      fanotify_mark - missing flags=01 filename=missing = ENOENT
    swapoff-missing
      swapoff - missing filename=missing = ENOENT
    ioctl-unresvsp
      ioctl W file fd=3 = 0
      => CW file fd writes=1/0 closes=1
    ioctl-getflags
      ioctl - file fd=3 = 0
      => CW file fd closes=1
    madvise-remove
      madvise W file size=4096 = 0
      => W file writes=1/0
      => CW file fd closes=1
    oldstat
      oldstat - file-link filename=file-link = *
    oldlstat
      oldlstat - file-link filename=file-link = *
    oldfstat
      oldfstat - file fd=3 = EOVERFLOW
      => CW file fd closes=1
    truncate
      truncate W file size=10 = 0
      => W file writes=1/0
    truncate64
      truncate64 W file size=5368709120 = 0
      => W file writes=1/0
    truncate64-missing
      truncate64 W missing size=5368709120 filename=missing = ENOENT
    ftruncate
      ftruncate W file fd=3 size=10 = 0
      => CW file fd writes=1/0 closes=1
    ftruncate64
      ftruncate64 W file fd=3 size=5368709120 = 0
      => CW file fd writes=1/0 closes=1
    fallocate
      fallocate W file fd=3 mode=01 offset=5368709120 size=4096 = 0
      => CW file fd writes=1/0 closes=1
      skip EOPNOTSUPP
    sendfile
      sendfile R file fd=3 size=60 = 60
      & sendfile W other fd=4 size=60 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    sendfile64
      sendfile64 R file fd=3 size=60 = 60
      & sendfile64 W other fd=4 size=60 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    copy_file_range
      copy_file_range R file fd=3 size=60 flags=0 = 60
      & copy_file_range W other fd=4 size=60 flags=0 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    vmsplice
      vmsplice W fifo fd=3 size=10 flags=0 = 10
      => CW fifo fd writes=1/10 closes=1
    aio-pread
      aio_pread R file fd=3 size=30 offset=10 = 30
      => RCW file fd reads=1/30 closes=1
    aio-preadv
      aio_preadv R file fd=3 size=10 offset=10 = 10
      => RCW file fd reads=1/10 closes=1
    getdents
      getdents R sub fd=3 size=4096 = *
      => RC sub fd reads=1/returned closes=1
    getdents64
      getdents64 R sub fd=3 size=4096 = *
      => RC sub fd reads=1/returned closes=1
    mmap
      mmap - file fd=3 flags=02 prot=01 size=4096 offset=4096 = *
      => CW file fd closes=1
      =>all CWM file fd closes=1
    mmap2
      mmap2 - file fd=3 flags=01 prot=01 size=4096 offset=5368709120 = *
      => CW file fd closes=1
      =>all CWM file fd closes=1
    msync
      msync - file flags=04 size=4096 = 0
      => CW file fd closes=1
    fsync
      fsync - file fd=3 = 0
      => CW file fd closes=1
    fdatasync
      fdatasync - file fd=3 = 0
      => CW file fd closes=1
    sync_file_range
      sync_file_range - file fd=3 flags=02 offset=5368709120 size=4096 = 0
      => CW file fd closes=1
    stat
      stat - file = 0
    lstat
      lstat - file-link = 0
    fstat
      fstat - file fd=3 = 0
      => CW file fd closes=1
    stat64
      stat64 - sub/file = 0
    stat64-missing
      stat64 - missing filename=missing = ENOENT
    lstat64
      lstat64 - file-link = 0
    fstat64
      fstat64 - file fd=3 = 0
      => CW file fd closes=1
    fstatat64
      fstatat64 - file-link flags=0400 = 0
      => C sub fd closes=1
    statx
      statx - file flags=0 = 0
    access
      access - file mode=04 = 0
    access-missing
      access - missing mode=04 filename=missing = ENOENT
    faccessat
      faccessat - sub/file mode=04 = 0
      => C sub fd closes=1
    readlink
      readlink - file-link size=100 = 4
    readlinkat
      readlinkat - link size=100 = 3
      => C sub fd closes=1
    chmod
      chmod - file mode=0600 = 0
    fchmod
      fchmod - file fd=3 mode=0600 = 0
      => CW file fd closes=1
    fchmodat
      fchmodat - sub/file mode=0600 = 0
      => C sub fd closes=1
    chown
      chown - file = 0
    chown32
      chown32 - file = 0
    lchown32
      lchown32 - file-link = 0
    fchown32
      fchown32 - file fd=3 = 0
      => CW file fd closes=1
    utime
      utime - file = 0
    utimensat
      utimensat - file flags=0400 = 0
    utimensat_time64
      utimensat_time64 - file flags=0 = 0
    getxattr-none
      getxattr - file size=100 filename=file = ENODATA
      skip EOPNOTSUPP
    statfs64
      statfs64 - file = 0
    fstatfs64
      fstatfs64 - file fd=3 = 0
      => CW file fd closes=1
    chdir
      chdir - sub = 0
    fchdir
      fchdir - sub fd=3 = 0
      => C sub fd closes=1
    execve
      execve RO program comm=program = 0
      => RO program comm=program
    execve-script
      execve RO script comm=script = 0
      & execve RO program comm=script = 0
      => RO script comm=script
      => RO program comm=script
    execve-missing
      execve RO missing filename=@/missing = ENOENT
    execveat
      execveat RO program comm=program flags=0 = 0
      => RO program comm=program
    """)
}
