# SPDX-License-Identifier: Apache-2.0
"""Compares lists of --changes of random programs with snapshots of small trees.

    programs.py BFATRACE DIRECTORY SEED COUNT

Makes COUNT trees. A program of random operations changes each of them, all under
one bfatrace, whose list is compared with snapshots. Prints the differences, with
the seed and the operations of the program.
"""

import ctypes
import mmap
import os
import random
import shutil
import stat
import sys

import snapshots

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, NOREPLACE, EXCHANGE, WHITEOUT = -100, 1, 2, 4
NAMES = ["a", "b", "c", "d", "e f", "g\n", "ü"]


def renameat2(old, new, flags):
    if LIBC.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


class Program:
    """A program that changes one tree; some of its operations fail."""

    def __init__(self, root, seed):
        self.root, self.random = root, random.Random(seed)
        self.open = []

    def path(self, depth=3):
        parts = [self.random.choice(NAMES) for _ in range(self.random.randint(1, depth))]
        return os.path.join(self.root, *parts)

    def there(self):
        """A path, which often exists."""
        found = [self.path()]
        for directory, names, files in os.walk(self.root):
            found += [os.path.join(directory, name) for name in names + files]
        return self.random.choice(found)

    def data(self):
        return self.random.randbytes(self.random.randint(1, 40))

    def make_tree(self):
        os.mkdir(self.root)
        for _ in range(self.random.randint(0, 12)):
            path = self.path()
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                kind = self.random.random()
                if kind < 0.6:
                    with open(path, "xb") as file:
                        file.write(self.data())
                elif kind < 0.8:
                    os.mkdir(path)
                elif kind < 0.9:
                    os.symlink(self.random.choice(NAMES), path)
                else:
                    os.link(self.there(), path, follow_symlinks=False)
            except OSError:
                pass

    # Operations

    def write(self):
        flags = self.random.choice([0, os.O_TRUNC, os.O_APPEND, os.O_EXCL])
        descriptor = os.open(self.there(), os.O_WRONLY | os.O_CREAT | flags, 0o600)
        if self.random.random() < 0.8:
            os.write(descriptor, self.data())
        if self.random.random() < 0.3:
            self.open.append(descriptor)
        else:
            os.close(descriptor)

    def write_open(self):
        descriptor = self.random.choice(self.open)
        self.random.choice(
            [
                lambda: os.write(descriptor, self.data()),
                lambda: os.pwritev(descriptor, [self.data(), self.data()], 3),
                lambda: os.ftruncate(descriptor, self.random.randint(0, 9)),
                lambda: os.fchmod(descriptor, self.random.choice([0o600, 0o640])),
                lambda: os.write(descriptor, b""),
            ]
        )()

    def close(self):
        os.close(self.open.pop(self.random.randrange(len(self.open))))

    def read(self):
        with open(self.there(), "rb") as file:
            file.read()

    def make(self):
        path = self.path()
        self.random.choice(
            [
                lambda: os.mkdir(path),
                lambda: os.symlink(self.random.choice(NAMES), path),
                lambda: os.mknod(path, stat.S_IFSOCK | 0o600),
                lambda: os.link(self.there(), path, follow_symlinks=False),
                lambda: os.makedirs(path),
            ]
        )()

    def temporary(self):
        """Makes a file without a name and gives it one, like a program that saves a file."""
        path = self.path()
        descriptor = os.open(os.path.dirname(path), os.O_TMPFILE | os.O_RDWR, 0o600)
        os.write(descriptor, self.data())
        try:
            if self.random.random() < 0.7:
                os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=0, follow_symlinks=True)
            os.write(descriptor, self.data())
        finally:
            os.close(descriptor)

    def replace(self):
        path = self.there()
        beside = f"{path}.tmp"
        with open(beside, "xb") as file:
            file.write(self.data())
        os.rename(beside, path)

    def two_paths(self):
        """Two paths, neither below the other: a symbolic link that moves no longer leads to the path."""
        old, new = self.there(), self.random.choice([self.path, self.there])()
        if new.startswith(f"{old}/") or old.startswith(f"{new}/"):
            raise ValueError
        return old, new

    def rename(self):
        os.rename(*self.two_paths())

    def rename_by_flags(self):
        flags = self.random.choice([NOREPLACE, EXCHANGE, EXCHANGE, WHITEOUT])
        renameat2(*self.two_paths(), flags)

    def rename_from_inside(self):
        path = self.there()
        if os.path.dirname(path) == self.root:
            return
        here = os.open(".", os.O_PATH)
        os.chdir(os.path.dirname(path))
        try:
            os.rename(os.path.basename(path), f"../{self.random.choice(NAMES)}")
        finally:
            os.fchdir(here)
            os.close(here)

    def remove(self):
        path = self.there()
        if os.path.isdir(path) and not os.path.islink(path):
            self.random.choice([os.rmdir, shutil.rmtree])(path)
        else:
            os.unlink(path)

    def attributes(self):
        path = self.there()
        self.random.choice(
            [
                lambda: os.chmod(path, self.random.choice([0o700, 0o750])),
                lambda: os.utime(path, (1, self.random.randint(1, 9)), follow_symlinks=False),
                lambda: os.setxattr(path, "user.a", self.data()),
                lambda: os.chown(path, 1, -1, follow_symlinks=False),
                lambda: os.removexattr(path, "user.a"),
            ]
        )()

    def lengths(self):
        path = self.there()
        if os.path.isfile(path):
            os.truncate(path, self.random.randint(0, 50))

    def copy(self):
        with open(self.there(), "rb") as source, open(self.there(), "wb") as target:
            self.random.choice(
                [
                    lambda: os.copy_file_range(source.fileno(), target.fileno(), 30),
                    lambda: os.sendfile(target.fileno(), source.fileno(), 0, 30),
                ]
            )()

    def map(self):
        with open(self.there(), "r+b") as file:
            with mmap.mmap(file.fileno(), 0) as memory:
                memory[0] = self.random.randrange(256)

    def elsewhere(self):
        """Makes operations in a child, which inherits the open files."""
        child = os.fork()
        if child == 0:
            self.step()
            os._exit(0)
        os.waitpid(child, 0)

    OPERATIONS = [
        write, write, write_open, write_open, close, read, make, make, temporary, replace,
        replace, rename, rename, rename, rename_by_flags, rename_from_inside, remove, remove,
        attributes, lengths, copy, map, elsewhere,
    ]  # fmt: skip

    def step(self):
        operation = self.random.choice(self.OPERATIONS)
        if LOG is not None:
            print(operation.__name__, file=LOG)
        try:
            operation(self)
        except (OSError, IndexError, ValueError):
            pass

    def run(self):
        for _ in range(self.random.randint(1, 20)):
            self.step()
        for descriptor in self.open:
            os.close(descriptor)


LOG = sys.stderr if "CHANGES_LOG" in os.environ else None


def programs(directory, seed, count):
    for number in range(count):
        yield Program(f"{directory}/{seed + number}", seed + number)


def main():
    if sys.argv[1] == "--run":
        directory, seed, count = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
        for program in programs(directory, seed, count):
            # Start where make_tree left the random numbers in the traced run.
            program.random = random.Random(f"run {os.path.basename(program.root)}")
            program.run()
        return 0
    bfatrace, directory, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    directory = os.path.realpath(directory)
    for program in programs(directory, seed, count):
        program.make_tree()
    command = [sys.executable, "-B", __file__, "--run", directory, str(seed), str(count)]
    errors, changes, ended = snapshots.compare(bfatrace, directory, command)
    for error in errors:
        print(error)
    total = len(changes.created) + len(changes.modified) + len(changes.deleted)
    total += len(changes.moved) + len(changes.attributes)
    print(f"{count} programs from seed {seed}: {total} changes, {changes.temporary} temporary")
    return 1 if errors or ended.returncode != 0 or total < count else 0


if __name__ == "__main__":
    sys.exit(main())
