// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let ringFiles = """
    io_uring-read (each mode)
      io_uring_read R file fd=4 size=30 offset=10 = 30
      => R file reads=1/30
      => CW file fd closes=1
    io_uring-readv (each mode)
      io_uring_readv R file fd=4 size=10 offset=95 = 5
      => R file reads=1/5
      => CW file fd closes=1
    io_uring-read-fixed (each mode)
      io_uring_read_fixed R file fd=4 size=30 offset=10 = 30
      => R file reads=1/30
      => CW file fd closes=1
    io_uring-read-registered (each mode)
      io_uring_read R file size=30 offset=10 = 30
      => R file reads=1/30
      => CW file fd closes=1
    io_uring-write (each mode)
      io_uring_write W file fd=4 size=30 offset=10 = 30
      => W file writes=1/30
      => CW file fd closes=1
    io_uring-writev (each mode)
      io_uring_writev W file fd=4 size=10 offset=10 = 10
      => W file writes=1/10
      => CW file fd closes=1
    io_uring-write-fixed (each mode)
      io_uring_write_fixed W file fd=4 size=30 offset=10 = 30
      => W file writes=1/30
      => CW file fd closes=1
    io_uring-write-registered (each mode)
      io_uring_write W file size=30 offset=10 = 30
      => W file writes=1/30
      => CW file fd closes=1
    io_uring-splice (each mode)
      io_uring_splice R file fd=4 size=30 = 30
      => R file reads=1/30
      => CW file fd closes=1
    io_uring-splice-to-fifo
      io_uring_splice R file fd=4 size=30 = 30
      & io_uring_splice W fifo fd=5 size=30 = 30
      => R file reads=1/30
      => W fifo writes=1/30
      => C file fd closes=1
      => CW fifo fd closes=1
    io_uring-splice-back (each mode)
      io_uring_splice W file fd=4 size=30 = 30
      => W file writes=1/30
      => CW file fd closes=1
    io_uring-fsync (each mode)
      io_uring_fsync - file fd=4 = 0
      => CW file fd closes=1
    io_uring-fallocate (each mode)
      io_uring_fallocate W file fd=4 mode=0 size=200 offset=50 = 0
      => W file writes=1/0
      => CW file fd closes=1
    io_uring-fsetxattr (each mode)
      io_uring_fsetxattr - file fd=4 flags=0 size=5 = 0
      => CW file fd closes=1
      skip EOPNOTSUPP
    io_uring-fgetxattr
      io_uring_fsetxattr - file fd=4 flags=0 size=5 = 0
      io_uring_fgetxattr - file fd=4 size=100 = 5
      => CW file fd closes=1
      skip EOPNOTSUPP
    io_uring-close (each mode)
      io_uring_close CW file fd=4 = 0
      => CW file fd closes=1
    io_uring-read-position
      io_uring_read R file fd=4 size=30 offset=-1 = 30
      => R file reads=1/30
      => CW file fd closes=1
    io_uring-read-write-only
      io_uring_read R file fd=4 size=30 offset=10 = EBADF
      => CW file fd closes=1
    io_uring-read-fault
      io_uring_read R file fd=4 size=30 offset=0 = EFAULT
      => CW file fd closes=1
    io_uring-read-bad
      unseen io_uring_read = EBADF
    io_uring-tee
      io_uring_tee R fifo fd=4 size=30 = 30
      => R fifo reads=1/30
      => CW fifo fd closes=1
    io_uring-sync_file_range
      io_uring_sync_file_range - file fd=4 flags=0 size=4096 offset=0 = 0
      => CW file fd closes=1
    io_uring-ftruncate
      io_uring_ftruncate W file fd=4 size=10 = 0
      => W file writes=1/0
      => CW file fd closes=1
      skip EINVAL
    io_uring-close-bad
      unseen io_uring_close = EBADF
    """

  static let ringNames = """
    io_uring-openat (each mode)
      io_uring_openat O sub/file fd=4 flags=O_LARGEFILE mode=0 = 4
      => CO sub/file fd opens=1 closes=1
    io_uring-openat-dfd (each mode)
      io_uring_openat O sub/file fd=5 flags=O_LARGEFILE mode=0 = 5
      => CO sub/file fd opens=1 closes=1
      => C sub fd closes=1
    io_uring-openat-create (each mode)
      io_uring_openat O+ new fd=4 flags=O_CREAT|O_WRONLY|O_LARGEFILE mode=0600 = 4
      => CWO new fd opens=1 closes=1
      => + .
    io_uring-openat-missing (each mode)
      io_uring_openat O missing flags=O_LARGEFILE mode=0 filename=missing = ENOENT
    io_uring-openat2 (each mode)
      io_uring_openat2 O file fd=4 flags=O_LARGEFILE mode=0 = 4
      => CO file fd opens=1 closes=1
    io_uring-unlinkat (each mode)
      io_uring_unlinkat D sub/file flags=0 = 0
      => D sub
    io_uring-renameat (each mode)
      io_uring_renameat <> file new_path=sub/moved flags=0 = 0
      => < .
      => > sub
    io_uring-mkdirat (each mode)
      io_uring_mkdirat + new mode=0755 = 0
      => + .
    io_uring-symlinkat (each mode)
      io_uring_symlinkat + new = 0
      => + .
    io_uring-linkat (each mode)
      io_uring_linkat + file new_path=sub/new flags=0 = 0
      => + sub
    io_uring-statx (each mode)
      io_uring_statx - file flags=0 = 0
    io_uring-setxattr (each mode)
      io_uring_setxattr - file flags=01 size=5 = 0
      skip EOPNOTSUPP
    io_uring-getxattr (each mode)
      io_uring_getxattr - file size=100 = 5
      skip EOPNOTSUPP
    io_uring-bind (each mode)
      io_uring_bind + socket = 0
      => + .
      skip EINVAL
    io_uring-connect (each mode)
      io_uring_connect - socket = 0
    io_uring-openat-truncate
      io_uring_openat WO file fd=4 flags=O_TRUNC|O_WRONLY|O_LARGEFILE mode=0 = 4
      => CWO file fd opens=1 closes=1
    io_uring-openat-direct
      io_uring_openat O file flags=O_LARGEFILE mode=0 = 0
      io_uring_read R file size=30 offset=0 = 30
      => RO file reads=1/30
    io_uring-unlinkat-directory
      io_uring_unlinkat D empty flags=01000 = 0
      => D .
    io_uring-unlinkat-missing
      io_uring_unlinkat D missing flags=0 filename=missing = ENOENT
    io_uring-renameat-replace
      io_uring_renameat <> file new_path=other flags=0 = 0
      => <> .
    io_uring-renameat-missing
      io_uring_renameat <> missing new_path=moved flags=0 filename=missing new_filename=moved = ENOENT
    io_uring-mkdirat-dfd
      io_uring_mkdirat + sub/new mode=0755 = 0
      => + sub
      => C sub fd closes=1
    io_uring-mkdirat-existing
      io_uring_mkdirat + sub mode=0755 filename=sub = EEXIST
    io_uring-statx-missing
      io_uring_statx - missing flags=0 filename=missing = ENOENT
    io_uring-setxattr-missing
      io_uring_setxattr - missing flags=0 size=5 filename=missing = ENOENT
    io_uring-getxattr-none
      io_uring_getxattr - sub/file size=100 filename=sub/file = ENODATA
      skip EOPNOTSUPP
    io_uring-bind-short
      io_uring_bind + soc = 0
      => + .
      skip EINVAL
    io_uring-bind-taken
      unseen io_uring_bind = EADDRINUSE
      skip EINVAL
    io_uring-bind-abstract
      unseen io_uring_bind = 0
      skip EINVAL
    io_uring-connect-file
      io_uring_connect - file filename=file = ECONNREFUSED
    io_uring-connect-abstract
      unseen io_uring_connect = ECONNREFUSED
    """
}
