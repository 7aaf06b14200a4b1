// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let making = """
    mkdir
      mkdir + new mode=0755 = 0
      => + .
    mkdir-relative
      mkdir + new mode=0755 = 0
      => + .
    mkdir-dots
      mkdir + empty/new mode=0755 = 0
      => + empty
    mkdir-slashes
      mkdir + new mode=0755 = 0
      => + .
    mkdir-through-link
      mkdir + sub/new mode=0755 = 0
      => + sub
    mkdir-absolute-link
      mkdir + sub/new mode=0755 = 0
      => + sub
    mkdir-link-parent
      mkdir + sub/new mode=0755 = 0
      => + sub
    mkdir-through-long-link
      mkdir + long-link/new mode=0755 filename=long-link/new resolved=false = 0
      => + long-link resolved=false
    mkdir-moved
      mkdir + moved/new mode=0755 = 0
      => + moved
    mkdir-through-proc
      unseen mkdir = 0
    mkdir-existing
      mkdir + sub mode=0755 filename=sub = EEXIST
    mkdir-existing-link
      mkdir + dangling mode=0755 filename=dangling = EEXIST
    mkdir-missing
      mkdir + missing/new mode=0755 filename=@/missing/new = ENOENT
    mkdir-not-directory
      mkdir + file/new mode=0755 filename=file/new = ENOTDIR
    mkdir-loop
      mkdir + loop/new mode=0755 filename=loop/new = ELOOP
    mkdir-empty-name
      mkdir + . mode=0755 filename= = ENOENT
    mkdir-dot
      mkdir + sub mode=0755 filename=sub/. = EEXIST
    mkdirat
      mkdirat + new mode=0700 = 0
      => + .
    mkdirat-dfd
      mkdirat + sub/new mode=0700 = 0
      => + sub
      => C sub fd closes=1
    mkdirat-dfd-parent
      mkdirat + new mode=0700 = 0
      => + .
      => C sub fd closes=1
    mkdirat-dfd-missing
      mkdirat + sub/missing/new mode=0700 filename=missing/new = ENOENT
      => C sub fd closes=1
    mkdirat-dfd-of-file
      mkdirat + file/new mode=0700 filename=new = ENOTDIR
      => C file fd closes=1
    mkdirat-absolute
      mkdirat + new mode=0700 = 0
      => + .
    mkdirat-bad-dfd
      unseen mkdirat = EBADF

    mknod-fifo
      mknod + new mode=010644 = 0
      => + .
    mknod-file
      mknod + sub/new mode=0100644 = 0
      => + sub
    mknod-existing
      mknod + file mode=0100644 filename=file = EEXIST
    mknodat
      mknodat + new mode=0100644 = 0
      => + .
    mknodat-dfd
      mknodat + sub/new mode=010644 = 0
      => + sub
      => C sub fd closes=1

    symlink
      symlink + new = 0
      => + .
    symlink-through-link
      symlink + sub/new = 0
      => + sub
    symlink-existing
      symlink + file-link filename=file-link = EEXIST
    symlink-missing
      symlink + missing/new filename=missing/new = ENOENT
    symlinkat
      symlinkat + new = 0
      => + .
    symlinkat-dfd
      symlinkat + sub/new = 0
      => + sub
      => C sub fd closes=1
    """

  static let naming = """
    link
      link + file new_path=new = 0
      => + .
    link-through-links
      link + sub/file new_path=sub/new = 0
      => + sub
    link-of-link
      link + file-link new_path=new = 0
      => + .
    link-missing
      link + missing new_path=new filename=missing new_filename=new = ENOENT
    link-existing
      link + file new_path=other filename=file new_filename=other = EEXIST
    link-directory
      link + sub new_path=new filename=sub new_filename=new = EPERM
    link-other-device
      link + file new_path=/sys/new filename=file new_filename=/sys/new = EXDEV
    linkat
      linkat + file new_path=sub/new flags=0 = 0
      => + sub
    linkat-dfds
      linkat + sub/file new_path=new flags=0 = 0
      => + .
      => C sub fd closes=1
    linkat-follow
      linkat + file new_path=new flags=02000 = 0
      => + .
    linkat-nofollow
      linkat + file-link new_path=new flags=0 = 0
      => + .
    linkat-tmpfile
      linkat + # new_path=new flags=010000 deleted = 0
      => + .
      => CW # fd closes=1 deleted
    linkat-through-proc
      linkat + /proc/self/fd/3 new_path=sub/new flags=02000 filename=/proc/self/fd/3 resolved=false = 0
      => + sub
      => CW # fd closes=1 deleted
    linkat-bad-dfd
      linkat + - new_path=new flags=0 filename=file new_filename=new = EBADF

    bind
      bind + socket = 0
      => + .
    bind-relative
      bind + socket = 0
      => + .
    bind-unterminated
      bind + socket = 0
      => + .
    bind-through-link
      bind + sub/socket = 0
      => + sub
    bind-existing
      bind + file filename=file = EADDRINUSE
    bind-missing
      bind + missing/socket filename=missing/socket = ENOENT
    bind-abstract
      unseen bind = 0
    bind-internet
      unseen bind = 0
    """

  static let removing = """
    unlink
      unlink D file = 0
      => D .
    unlink-relative
      unlink D file = 0
      => D .
    unlink-through-link
      unlink D sub/file = 0
      => D sub
    unlink-through-long-link
      unlink D long-link/file filename=long-link/file resolved=false = 0
      => D long-link resolved=false
    unlink-link
      unlink D file-link = 0
      => D .
    unlink-long-link
      unlink D long-link = 0
      => D .
    unlink-hard-link
      unlink D hard = 0
      => D .
    unlink-open-file
      unlinkat D file flags=0 = 0
      write W file fd=3 size=10 deleted = 10
      close CW file fd=3 deleted = 0
      => D .
      => CW file fd writes=1/10 closes=1 deleted
    unlink-missing
      unlink D missing filename=@/missing = ENOENT
    unlink-directory
      unlink D sub filename=sub = EISDIR
    unlink-not-directory
      unlink D file/x filename=file/x = ENOTDIR
    unlink-slash
      unlink D file filename=file/ = ENOTDIR
    unlinkat
      unlinkat D file flags=0 = 0
      => D .
    unlinkat-dfd
      unlinkat D sub/file flags=0 = 0
      => D sub
      => C sub fd closes=1
    unlinkat-dfd-missing
      unlinkat D sub/missing flags=0 filename=missing = ENOENT
      => C sub fd closes=1
    unlinkat-bad-dfd
      unseen unlinkat = EBADF
    unlinkat-directory
      unlinkat D empty flags=01000 = 0
      => D .
    unlinkat-directory-dfd
      unlinkat D empty flags=01000 = 0
      => D .
      => C sub fd closes=1
    unlinkat-full-directory
      unlinkat D sub flags=01000 filename=sub = ENOTEMPTY
    unlinkat-directory-of-file
      unlinkat D file flags=01000 filename=file = ENOTDIR
    rmdir
      rmdir D empty = 0
      => D .
    rmdir-slash
      rmdir D empty = 0
      => D .
    rmdir-current-directory
      rmdir D empty = 0
      => D .
    rmdir-full
      rmdir D sub filename=sub = ENOTEMPTY
    rmdir-missing
      rmdir D missing filename=missing = ENOENT
    rmdir-dot
      rmdir D empty filename=empty/. = EINVAL
    rmdir-link
      rmdir D link filename=link = ENOTDIR
    """
}
