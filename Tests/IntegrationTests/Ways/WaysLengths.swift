// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let lengths = """
    truncate
      truncate W file size=10 = 0
      => W file writes=1/0
    truncate-through-link
      truncate W sub/file size=200 = 0
      => W sub/file writes=1/0
    truncate-link
      truncate W file size=100 = 0
      => W file writes=1/0
    truncate-through-long-link
      truncate W long-link/file size=10 filename=long-link/file resolved=false = 0
      => W long-link/file writes=1/0 resolved=false
    truncate-missing
      truncate W missing size=10 filename=missing = ENOENT
    truncate-directory
      truncate W sub size=10 filename=sub = EISDIR
    truncate-negative
      truncate W file size=18446744073709551615 filename=file = EINVAL
    ftruncate
      ftruncate W file fd=3 size=10 = 0
      => CW file fd writes=1/0 closes=1
    ftruncate-read-only
      ftruncate W file fd=3 size=10 = EINVAL
      => C file fd closes=1
    ftruncate-bad
      unseen ftruncate = EBADF
    fallocate
      fallocate W file fd=3 mode=0 size=200 offset=50 = 0
      => CW file fd writes=1/0 closes=1
      skip EOPNOTSUPP
    fallocate-keep-size
      fallocate W file fd=3 mode=01 size=4096 offset=0 = 0
      => CW file fd writes=1/0 closes=1
      skip EOPNOTSUPP
    fallocate-punch-hole
      fallocate W file fd=3 mode=03 size=20 offset=10 = 0
      => CW file fd writes=1/0 closes=1
      skip EOPNOTSUPP
    fallocate-read-only
      fallocate W file fd=3 mode=0 size=200 offset=0 = EBADF
      => C file fd closes=1

    mmap
      mmap - file fd=3 flags=02 prot=01 size=4096 offset=0 = *
      => C file fd closes=1
      =>all CM file fd closes=1
    mmap-shared
      mmap - file fd=3 flags=01 prot=03 size=8192 offset=4096 = *
      => CW file fd closes=1
      =>all CWM file fd closes=1
    mmap-write-only
      mmap - file fd=3 flags=01 prot=01 size=4096 offset=0 = EACCES
      => CW file fd closes=1
    mmap-directory
      mmap - sub fd=3 flags=02 prot=01 size=4096 offset=0 = ENODEV
      => C sub fd closes=1
    mmap-anonymous
      unseen mmap = *
      => C file fd closes=1
    """

  static let synchronisation = """
    msync
      msync - file flags=04 size=4096 = 0
      => CW file fd closes=1
    msync-closed
      msync - file flags=04 size=4096 = 0
    msync-anonymous
      unseen msync = 0
    msync-unmapped
      unseen msync = ENOMEM
    fsync
      fsync - file fd=3 = 0
      => CW file fd closes=1
    fsync-directory
      fsync - sub fd=3 = 0
      => C sub fd closes=1
    fsync-fifo
      fsync - fifo fd=3 = EINVAL
      => CW fifo fd closes=1
    fsync-pipe
      unseen fsync = EINVAL
    fsync-bad
      unseen fsync = EBADF
    fdatasync
      fdatasync - file fd=3 = 0
      => CW file fd closes=1
    syncfs
      syncfs - file fd=3 = 0
      => C file fd closes=1
    sync_file_range
      sync_file_range - file fd=3 flags=02 size=4096 offset=0 = 0
      => CW file fd closes=1
    sync_file_range-bad-flags
      sync_file_range - file fd=3 flags=0100 size=20 offset=10 = EINVAL
      => CW file fd closes=1
    sync
      unseen sync = 0
    """

  static let programs = """
    execve
      execve RO program comm=program = 0
      => RO program comm=program
    execve-relative
      execve RO program comm=program = 0
      => RO program comm=program
    execve-link
      execve RO program comm=program-link = 0
      => RO program comm=program-link
    execve-through-link
      execve RO sub/program comm=program = 0
      => RO sub/program comm=program
    execve-interpreted
      execve RO program comm=program = 0
      & execve RO interpreter comm=program = 0
      => RO program comm=program
      => RO interpreter comm=program
    execve-script
      execve RO script comm=script = 0
      & execve RO program comm=script = 0
      & execve RO interpreter comm=script = 0
      => RO script comm=script
      => RO program comm=script
      => RO interpreter comm=script
    execve-script-link
      execve RO script comm=script-link = 0
      & execve RO program comm=script-link = 0
      & execve RO interpreter comm=script-link = 0
      => RO script comm=script-link
      => RO program comm=script-link
      => RO interpreter comm=script-link
    execve-relative-script
      execve RO sub/script comm=script = 0
      & execve RO interpreter comm=script = 0
      => RO sub/script comm=script
      => RO interpreter comm=script
    execve-script-of-script
      execve RO script-of-script comm=script-of-scrip = 0
      & execve RO program comm=script-of-scrip = 0
      & execve RO interpreter comm=script-of-scrip = 0
      => RO script-of-script comm=script-of-scrip
      => RO program comm=script-of-scrip
      => RO interpreter comm=script-of-scrip
    execve-closes
      read R file fd=3 size=10 = 10
      read R other fd=4 size=20 = 20
      execve RO program comm=program = 0
      => RCW file fd reads=1/10 closes=1
      => R other fd reads=1/20
      => RO program comm=program
      => C other fd comm=program closes=1
    execve-missing
      execve RO missing filename=@/missing = ENOENT
    execve-not-directory
      execve RO file/x filename=file/x = ENOTDIR
    execve-not-executable
      execve RO file filename=file = EACCES
    execve-directory
      execve RO sub filename=sub = EACCES
    execve-nonsense
      execve RO nonsense filename=nonsense = ENOEXEC
    execve-lost-script
      execve RO lost-script filename=lost-script = ENOENT
    execveat
      execveat RO sub/program comm=program flags=0 = 0
      => RO sub/program comm=program
      => C sub fd comm=program closes=1
    execveat-descriptor
      execveat RO program comm=* flags=010000 = 0
      => RO program comm=*
      => C program fd comm=* closes=1
    execveat-script
      execveat RO sub/script comm=script flags=0 = 0
      & execveat RO interpreter comm=script flags=0 = 0
      => RO sub/script comm=script
      => RO interpreter comm=script
      => C sub fd comm=script closes=1
      => C script fd comm=script closes=1
    execveat-script-descriptor
      execveat RO script comm=* flags=010000 = 0
      & execveat RO program comm=* flags=010000 = 0
      & execveat RO interpreter comm=* flags=010000 = 0
      => RO script comm=*
      => RO program comm=*
      => RO interpreter comm=*
      => C sub fd comm=* closes=1
      => C script fd comm=* closes=1
    execveat-missing
      execveat RO sub/missing filename=missing flags=0 = ENOENT
      => C sub fd closes=1
    execveat-nofollow
      execveat RO program-link filename=program-link flags=0400 = ELOOP
    """
}
