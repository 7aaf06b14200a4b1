// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let changing = """
    chmod
      chmod - file mode=0600 = 0
    chmod-through-link
      chmod - sub/file mode=0600 = 0
    chmod-link
      chmod - file mode=04755 = 0
    chmod-missing
      chmod - missing mode=0600 filename=missing = ENOENT
    fchmod
      fchmod - file fd=3 mode=0600 = 0
      => C file fd closes=1
    fchmodat
      fchmodat - sub/file mode=0600 = 0
      => C sub fd closes=1
    fchmodat2
      fchmodat2 - file mode=0600 flags=0 = 0
    fchmodat2-nofollow
      fchmodat2 - file-link mode=0600 flags=0400 filename=file-link = EOPNOTSUPP
    fchmodat2-empty-name
      fchmodat2 - file mode=0600 flags=010000 = 0
      => C file fd closes=1
    chown
      chown - file = 0
    chown-missing
      chown - missing filename=missing = ENOENT
    lchown
      lchown - file-link = 0
    fchown
      fchown - file fd=3 = 0
      => C file fd closes=1
    fchownat
      fchownat - file flags=0 = 0
      => C sub fd closes=1
    fchownat-nofollow
      fchownat - file-link flags=0400 = 0
    fchownat-empty-name
      fchownat - file flags=010000 = 0
      => C file fd closes=1
    utime
      utime - file = 0
    utime-missing
      utime - missing filename=missing = ENOENT
    utimes
      utimes - sub/file = 0
    futimesat
      futimesat - sub/file = 0
      => C sub fd closes=1
    utimensat
      utimensat - file flags=0 = 0
    utimensat-nofollow
      utimensat - file-link flags=0400 = 0
    utimensat-no-name
      utimensat - file flags=0 = 0
      => C file fd closes=1
    utimensat-missing
      utimensat - missing flags=0 filename=missing = ENOENT
    chdir
      chdir - sub = 0
    chdir-relative
      chdir - sub = 0
    chdir-parent
      chdir - . = 0
    chdir-link
      chdir - sub = 0
    chdir-long-link
      chdir - sub = 0
    chdir-missing
      chdir - missing filename=missing = ENOENT
    chdir-file
      chdir - file filename=file = ENOTDIR
    fchdir
      fchdir - sub fd=3 = 0
      => C sub fd closes=1
    fchdir-file
      fchdir - file fd=3 = ENOTDIR
      => C file fd closes=1
    chroot
      chroot - sub = 0
    chroot-absolute
      chroot - sub = 0
    chroot-missing
      chroot - missing filename=missing = ENOENT
    """

  static let attributes = """
    setxattr
      setxattr - file flags=0 size=5 = 0
      skip EOPNOTSUPP
    setxattr-link
      setxattr - file flags=01 size=5 = 0
      skip EOPNOTSUPP
    setxattr-missing
      setxattr - missing flags=0 size=5 filename=missing = ENOENT
    lsetxattr
      lsetxattr - file-link flags=0 size=5 = 0
      skip EOPNOTSUPP
    lsetxattr-refused
      lsetxattr - file-link flags=0 size=5 filename=file-link = EPERM
      skip EOPNOTSUPP
    fsetxattr
      fsetxattr - file fd=3 flags=0 size=5 = 0
      => CW file fd closes=1
      skip EOPNOTSUPP
    getxattr
      getxattr - file size=100 = 5
      skip EOPNOTSUPP
    getxattr-none
      getxattr - file size=100 filename=file = ENODATA
      skip EOPNOTSUPP
    getxattr-missing
      getxattr - missing size=100 filename=missing = ENOENT
    lgetxattr
      lgetxattr - file-link size=100 = 5
      skip EOPNOTSUPP
    fgetxattr
      fgetxattr - file fd=3 size=100 = 5
      => CW file fd closes=1
      skip EOPNOTSUPP
    listxattr
      listxattr - file size=100 = *
    listxattr-missing
      listxattr - missing size=100 filename=missing = ENOENT
    llistxattr
      llistxattr - file-link size=100 = *
    flistxattr
      flistxattr - file fd=3 size=100 = *
      => CW file fd closes=1
    removexattr
      removexattr - file = 0
      skip EOPNOTSUPP
    removexattr-none
      removexattr - file filename=file = ENODATA
      skip EOPNOTSUPP
    lremovexattr
      lremovexattr - file-link = 0
      skip EOPNOTSUPP
    fremovexattr
      fremovexattr - file fd=3 = 0
      => CW file fd closes=1
      skip EOPNOTSUPP
    setxattrat
      setxattrat - file flags=0 = 0
      skip EOPNOTSUPP
    getxattrat
      getxattrat - file flags=0400 = 5
      skip EOPNOTSUPP
    listxattrat
      listxattrat - file flags=0 size=100 = *
      => C sub fd closes=1
    removexattrat
      removexattrat - file-link flags=0400 = 0
      skip EOPNOTSUPP
    """
}
