// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let looking = """
    stat
      stat - file = 0
    stat-relative
      stat - file = 0
    stat-directory
      stat - sub = 0
    stat-through-link
      stat - sub/file = 0
    stat-link
      stat - file = 0
    stat-absolute-link
      stat - sub = 0
    stat-through-long-link
      stat - long-link/file filename=long-link/file resolved=false = 0
    stat-missing
      stat - missing filename=@/missing = ENOENT
    stat-missing-directory
      stat - missing/x filename=missing/x = ENOENT
    stat-not-directory
      stat - file/x filename=file/x = ENOTDIR
    stat-file-slash
      stat - file filename=file/ = ENOTDIR
    stat-loop
      stat - loop filename=loop = ELOOP
    stat-dangling
      stat - dangling filename=dangling = ENOENT
    stat-empty-name
      stat - . filename= = ENOENT
    lstat
      lstat - file = 0
    lstat-link
      lstat - file-link = 0
    lstat-link-slash
      lstat - sub = 0
    lstat-dangling
      lstat - dangling = 0
    lstat-missing
      lstat - missing filename=missing = ENOENT
    fstat
      fstat - file fd=3 = 0
      => C file fd closes=1
    fstat-path
      fstat - file fd=3 = 0
      => C file fd closes=1
    fstat-bad
      unseen fstat = EBADF
    newfstatat
      newfstatat - file flags=0 = 0
    newfstatat-nofollow
      newfstatat - file-link flags=0400 = 0
    newfstatat-dfd
      newfstatat - file flags=0 = 0
      => C sub fd closes=1
    newfstatat-empty-name
      newfstatat - file flags=010000 = 0
      => C file fd closes=1
    newfstatat-empty-name-cwd
      newfstatat - . flags=010000 = 0
    newfstatat-missing
      newfstatat - sub/missing flags=0 filename=missing = ENOENT
      => C sub fd closes=1
    newfstatat-bad-dfd
      unseen newfstatat = EBADF
    statx
      statx - file flags=0 = 0
    statx-dfd
      statx - sub/file flags=04000 = 0
      => C sub fd closes=1
    statx-empty-name
      statx - file flags=010000 = 0
      => C file fd closes=1
    statx-no-name
      statx - file flags=010000 = 0
      => C file fd closes=1
      skip EFAULT
    statx-missing
      statx - missing flags=0 filename=missing = ENOENT
    access
      access - file mode=04 = 0
    access-link
      access - file mode=0 = 0
    access-missing
      access - missing mode=04 filename=missing = ENOENT
    access-denied
      access - file mode=01 filename=file = EACCES
    faccessat
      faccessat - sub/file mode=02 = 0
      => C sub fd closes=1
    faccessat2
      faccessat2 - file mode=04 flags=01000 = 0
    faccessat2-nofollow
      faccessat2 - file-link mode=04 flags=0400 = 0
    faccessat2-missing
      faccessat2 - link/missing mode=0 flags=0 filename=link/missing = ENOENT
    readlink
      readlink - file-link size=100 = 4
    readlink-through-link
      readlink - file-link size=2 = 2
    readlink-long
      readlink - long-link size=1000 = 203
    readlink-file
      readlink - file size=100 filename=file = EINVAL
    readlink-missing
      readlink - missing size=100 filename=missing = ENOENT
    readlinkat
      readlinkat - link size=100 = 3
      => C sub fd closes=1
    readlinkat-empty-name
      readlinkat - file-link size=100 = 4
      => C file-link fd closes=1
    statfs
      statfs - file = 0
    statfs-missing
      statfs - missing filename=missing = ENOENT
    fstatfs
      fstatfs - file fd=3 = 0
      => C file fd closes=1
    inotify_add_watch
      inotify_add_watch - sub = 1
    inotify_add_watch-nofollow
      inotify_add_watch - link = 1
    inotify_add_watch-missing
      inotify_add_watch - missing filename=missing = ENOENT
    name_to_handle_at
      name_to_handle_at - file-link flags=0 = 0
    name_to_handle_at-follow
      name_to_handle_at - file flags=02000 = 0
    """
}
