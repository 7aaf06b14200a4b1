// SPDX-License-Identifier: Apache-2.0

extension Way {
  static let sockets = """
    connect
      connect - socket = 0
    connect-link
      connect - socket = 0
    connect-missing
      connect - missing/socket filename=missing/socket = ENOENT
    connect-file
      connect - file filename=file = ECONNREFUSED
    connect-abstract
      unseen connect = ECONNREFUSED
    connect-internet
      unseen connect = 0
    sendto
      sendto - socket flags=040000 size=4 = 4
    sendto-missing
      sendto - missing/socket flags=040000 size=4 filename=missing/socket = ENOENT
    sendto-nobody
      unseen sendto = ENOTCONN
    sendmsg
      sendmsg - socket flags=0 = 4
    sendmsg-missing
      sendmsg - missing/socket flags=0 filename=missing/socket = ENOENT
    sendmsg-nobody
      unseen sendmsg = ENOTCONN
    sendmmsg
      sendmmsg - socket flags=0 = 2
    sendmmsg-missing
      sendmmsg - missing/socket flags=0 filename=missing/socket = ENOENT
    """

  static let mounts = """
    mount
      mount - sub flags=0 = 0
    mount-bind
      mount - sub new_path=empty flags=010000 = 0
    mount-bind-missing
      mount - missing new_path=empty flags=010000 filename=missing new_filename=empty = ENOENT
    mount-move
      mount - sub new_path=empty flags=020000 = 0
    mount-remount
      mount - sub flags=010050 = 0
    mount-private
      mount - sub flags=01000000 = 0
    mount-device-missing
      mount - missing new_path=sub flags=0 filename=@/missing new_filename=sub = ENOENT
    mount-missing
      mount - missing flags=0 filename=missing = ENOENT
    umount2
      umount2 - sub flags=0 = 0
    umount2-link
      umount2 - sub flags=02 = 0
    umount2-not-mounted
      umount2 - sub flags=0 filename=sub = EINVAL
    umount2-missing
      umount2 - missing flags=0 filename=missing = ENOENT
    move_mount
      move_mount - sub new_path=empty flags=0 = 0
    move_mount-missing
      move_mount - sub new_path=missing flags=0 filename=sub new_filename=missing = ENOENT
    pivot_root
      pivot_root - sub new_path=sub/old filename=@/sub new_filename=@/sub/old resolved=false = 0
    pivot_root-missing
      pivot_root - missing new_path=missing/old filename=missing new_filename=missing/old = ENOENT
    open_tree
      open_tree - sub flags=0 = 3
    open_tree-nofollow
      open_tree - link flags=0400 = 3
    open_tree-missing
      open_tree - missing flags=0 filename=missing = ENOENT
    open_tree_attr-missing
      open_tree_attr - missing flags=0 filename=missing = ENOENT
    mount_setattr
      mount_setattr - sub flags=0 = 0
    mount_setattr-missing
      mount_setattr - missing flags=0 filename=missing = ENOENT
    fspick
      fspick - sub flags=0 = 3
    fspick-missing
      fspick - missing flags=0 filename=missing = ENOENT
    fsconfig-path
      fsconfig - sub filename=@/sub = EINVAL
    fsconfig-string
      unseen fsconfig = EINVAL
    """

  static let services = """
    swapon
      swapon - file-link flags=0 filename=file-link = EINVAL
    swapon-missing
      swapon - missing flags=0 filename=missing = ENOENT
    swapoff
      swapoff - file filename=file = EINVAL
    swapoff-missing
      swapoff - missing filename=@/missing = ENOENT
    acct-directory
      acct - sub filename=sub = EISDIR
    acct-missing
      acct - missing filename=missing = ENOENT
    quotactl-missing
      quotactl - missing filename=missing = ENOENT
    quotactl-file
      quotactl - file filename=file = ENOTBLK
    quotactl_fd
      quotactl_fd - file fd=3 = *
      => C file fd closes=1
    uselib
      uselib - file filename=file = *
    fanotify_mark
      fanotify_mark - sub flags=01 = 0
    fanotify_mark-nofollow
      fanotify_mark - link flags=05 = 0
    fanotify_mark-missing
      fanotify_mark - missing flags=01 filename=missing = ENOENT
    file_getattr
      file_getattr - file flags=0 size=24 = 0
    file_getattr-missing
      file_getattr - missing flags=0400 size=24 filename=missing = ENOENT
    file_setattr
      file_setattr - file flags=0 size=24 = 0
    file_setattr-missing
      file_setattr - missing flags=0 size=24 filename=missing = ENOENT
    """

  static let fileRequests = """
    ioctl-getflags
      ioctl - file fd=3 = 0
      => C file fd closes=1
    ioctl-setflags
      ioctl - file fd=3 = 0
      => CW file fd closes=1
    ioctl-setflags-bad
      unseen ioctl = EBADF
    ioctl-fsgetxattr
      ioctl - file fd=3 = 0
      => C file fd closes=1
    ioctl-fssetxattr
      ioctl - file fd=3 = 0
      => CW file fd closes=1
    ioctl-fiemap
      ioctl - file fd=3 = *
      => C file fd closes=1
    ioctl-resvsp
      ioctl W file fd=3 = 0
      => CW file fd writes=1/0 closes=1
    ioctl-unresvsp64
      ioctl W file fd=3 = 0
      => CW file fd writes=1/0 closes=1
    ioctl-zero-range
      ioctl W file fd=3 = *
      =>+ CW file fd writes=1/0 closes=1
      =>- CW file fd closes=1
    ioctl-zero-range-read-only
      ioctl W file fd=3 = EBADF
      => C file fd closes=1
    ioctl-move-extents
      ioctl W file fd=3 = *
      & ioctl W other fd=4 = *
      =>+ CW file fd writes=1/0 closes=1
      =>+ CW other fd writes=1/0 closes=1
      =>- CW file fd closes=1
      =>- CW other fd closes=1
    ioctl-dedupe
      ioctl R file fd=3 = *
      & ioctl R other fd=4 = *
      =>+ RC file fd reads=1/50 closes=1
      =>+ RCW other fd reads=1/50 closes=1
      =>- C file fd closes=1
      =>- CW other fd closes=1
    madvise-remove
      madvise W file size=4096 = 0
      => W file writes=1/0
      => CW file fd closes=1
    madvise-other
      unseen madvise = 0
      => CW file fd closes=1
    """
}
