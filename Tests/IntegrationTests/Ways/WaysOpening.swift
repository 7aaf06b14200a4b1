// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let opening = """
    open
      open O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    open-relative
      open O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    open-dots
      open O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    open-from-parent
      open O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    open-directory
      open O sub fd=3 flags=O_DIRECTORY mode=0 = 3
      => CO sub fd opens=1 closes=1
    open-through-link
      open O sub/file fd=3 flags=O_RDONLY mode=0 = 3
      => CO sub/file fd opens=1 closes=1
    open-through-absolute-link
      open O sub/file fd=3 flags=O_RDONLY mode=0 = 3
      => CO sub/file fd opens=1 closes=1
    open-link
      open O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    open-link-itself
      open O file-link fd=3 flags=O_PATH|O_NOFOLLOW mode=0 = 3
      => CO file-link fd opens=1 closes=1
    open-path
      open O file fd=3 flags=O_PATH mode=0 = 3
      => CO file fd opens=1 closes=1
    open-through-proc
      open O file fd=4 flags=O_RDONLY mode=0 = 4
      => CO file fd opens=1 closes=2
    open-nofollow
      open O file-link flags=O_NOFOLLOW mode=0 filename=file-link = ELOOP
    open-missing
      open O missing flags=O_RDONLY mode=0 filename=@/missing = ENOENT
    open-missing-through-link
      open O link/missing flags=O_RDONLY mode=0 filename=link/missing = ENOENT
    open-not-directory
      open O file/x flags=O_RDONLY mode=0 filename=file/x = ENOTDIR
    open-loop
      open O loop flags=O_RDONLY mode=0 filename=loop = ELOOP
    open-dangling
      open O dangling flags=O_RDONLY mode=0 filename=dangling = ENOENT
    open-directory-to-write
      open O sub flags=O_WRONLY mode=0 filename=sub = EISDIR
    open-empty-name
      open O . flags=O_RDONLY mode=0 filename= = ENOENT
    open-no-name
      unseen open = EFAULT

    openat
      openat O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    openat-dfd
      openat O sub/file fd=4 flags=O_RDONLY mode=0 = 4
      => CO sub/file fd opens=1 closes=1
      => C sub fd closes=1
    openat-dfd-parent
      openat O file fd=4 flags=O_RDONLY mode=0 = 4
      => CO file fd opens=1 closes=1
      => C sub fd closes=1
    openat-dfd-missing
      openat O sub/missing flags=O_RDONLY mode=0 filename=missing = ENOENT
      => C sub fd closes=1
    openat-dfd-of-file
      openat O file/x flags=O_RDONLY mode=0 filename=x = ENOTDIR
      => C file fd closes=1
    openat-absolute
      openat O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    openat-bad-dfd
      unseen openat = EBADF

    openat2
      openat2 O file fd=3 flags=O_RDONLY mode=0 = 3
      => CO file fd opens=1 closes=1
    openat2-dfd
      openat2 O sub/file fd=4 flags=O_RDONLY mode=0 = 4
      => CO sub/file fd opens=1 closes=1
      => C sub fd closes=1
    openat2-create
      openat2 O+ new fd=3 flags=O_CREAT|O_WRONLY mode=0600 = 3
      => CWO new fd opens=1 closes=1
      => + .
    openat2-missing
      openat2 O missing flags=O_RDONLY mode=0 filename=missing = ENOENT
    openat2-beneath
      openat2 O file flags=O_RDONLY mode=0 filename=../file = EXDEV
      => C sub fd closes=1
    openat2-without-links
      openat2 O link/file flags=O_RDONLY mode=0 filename=link/file = ELOOP
    openat2-in-root
      openat2 O sub/file fd=4 flags=O_RDONLY mode=0 = 4
      => CO sub/file fd opens=1 closes=1
      => C sub fd closes=1
    openat2-in-root-missing
      openat2 O sub/missing flags=O_RDONLY mode=0 filename=/missing = ENOENT
      => C sub fd closes=1
    """

  static let creating = """
    creat
      creat O+ new fd=3 flags=O_CREAT|O_WRONLY|O_TRUNC mode=0640 = 3
      => CWO new fd opens=1 closes=1
      => + .
    creat-existing
      creat WO file fd=3 flags=O_CREAT|O_WRONLY|O_TRUNC mode=0640 = 3
      => CWO file fd opens=1 closes=1
    creat-missing-directory
      creat O missing/new flags=O_CREAT|O_WRONLY|O_TRUNC mode=0640 filename=missing/new = ENOENT
    open-create
      open O+ new fd=3 flags=O_CREAT|O_RDWR mode=0600 = 3
      => CWO new fd opens=1 closes=1
      => + .
    open-create-read-only
      open O+ new fd=3 flags=O_CREAT mode=0600 = 3
      => CO new fd opens=1 closes=1
      => + .
    open-create-existing
      open O file fd=3 flags=O_CREAT|O_RDWR mode=0600 = 3
      => CWO file fd opens=1 closes=1
    open-create-exclusive
      open O+ new fd=3 flags=O_CREAT|O_EXCL|O_WRONLY mode=0600 = 3
      => CWO new fd opens=1 closes=1
      => + .
    open-exclusive-existing
      open O file flags=O_CREAT|O_EXCL|O_WRONLY mode=0600 filename=file = EEXIST
    open-create-through-link
      open O+ sub/new fd=3 flags=O_CREAT|O_WRONLY mode=0600 = 3
      => CWO sub/new fd opens=1 closes=1
      => + sub
    open-create-dangling
      open O+ nowhere fd=3 flags=O_CREAT|O_WRONLY mode=0600 = 3
      => CWO nowhere fd opens=1 closes=1
      => + .
    openat-create-dfd
      openat O+ sub/new fd=4 flags=O_CREAT|O_WRONLY mode=0600 = 4
      => CWO sub/new fd opens=1 closes=1
      => + sub
      => C sub fd closes=1
    open-truncate
      open WO file fd=3 flags=O_WRONLY|O_TRUNC mode=0 = 3
      => CWO file fd opens=1 closes=1
    open-truncate-fifo
      open O fifo fd=3 flags=O_RDWR|O_TRUNC mode=0 = 3
      => CWO fifo fd opens=1 closes=1
    open-tmpfile
      openat O sub/# fd=3 flags=O_TMPFILE|O_RDWR mode=0600 deleted = 3
      => CWO sub/# fd opens=1 closes=1 deleted
    open-handle
      open_by_handle_at O file fd=4 flags=O_RDONLY mode=0 = 4
      => CO file fd opens=1 closes=1
      => C . fd closes=1
    open-stale-handle
      unseen open_by_handle_at = ESTALE
      => C . fd closes=1
    """

  static let reading = """
    read
      read R file fd=3 size=10 = 10
      => RC file fd reads=1/10 closes=1
    read-end
      pread64 R file fd=3 size=10 offset=1000 = 0
      => RC file fd reads=1/0 closes=1
    read-directory
      read R sub fd=3 size=10 = EISDIR
      => C sub fd closes=1
    read-write-only
      read R file fd=3 size=10 = EBADF
      => CW file fd closes=1
    read-fault
      read R file fd=3 size=10 = EFAULT
      => C file fd closes=1
    read-bad
      unseen read = EBADF
    pread64
      pread64 R file fd=3 size=10 offset=95 = 5
      => RC file fd reads=1/5 closes=1
    readv
      readv R file fd=3 size=10 = 10
      => RC file fd reads=1/10 closes=1
    preadv
      preadv R file fd=3 size=10 offset=20 = 10
      => RC file fd reads=1/10 closes=1
    preadv2
      preadv2 R file fd=3 size=10 offset=20 = 10
      => RC file fd reads=1/10 closes=1
    preadv2-position
      preadv2 R file fd=3 size=10 offset=-1 = 10
      => RC file fd reads=1/10 closes=1
    write
      write W file fd=3 size=10 = 10
      => CW file fd writes=1/10 closes=1
    write-read-only
      write W file fd=3 size=10 = EBADF
      => C file fd closes=1
    pwrite64
      pwrite64 W file fd=3 size=10 offset=20 = 10
      => CW file fd writes=1/10 closes=1
    writev
      writev W file fd=3 size=10 = 10
      => CW file fd writes=1/10 closes=1
    pwritev
      pwritev W file fd=3 size=10 offset=20 = 10
      => CW file fd writes=1/10 closes=1
    pwritev2
      pwritev2 W file fd=3 size=10 offset=20 = 10
      => CW file fd writes=1/10 closes=1
    write-fifo
      write W fifo fd=3 size=10 = 10
      => CW fifo fd writes=1/10 closes=1
    close
      close C file fd=3 = 0
      => C file fd closes=1
    close-writable
      close CW file fd=3 = 0
      => CW file fd closes=1
    close-path
      close C file fd=3 = 0
      => C file fd closes=1
    close-bad
      unseen close = EBADF
    close-otherwise
      read R file fd=3 size=10 = 10
      unseen dup2 = 3
      read R other fd=3 size=10 = 10
      unseen close_range = 0
      => RC file fd reads=1/10 closes=1
      => RCW other fd reads=1/10 closes=2
    getdents64
      getdents64 R sub fd=3 size=4096 = *
      getdents64 R sub fd=3 size=4096 = 0
      close C sub fd=3 = 0
      => RC sub fd reads=2/returned closes=1
    getdents
      getdents R sub fd=3 size=4096 = *
      => RC sub fd reads=1/returned closes=1
    getdents64-file
      getdents64 R file fd=3 size=4096 = ENOTDIR
      => C file fd closes=1
    getdents64-too-small
      getdents64 R sub fd=3 size=1 = EINVAL
      => C sub fd closes=1
    """
}
