# SPDX-License-Identifier: Apache-2.0
"""
Makes random calls on random names, the same for the same seed: through links,
mounts and descriptors, with //, . and .. in them; some of them fail.
"""

import os
import random
import stat

import names
from names import HERE

LONG = "l" * 140  # the target of a link to it is too long for the inode
LINKS = [
    ("a", "a1"),
    ("a/aa", "a2"),
    ("../..", "c/up"),
    (".", "here"),
    ("a2/../a1/", "chain"),
    ("nothing", "dangling"),
    ("../b/./ba//", "a/b"),
    ("ca/../../a/aa/aaa", "c/deep"),
    ("across", "b/twice"),
    ("../c/ca", "b/across"),
    (LONG, "long"),
    (f"../{LONG}/..", "a/long"),
    ("a/ab/x/", "mounted"),
    ("a/file", "file"),
    ("loop2", "loop1"),
    ("loop1", "loop2"),
    ("./" * 70 + "a", "longer"),
]
LOOKS = [names.truncate, names.status, names.access, names.readlink, names.chmod]


def make_tree():
    for path in ["a/aa/aaa", "a/ab", "b/ba", "c/ca/cb", LONG, "one", "two", "stack"]:
        os.makedirs(path)
    for path in ["a/file", "a/aa/file", "b/file", "c/ca/file", "file1"]:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    for target, path in LINKS + [(names.directory + "/a/aa", "absolute"), ("/a/aa", "top")]:
        os.symlink(target, path)


def make_mounts():
    names.leave_mounts_alone()
    names.mount_tmpfs("one")
    os.makedirs("one/x/y")
    names.bind("a", "two")
    names.bind("one", "a/ab")
    for level in range(4):
        names.mount_tmpfs("stack")
        os.makedirs(f"stack/{level}/sub")
    names.bind("b", "stack/3/sub")


class Walker:
    """Walks through the tree, and makes names that lead somewhere."""

    def __init__(self, generator):
        self.random = generator
        self.top = names.path_of(names.open_at(HERE, ".", 0))
        self.descriptors = []

    def is_inside(self, fd):
        path = names.path_of(fd)
        return path == self.top or path.startswith(self.top + "/")

    def directories(self, fd):
        return [entry for entry in self.entries(fd) if self.is_directory(fd, entry)]

    @staticmethod
    def entries(fd):
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        try:
            return sorted(os.listdir(readable))
        finally:
            os.close(readable)

    @staticmethod
    def is_directory(fd, entry):
        try:
            return stat.S_ISDIR(os.stat(entry, dir_fd=fd).st_mode)
        except OSError:
            return False

    def start(self, dfd):
        if self.random.random() < 0.25:
            slashes = "/" * self.random.choice([1, 1, 2, 3])
            outside = "" if names.root else self.top[1:] + "/"
            return slashes + outside, names.open_at(HERE, "/" + outside, 0)
        return "", names.open_at(dfd, ".", 0)

    def component(self, fd):
        chance = self.random.random()
        if chance < 0.12:
            return "."
        if chance < 0.3:
            return ".."
        return self.random.choice(self.directories(fd) or ["."])

    def walk(self, dfd):
        """A name of a directory, with its slash, and a descriptor of it."""
        name, fd = self.start(dfd)
        for _ in range(self.random.choice([0, 1, 1, 2, 2, 3, 4, 6, 12])):
            component = self.component(fd)
            try:
                below = names.open_at(fd, component, os.O_DIRECTORY)
            except OSError:
                break
            if not self.is_inside(below):
                os.close(below)
                continue
            os.close(fd)
            fd = below
            name += component + "/" * self.random.choice([1, 1, 1, 2, 4])
        return name, fd

    def name(self, dfd, is_new):
        start, fd = self.walk(dfd)
        entries = self.entries(fd)
        os.close(fd)
        if is_new or not entries or self.random.random() < 0.1:
            last = self.random.choice([f"n{self.random.randrange(400)}", "n" * 255])
        else:
            last = self.random.choice(entries)
        return start + last + self.random.choice(["", "", "", "", "", "", "", "/", "//"])

    def dfd(self):
        return self.random.choice(self.descriptors + [HERE])

    def move(self):
        """Changes the current directory, or opens or closes a descriptor."""
        _, fd = self.walk(HERE)
        if self.random.random() < 0.5:
            os.fchdir(fd)
            os.close(fd)
            return
        self.descriptors.append(fd)
        if len(self.descriptors) > 6:
            os.close(self.descriptors.pop(self.random.randrange(6)))

    def leave(self):
        """Goes on after the current directory, or that of a descriptor, is gone."""
        os.chdir("/" if names.root else self.top)
        while self.descriptors:
            os.close(self.descriptors.pop())


def look(walker):
    function, dfd = walker.random.choice(LOOKS), walker.dfd()
    if function is names.truncate:
        names.truncate(walker.name(HERE, False))
    elif function is names.status:
        names.status(walker.name(dfd, False), dfd, walker.random.random() < 0.5)
    else:
        function(walker.name(dfd, False), dfd)


def change(walker):
    function = walker.random.choice([names.mkdir, names.mkdir, names.mknod, names.symlink])
    dfd = walker.dfd()
    name = walker.name(dfd, True)
    if function is names.symlink:
        names.symlink(walker.random.choice(["a", "../b", "/", "s" * 70]), name, dfd)
    else:
        function(name, dfd)


def remove(walker):
    dfd = walker.dfd()
    walker.random.choice([names.rmdir, names.unlink])(walker.name(dfd, False), dfd)


def move_name(walker):
    function = walker.random.choice([names.rename, names.exchange, names.link])
    dfd, new_dfd = walker.dfd(), walker.dfd()
    is_new = function is not names.exchange and walker.random.random() < 0.8
    name, new = walker.name(dfd, False), walker.name(new_dfd, is_new)
    if function is names.link and walker.random.random() < 0.5:
        names.link(name, new, dfd, new_dfd, names.FOLLOW)
    else:
        function(name, new, dfd, new_dfd)


def run(seed, rounds):
    """Makes calls in a tree of make_tree, beginning at its top."""
    walker = Walker(random.Random(seed))
    for _ in range(rounds):
        try:
            if walker.random.random() < 0.1:
                walker.move()
            walker.random.choice([look, change, remove, move_name, move_name])(walker)
        except FileNotFoundError:
            walker.leave()
