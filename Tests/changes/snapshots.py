# SPDX-License-Identifier: Apache-2.0
"""Compares a list of --changes with two snapshots of a tree.

    snapshots.py BFATRACE DIRECTORY COMMAND...

Runs the command under bfatrace and prints each difference that the list does
not account for, and each line of the list that no difference accounts for.
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import time


def content(path, status):
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(status.st_mode):
        return (stat.S_IFMT(status.st_mode), status.st_rdev)
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Entry:
    def __init__(self, path):
        status = os.lstat(path)
        self.inode = status.st_ino
        self.is_directory = stat.S_ISDIR(status.st_mode)
        self.changed = status.st_ctime_ns
        self.links = 1 if self.is_directory else status.st_nlink
        self.content = content(path, status)
        attributes = {
            name: os.getxattr(path, name, follow_symlinks=False)
            for name in os.listxattr(path, follow_symlinks=False)
        }
        self.attributes = (status.st_mode, status.st_uid, status.st_gid, attributes)
        # A directory has a new time and size with each of its entries.
        self.time = None if self.is_directory else (status.st_mtime_ns, status.st_size)


def snapshot(root):
    root = os.fsencode(root)
    entries = {root: Entry(root)}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            entries[path] = Entry(path)
    return entries


def path_of(change, key):
    raw = change.get(key + "_raw")
    return bytes(raw) if raw is not None else os.fsencode(change[key])


class List:
    def __init__(self, lines):
        self.created, self.deleted, self.attributes = set(), set(), set()
        self.modified, self.moved = {}, {}
        self.temporary = 0
        for line in lines:
            change = json.loads(line)
            if "temporary" in change:
                self.temporary = change["temporary"]
                continue
            kind = change["change"]
            path = path_of(change, "path")
            if kind == "moved":
                self.moved[path] = path_of(change, "new_path")
            elif kind == "modified":
                self.modified[path] = change.get("certainty") == "likely"
            else:
                getattr(self, kind).add(path)

    def destination(self, path):
        """The path of a file without a line: it moves with its directory."""
        above = path
        while len(above) > 1:
            if above in self.moved:
                return self.moved[above] + path[len(above) :]
            above = os.path.dirname(above)
        return path


class Comparison:
    def __init__(self, before, after, changes):
        self.before, self.after, self.list = before, after, changes
        self.errors = []
        # A hard link that the command did not use is not listed: writes by another name change it, too.
        names = set(changes.modified) | changes.attributes
        self.changed_inodes = {after[path].inode for path in names if path in after}
        self.changed_inodes |= {
            before[path].inode for path in names | changes.deleted if path in before
        }
        self.replaced = set(changes.moved.values())
        self.sources = {}
        for path in set(before) - changes.deleted:
            self.sources.setdefault(changes.destination(path), path)
        self.check_old()
        self.check_new()
        self.check_lines()

    def error(self, text, path):
        self.errors.append(f"{text}: {os.fsdecode(path)}")

    def check_old(self):
        for path, old in self.before.items():
            if path in self.list.deleted:
                if path in self.after and self.after[path].inode == old.inode:
                    self.error("deleted, but there", path)
                continue
            if path not in self.list.moved and path in self.list.modified:
                continue
            places = [self.list.destination(path)]
            if path not in self.list.moved:
                places.append(path)
            if not any(self.is_same(old, place) for place in places):
                gone = all(place not in self.after for place in places)
                self.error("gone, but not listed" if gone else "changed, but not listed", path)

    def is_same(self, old, place):
        new = self.after.get(place)
        if not new or new.inode != old.inode:
            return False
        if place in self.list.modified or (old.links > 1 and new.inode in self.changed_inodes):
            return True
        if old.content != new.content:
            return False
        return place in self.list.attributes or (
            old.attributes == new.attributes and old.time == new.time
        )

    def check_new(self):
        for path, new in self.after.items():
            if path in self.list.created or path in self.list.modified:
                continue
            if path in self.replaced:
                continue  # check_old has compared it
            origins = [self.sources.get(path), path]
            if not any(
                o in self.before and self.before[o].inode == new.inode for o in origins if o
            ):
                self.error("new, but not listed", path)

    def check_lines(self):
        for path in self.list.created:
            if path not in self.after:
                self.error("created, but not there", path)
            elif path in self.before and self.list.destination(path) == path:
                self.error("created, but was there", path)
        for path in self.list.deleted - set(self.before):
            self.error("deleted, but was not there", path)
        for path, new_path in self.list.moved.items():
            if path not in self.before or new_path not in self.after:
                self.error("moved, but was not there, or is not", path)
        for path, likely in self.list.modified.items():
            if path not in self.after:
                self.error("modified, but not there", path)
            elif not likely and not self.is_touched(path):
                self.error("modified, but the same", path)
        for path in self.list.attributes:
            if path not in self.after or not self.is_touched(path):
                self.error("attributes, but the same", path)

    def is_touched(self, path):
        old = self.before.get(self.sources.get(path, path)) or self.before.get(path)
        new = self.after[path]
        return old is not None and (old.inode, old.changed) != (new.inode, new.changed)


def trace(bfatrace, directory, command, **options):
    """Runs a command under bfatrace. Returns its list and its messages."""
    arguments = [bfatrace, "--changes", "--json", "--under", directory, "--ring-size", "64"]
    name = os.path.join(os.path.dirname(directory.rstrip("/")), f"changes.{os.getpid()}")
    arguments += ["--output", name, "--"]
    ended = subprocess.run(arguments + command, capture_output=True, text=True, **options)
    with open(name) as file:
        lines = file.read().splitlines()
    os.unlink(name)
    return lines, ended


def compare(bfatrace, directory, command, **options):
    before = snapshot(directory)
    time.sleep(0.02)  # times of files are coarser than the command is quick
    lines, ended = trace(bfatrace, directory, command, **options)
    changes = List(lines)
    errors = Comparison(before, snapshot(directory), changes).errors
    said = [line for line in ended.stderr.splitlines() if line.startswith("bfatrace: ")]
    said = [line for line in said if "that another thread closed meanwhile" not in line]
    return errors + said, changes, ended


def main():
    bfatrace, directory, *command = sys.argv[1:]
    errors, changes, ended = compare(bfatrace, os.path.realpath(directory), command)
    if ended.returncode != 0:
        errors.append(f"status {ended.returncode}: {ended.stderr}{ended.stdout}")
    for error in errors:
        print(error)
    total = len(changes.created) + len(changes.modified) + len(changes.deleted)
    total += len(changes.moved) + len(changes.attributes)
    if total == 0:
        print("nothing is listed")
    return 1 if errors or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
