# SPDX-License-Identifier: Apache-2.0
"""
Makes calls on names and finds out what the kernel made of them: the truth that a
test compares a trace with. A test runs "from names import *" and then its own
lines; sys.argv is TRUTH-FILE DIRECTORY.

TRUTH-FILE has an object per line for each call:

  ret                        the result, -errno if negative
  path, new_path             found out with an O_PATH descriptor just before the call
  path_asked, new_path_asked the paths passed, without //, . and ..: the path of a
                             call that failed
  filename, new_filename     the names passed
  identity, new_identity     major, minor and inode of the file that is looked at, or
                             else of the name's directory
  letters                    what happens in that directory
  unfollowed                 whether the lookup of each name passes a link whose target
                             may not be in the inode
  moving                     whether a name leads through what the call moves or removes

Before each call, a failing access(2) of "@N", with N from 0, marks its place in
the trace; after it, one of "@end".
"""

import ctypes
import json
import os
import stat
import sys

HERE = -100  # AT_FDCWD
NOFOLLOW = 0x100  # AT_SYMLINK_NOFOLLOW
FOLLOW = 0x400  # AT_SYMLINK_FOLLOW
REMOVEDIR = 0x200  # AT_REMOVEDIR
EXCHANGE = 2  # RENAME_EXCHANGE
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine)
KEPT = 60  # ext4 keeps shorter links in the inode (ext4_symlink), tmpfs some longer ones

libc = ctypes.CDLL(None, use_errno=True)
truth = open(sys.argv[1], "w", encoding="utf-8", errors="surrogateescape")
directory = os.path.realpath(sys.argv[2])
# Opened before a chroot: its links show paths from the old root.
descriptors = os.open("/proc/self/fd", os.O_PATH)
virtual = os.stat("/proc").st_dev  # its links have no target in the inode, or lead to files
memory = ctypes.create_string_buffer(8192)
root = ""  # of this process, in the old root
count = 0
os.chdir(directory)


def wait():
    """Waits until the trace runs."""
    print("ready", flush=True)
    sys.stdin.readline()


def libc_call(function, *arguments):
    values = [os.fsencode(a) if isinstance(a, str) else a for a in arguments]
    ctypes.set_errno(0)
    result = getattr(libc, function)(*values)
    return result if result >= 0 else -ctypes.get_errno()


def must(function, *arguments):
    result = libc_call(function, *arguments)
    if result < 0:
        sys.exit(f"{function}{arguments}: {os.strerror(-result)}")


def leave_mounts_alone():
    """Makes a mount namespace: only this process sees later mounts."""
    must("unshare", 0x20000)  # CLONE_NEWNS
    must("mount", "none", "/", None, 0x44000, None)  # MS_REC | MS_PRIVATE
    os.chdir(directory)


def mount_tmpfs(target):
    must("mount", "names", target, "tmpfs", 0, None)


def bind(source, target):
    must("mount", source, target, None, 0x1000, None)  # MS_BIND


def enter_root(path):
    global root
    root = path_of(os.open(path, os.O_PATH))
    os.chroot(path)
    os.chdir("/")


def path_of(fd):
    path = os.readlink(str(fd), dir_fd=descriptors).removesuffix(" (deleted)")
    return root + path if path != "/" or not root else root


def join(path, name):
    return path + "/" + name if path != "/" else "/" + name


def open_at(dfd, name, flags):
    return os.open(name or ".", flags | os.O_PATH, dir_fd=None if dfd == HERE else dfd)


def identity_of(fd):
    """Major, minor and inode of a file."""
    status = os.fstat(fd)
    return [os.major(status.st_dev), os.minor(status.st_dev), status.st_ino]


def find_entry(dfd, name):
    """The resolved directory with the last component, and the identity of the directory."""
    start, _, last = name.rstrip("/").rpartition("/")
    if "/" in name.rstrip("/"):
        start += "/"
    try:
        fd = open_at(dfd, start, os.O_DIRECTORY)
    except OSError:
        return None, None
    path, identity = join(path_of(fd), last), identity_of(fd)
    os.close(fd)
    return path, identity


def find_file(dfd, name, follow):
    """The path of a file, and its identity."""
    try:
        fd = open_at(dfd, name, 0 if follow or name.endswith("/") else os.O_NOFOLLOW)
    except OSError:
        return None, None
    path, identity = path_of(fd), identity_of(fd)
    os.close(fd)
    return path, identity


def asked_path(dfd, name):
    if name.startswith("/"):
        base = root
    else:
        fd = open_at(dfd, ".", 0)
        base = path_of(fd)
        os.close(fd)
    parts = [part for part in base.split("/") if part]
    floor = len(parts) if name.startswith("/") else 0
    for part in name.split("/"):
        if part == "..":
            del parts[max(floor, len(parts) - 1) :]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def above(at):
    """The directories above a directory, up to the root. Closes the descriptor."""
    found = set()
    while True:
        status = os.fstat(at)
        key = (status.st_dev, status.st_ino)
        up = os.open("..", os.O_PATH, dir_fd=at)
        os.close(at)
        if key in found:
            os.close(up)
            return found
        found.add(key)
        at = up


class Passed:
    """The directories and links that the lookup of a name passes before its last component."""

    def __init__(self, dfd, name, follow):
        self.is_unfollowed = False  # whether it passes a link whose target may not be in the inode
        at = open_at(dfd, "/" if name.startswith("/") else ".", 0)
        self.files = above(os.dup(at))
        self.links = 0
        parts = [part for part in name.split("/") if part]
        follow = follow or name.endswith("/")
        try:
            while parts and self.links <= 40 and (len(parts) > 1 or follow):
                below = os.open(self.step(at, parts), os.O_PATH, dir_fd=at)
                os.close(at)
                at = below
        except OSError:
            pass
        os.close(at)

    def step(self, at, parts):
        part = parts.pop(0)
        status = os.lstat(part, dir_fd=at)
        self.files.add((status.st_dev, status.st_ino))
        if not stat.S_ISLNK(status.st_mode):
            return part
        target = os.readlink(part, dir_fd=at)
        self.links += 1
        self.is_unfollowed |= len(target) >= KEPT or status.st_dev == virtual
        parts[:0] = [part for part in target.split("/") if part]
        return "/" if target.startswith("/") else "."


def last_component(dfd, name):
    """The identity of the file that the name itself stands for, if any."""
    try:
        status = os.lstat(name.rstrip("/") or "/", dir_fd=None if dfd == HERE else dfd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Call:
    """A call before it is made: its names, and the files that they stand for."""

    def __init__(self, *names):
        """A name is (dfd, string, rule), rule is "entry", "follow" or "nofollow"."""
        self.names = names
        self.before = [self.meaning(name) for name in names]
        self.asked = [asked_path(dfd, string) for dfd, string, _ in names]
        passed = [Passed(dfd, string, rule == "follow") for dfd, string, rule in names]
        self.unfollowed = [name.is_unfollowed for name in passed]
        entries = {last_component(dfd, string) for dfd, string, rule in names if rule == "entry"}
        self.moving = any(entries & name.files for name in passed)

    @staticmethod
    def meaning(name):
        dfd, string, rule = name
        if rule == "entry":
            return find_entry(dfd, string)
        return find_file(dfd, string, rule == "follow")

    def make(self, letters, function, *arguments):
        """Makes the call, and logs what it did; `letters` are those of the names' directories."""
        global count
        libc_call("access", f"@{count}", 0)
        ret = libc_call(function, *arguments)
        libc_call("access", "@end", 0)
        count += 1
        record = {"ret": ret, "call": function}
        keys = (("path", "filename"), ("new_path", "new_filename"))
        for (path, filename), name, before, asked in zip(keys, self.names, self.before, self.asked):
            record[path] = before[0] if ret >= 0 else asked
            record[f"{path}_asked"] = asked
            record[filename] = name[1]
        record["identity"] = self.before[0][1]
        if len(self.names) == 2:
            record["new_identity"] = self.before[1][1]
        if ret >= 0:
            record["letters"] = letters
            record["unfollowed"] = self.unfollowed
            record["moving"] = self.moving
        print(json.dumps(record), file=truth)
        truth.flush()
        return ret


def mkdir(name, dfd=HERE):
    call = Call((dfd, name, "entry"))
    if dfd == HERE:
        return call.make(["+"], "mkdir", name, 0o755)
    return call.make(["+"], "mkdirat", dfd, name, 0o755)


def mknod(name, dfd=HERE):
    return Call((dfd, name, "entry")).make(["+"], "mknodat", dfd, name, 0o100644, ctypes.c_long(0))


def symlink(target, name, dfd=HERE):
    return Call((dfd, name, "entry")).make(["+"], "symlinkat", target, dfd, name)


def rmdir(name, dfd=HERE):
    call = Call((dfd, name, "entry"))
    if dfd == HERE:
        return call.make(["D"], "rmdir", name)
    return call.make(["D"], "unlinkat", dfd, name, REMOVEDIR)


def unlink(name, dfd=HERE):
    call = Call((dfd, name, "entry"))
    if dfd == HERE:
        return call.make(["D"], "unlink", name)
    return call.make(["D"], "unlinkat", dfd, name, 0)


def same_file(dfd, name, new_dfd, new):
    old, new = find_file(dfd, name, False)[1], find_file(new_dfd, new, False)[1]
    return old and old == new


def rename(name, new, dfd=HERE, new_dfd=HERE, flags=0):
    call = Call((dfd, name, "entry"), (new_dfd, new, "entry"))
    if same_file(dfd, name, new_dfd, new):
        letters = ["", ""]
    else:
        letters = ["<>", "<>"] if flags & EXCHANGE else ["<", ">"]
    if flags or dfd != HERE or new_dfd != HERE:
        return call.make(letters, "renameat2", dfd, name, new_dfd, new, flags)
    return call.make(letters, "rename", name, new)


def exchange(name, new, dfd=HERE, new_dfd=HERE):
    return rename(name, new, dfd, new_dfd, EXCHANGE)


def link(name, new, dfd=HERE, new_dfd=HERE, flags=0):
    call = Call((dfd, name, "follow" if flags & FOLLOW else "nofollow"), (new_dfd, new, "entry"))
    return call.make(["", "+"], "linkat", dfd, name, new_dfd, new, flags)


def look(function, name, rule, *arguments, dfd=HERE):
    """Makes a call that looks at one file or changes it, with `arguments` before the name."""
    return Call((dfd, name, rule)).make([""], function, *arguments)


def truncate(name):
    return look("truncate", name, "follow", name, ctypes.c_long(5))


def status(name, dfd=HERE, follow=True):
    rule = "follow" if follow else "nofollow"
    return look("fstatat", name, rule, dfd, name, memory, 0 if follow else NOFOLLOW, dfd=dfd)


def access(name, dfd=HERE):
    return look("faccessat", name, "follow", dfd, name, 0, 0, dfd=dfd)


def readlink(name, dfd=HERE):
    return look("readlinkat", name, "nofollow", dfd, name, memory, 4000, dfd=dfd)


def chmod(name, dfd=HERE):
    return look("fchmodat", name, "follow", dfd, name, 0o755, 0, dfd=dfd)


def chdir(name):
    return look("chdir", name, "follow", name)


def chroot(name):
    """Changes the root, as the last call: the paths of later calls would lack the new root."""
    return look("chroot", name, "follow", name)
