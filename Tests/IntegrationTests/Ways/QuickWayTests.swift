// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Frequent calls are handled without the general way, which an option for tests forces: both must
/// report the same for the same calls.
@Suite("The quick way", .needsRoot)
struct QuickWayTests {
  /// Options with which the two may differ: in what is read, in the files in scope, in the members.
  static let views = [
    [], ["--all"], ["--filter", "C"], ["--exe"], ["--under", "."], ["--failed"],
    ["--cgroup"], ["--syscalls"], ["--syscalls", "--all"], ["--syscalls", "--under", "."],
  ]

  @Test("reports the same as the general way", arguments: views)
  func same(_ view: [String]) throws {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.setUp)
      // Report once, at the close or the end: two tracers flush at different times.
      let options =
        ["--json", "-p", "\(process.pid)", "--interval", "60000"]
        + view.map { $0 == "." ? directory : $0 }
      let quick = try Tracing(options)
      let general = try Tracing(options + ["--only-general"])
      try process.run("for _ in range(3): go_all_ways()")
      try process.end()
      let lines = [quick, general].map { tracing in
        let trace = tracing.stop()
        #expect(trace.ended.status == 0 && trace.ended.complaints == "", "\(trace)")
        return trace.lines.map { $0.replacing(/"duration_ns":\d+/, with: "") }
      }
      #expect(lines[1].count > (view == ["--failed"] ? 10 : 100), "\(lines[1])")
      expectNone(Self.differences(lines[0].sorted(), lines[1].sorted()))
    }
  }

  private static func differences(_ quick: [String], _ general: [String]) -> [String] {
    quick.difference(from: general).map { change in
      switch change {
      case .insert(_, let line, _): "only the quick way reports \(line)"
      case .remove(_, let line, _): "only the general way reports \(line)"
      }
    }
  }

  /// Ways to touch files. Each round uses descriptors that were open on other files before.
  private static let setUp = #"""
    import ctypes, socket
    root = os.getcwd()
    libc = ctypes.CDLL(None)
    os.makedirs("a/b/c/d/e/f/g/h")
    def make(path):
      os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
      os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
      return path
    # Names and paths of lengths on both sides of every limit of a walk.
    paths = [make("file"), make("a/b/c/d/e/f/g/h/deep")]
    paths += [make("n" * length) for length in (7, 8, 15, 16, 17, 31, 32, 33, 64, 127, 128, 255)]
    for total in (100, 126, 127, 128, 150, 151, 152, 153, 160, 190, 191, 192, 193, 254, 255, 256, 300):
      rest = total - len(root) - 1
      path = "/".join("p" * 24 for _ in range((rest - 8) // 25))
      paths.append(make(path + "/" + "q" * (rest - len(path) - 1)))
    paths.append(make("/".join(["x"] * 20) + "/far"))
    os.symlink("file", "link"); os.link("file", "other"); os.mkfifo("fifo")
    def attempt(call, *arguments):
      try: return call(*arguments)
      except OSError: return None
    def use(fd):
      for call, *arguments in [
          (os.write, b"hello"), (os.pread, 3, 1), (os.pwrite, b"x", 9), (os.read, 5), (os.read, 0),
          (os.preadv, [bytearray(2), bytearray(3)], 0), (os.writev, [b"a", b"bc"]), (os.pread, 1, -1),
          (os.lseek, 0, 0), (os.readv, [bytearray(2)]), (os.write, b"")]:
        attempt(call, fd, *arguments)
    def close(fd):
      if fd is not None: attempt(os.close, fd)
    def opened(path, flags, mode=0o640):
      fd = attempt(os.open, path, flags, mode)
      if fd is not None: use(fd); close(fd)
    def through_paths():
      for path in paths: opened(path, os.O_RDWR)
    def with_flags():
      for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_TRUNC, os.O_CREAT, os.O_APPEND | os.O_WRONLY,
                    os.O_PATH, os.O_DIRECTORY, os.O_CREAT | os.O_EXCL, os.O_NOFOLLOW, os.O_CREAT | os.O_TRUNC):
        for path in ("file", "link", "other", "a", "fresh"): opened(path, flags)
        attempt(os.unlink, "fresh")
      opened(".", os.O_TMPFILE | os.O_RDWR)
      close(libc.creat(b"made", 0o600))
      how = (ctypes.c_uint64 * 3)(os.O_RDWR, 0, 0)
      close(libc.syscall(437, -100, b"file", how, 24))
    def that_fail():
      for path in ("missing", "file/below", "a/missing/file", "", "n" * 256): opened(path, os.O_RDWR)
      use(900); close(900)
      fd = os.open("file", os.O_WRONLY); attempt(os.read, fd, 1); close(fd); close(fd); use(fd)
      fd = os.open("file", os.O_RDONLY); attempt(os.write, fd, b"x"); close(fd)
    def by_other_numbers():
      first, second = os.open("file", os.O_RDWR), os.open("other", os.O_RDWR)
      third = os.dup(first); use(third); os.dup2(second, first); use(first)
      close(third); close(second); use(first); close(first)
    def without_names():
      for pair in (os.pipe(), [end.detach() for end in socket.socketpair()]):
        os.write(pair[1], b"abc"); os.read(pair[0], 3); [close(fd) for fd in pair]
      opened("/proc/self/stat", os.O_RDONLY); opened("/dev/null", os.O_RDWR); opened("fifo", os.O_RDWR)
      opened("file", os.O_RDWR)
    def changing_names():
      fd = os.open(make("goes"), os.O_RDWR); use(fd); os.unlink("goes"); use(fd); close(fd)
      fd = os.open(make("before"), os.O_RDWR); use(fd); os.rename("before", "after"); use(fd); close(fd)
      fd = os.open("a/b/c/d/e/f/g/h/deep", os.O_RDWR); os.rename("a/b", "a/z"); use(fd)
      os.rename("a/z", "a/b"); use(fd); close(fd)
      opened("file", os.O_RDWR)
    def kept_open():
      fds = [os.open(path, os.O_RDONLY) for path in paths]
      for fd in fds: use(fd)
      for fd in fds[::2]: close(fd)
      os.closerange(fds[1], fds[-1] + 1)
    def go_all_ways():
      for way in (through_paths, with_flags, that_fail, by_other_numbers, without_names, changing_names, kept_open):
        way()
    """#
}
