// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let moving = """
    rename
      rename <> file new_path=moved = 0
      => <> .
    rename-relative
      rename <> file new_path=moved = 0
      => <> .
    rename-across
      rename <> file new_path=sub/moved = 0
      => < .
      => > sub
    rename-over
      rename <> file new_path=other = 0
      => <> .
    rename-through-links
      rename <> sub/file new_path=sub/moved = 0
      => <> sub
    rename-through-long-link
      rename <> long-link/file new_path=long-link/moved filename=long-link/file new_filename=long-link/moved resolved=false = 0
      => <> long-link resolved=false
    rename-link
      rename <> link new_path=moved = 0
      => <> .
    rename-directory
      rename <> sub new_path=moved = 0
      => <> .
    rename-directory-slash
      rename <> sub new_path=moved = 0
      => <> .
    rename-directory-across
      rename <> sub new_path=empty/moved = 0
      => < .
      => > empty
    rename-directory-over
      rename <> sub new_path=empty = 0
      => <> .
    rename-hard-links
      rename <> file new_path=hard = 0
    rename-same-name
      rename <> file new_path=file = 0
    rename-open-file
      write W file fd=3 size=10 = 10
      renameat <> file new_path=moved = 0
      write W moved fd=3 size=20 = 20
      close CW moved fd=3 = 0
      => <> .
      => W file fd writes=1/10
      => CW moved fd writes=1/20 closes=1
    rename-missing
      rename <> missing new_path=moved filename=@/missing new_filename=@/moved = ENOENT
    rename-missing-directory
      rename <> file new_path=missing/moved filename=file new_filename=missing/moved = ENOENT
    rename-into-itself
      rename <> sub new_path=sub/moved filename=sub new_filename=sub/moved = EINVAL
    rename-over-full
      rename <> empty new_path=sub filename=empty new_filename=sub = ENOTEMPTY
    rename-directory-over-file
      rename <> sub new_path=file filename=sub new_filename=file = ENOTDIR
    rename-file-over-directory
      rename <> file new_path=empty filename=file new_filename=empty = EISDIR
    rename-other-device
      rename <> file new_path=/sys/moved filename=file new_filename=/sys/moved = EXDEV
    renameat
      renameat <> file new_path=moved = 0
      => <> .
    renameat-dfds
      renameat <> sub/file new_path=moved = 0
      => < sub
      => > .
      => C sub fd closes=1
    renameat-bad-dfd
      renameat <> - new_path=moved filename=file new_filename=moved = EBADF
    renameat2
      renameat2 <> file new_path=moved flags=0 = 0
      => <> .
    renameat2-noreplace
      renameat2 <> file new_path=sub/moved flags=01 = 0
      => < .
      => > sub
    renameat2-noreplace-existing
      renameat2 <> file new_path=other flags=01 filename=file new_filename=other = EEXIST
    renameat2-exchange
      renameat2 <> file new_path=sub/file flags=02 = 0
      => <> .
      => <> sub
    renameat2-exchange-directory
      renameat2 <> sub new_path=other flags=02 = 0
      => <> .
    renameat2-exchange-missing
      renameat2 <> file new_path=missing flags=02 filename=file new_filename=missing = ENOENT
    renameat2-whiteout
      renameat2 <> file new_path=moved flags=04 = 0
      => <> .
      skip EPERM
    renameat2-bad-flags
      renameat2 <> file new_path=moved flags=03 filename=file new_filename=moved = EINVAL
    """

  static let transfers = """
    sendfile
      sendfile R file fd=3 size=60 = 60
      & sendfile W other fd=4 size=60 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    sendfile-offset
      sendfile R file fd=3 size=60 = 60
      & sendfile W other fd=4 size=60 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    sendfile-end
      sendfile R file fd=3 size=60 = 0
      & sendfile W other fd=4 size=60 = 0
      => RC file fd reads=1/0 closes=1
      => CW other fd closes=1
    sendfile-to-socket
      sendfile R file fd=5 size=60 = 60
      => RC file fd reads=1/60 closes=1
    sendfile-read-only
      sendfile R file fd=3 size=60 = EBADF
      & sendfile W other fd=4 size=60 = EBADF
      => C file fd closes=1
      => C other fd closes=1
    sendfile-bad
      sendfile R file fd=3 size=60 = EBADF
      => C file fd closes=1
    splice-to-pipe
      splice R file fd=3 size=60 flags=0 = 60
      => RCW file fd reads=1/60 closes=1
    splice-from-pipe
      splice W file fd=3 size=60 flags=0 = 60
      => CW file fd writes=1/60 closes=1
    splice-to-fifo
      splice R file fd=3 size=60 flags=0 = 60
      & splice W fifo fd=4 size=60 flags=0 = 60
      => RC file fd reads=1/60 closes=1
      => CW fifo fd writes=1/60 closes=1
    splice-without-pipe
      splice R file fd=3 size=60 flags=0 = EINVAL
      & splice W other fd=4 size=60 flags=0 = EINVAL
      => C file fd closes=1
      => CW other fd closes=1
    tee
      tee R fifo fd=3 size=60 flags=0 = 60
      => RCW fifo fd reads=1/60 closes=1
    tee-without-pipe
      tee R file fd=3 size=60 flags=0 = EINVAL
      => CW file fd closes=1
    vmsplice
      vmsplice W fifo fd=3 size=10 flags=0 = 10
      => CW fifo fd writes=1/10 closes=1
    vmsplice-read
      vmsplice R fifo fd=4 size=10 flags=0 = 10
      => RCW fifo fd reads=1/10 closes=2
    copy_file_range
      copy_file_range R file fd=3 size=60 flags=0 = 60
      & copy_file_range W other fd=4 size=60 flags=0 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    copy_file_range-offsets
      copy_file_range R file fd=3 size=60 flags=0 = 60
      & copy_file_range W other fd=4 size=60 flags=0 = 60
      => RC file fd reads=1/60 closes=1
      => CW other fd writes=1/60 closes=1
    copy_file_range-end
      copy_file_range R file fd=3 size=60 flags=0 = 0
      & copy_file_range W other fd=4 size=60 flags=0 = 0
      => RC file fd reads=1/0 closes=1
      => CW other fd closes=1
    copy_file_range-one-file
      copy_file_range R file fd=3 size=10 flags=0 = 10
      & copy_file_range W file fd=3 size=10 flags=0 = 10
      => RCW file fd reads=1/10 writes=1/10 closes=1
    copy_file_range-read-only
      copy_file_range R file fd=3 size=60 flags=0 = EBADF
      & copy_file_range W other fd=4 size=60 flags=0 = EBADF
      => C file fd closes=1
      => C other fd closes=1
    copy_file_range-flags
      copy_file_range R file fd=3 size=60 flags=010 = EINVAL
      & copy_file_range W other fd=4 size=60 flags=010 = EINVAL
      => C file fd closes=1
      => CW other fd closes=1
    ficlone
      ioctl R file fd=3 = *
      & ioctl W other fd=4 = *
      =>+ RC file fd reads=1/100 closes=1
      =>+ CW other fd writes=1/100 closes=1
      =>- C file fd closes=1
      =>- CW other fd closes=1
    ficlonerange
      ioctl R file fd=3 = *
      & ioctl W other fd=4 = *
      =>+ RC file fd reads=1/100 closes=1
      =>+ CW other fd writes=1/100 closes=1
      =>- C file fd closes=1
      =>- CW other fd closes=1
    ficlone-read-only
      ioctl R file fd=3 = EBADF
      & ioctl W other fd=4 = EBADF
      => C file fd closes=1
      => C other fd closes=1
    ioctl-other
      unseen ioctl = 0
      => C file fd closes=1
    """

  static let requests = """
    aio-pread
      aio_pread R file fd=3 size=30 offset=10 = 30
      => RCW file fd reads=1/30 closes=1
    aio-pwrite
      aio_pwrite W file fd=3 size=30 offset=10 = 30
      => CW file fd writes=1/30 closes=1
    aio-preadv
      aio_preadv R file fd=3 size=10 offset=95 = 5
      => RCW file fd reads=1/5 closes=1
    aio-pwritev
      aio_pwritev W file fd=3 size=10 offset=10 = 10
      => CW file fd writes=1/10 closes=1
    aio-fsync
      aio_fsync - file fd=3 = 0
      => CW file fd closes=1
    aio-fdsync
      aio_fdsync - file fd=3 = 0
      => CW file fd closes=1
    aio-fault
      aio_pread R file fd=3 size=30 offset=0 = EFAULT
      => CW file fd closes=1
    aio-both
      aio_pread R file fd=3 size=30 offset=0 = 30
      aio_pwrite W file fd=3 size=20 offset=40 = 20
      => RCW file fd reads=1/30 writes=1/20 closes=1
    aio-pgetevents
      aio_pread R file fd=3 size=30 offset=0 = 30
      => RCW file fd reads=1/30 closes=1
    aio-refused
      unseen io_submit = EBADF
      => CW file fd closes=1
    """
}
