// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Requests for files of a file system that is stored on another one.
@Suite("File systems on others", .serialized, .needsRoot, .needsLoopDevices)
struct DiskLayersTests {
  /// Reads a file in a process of its own. Returns its pid.
  private func read(_ path: String) throws -> Int {
    let reader = try Running("/usr/bin/env", ["cat", path])
    let ended = reader.wait()
    try #require(ended.status == 0 && ended.output.count == 65536, "\(ended)")
    return Int(reader.process.processIdentifier)
  }

  /// Expects that this process has read all of the file, in a trace of the disk.
  private func expect(_ trace: Trace, _ path: String, readBy pid: Int) throws {
    let records = try trace.objects().filter {
      $0["path"] as? String == path && $0["disk"] as? String == "read"
    }
    #expect(records.compactMap { $0["bytes"] as? Int }.reduce(0, +) == 65536, "\(trace)")
    #expect(records.allSatisfy { $0["pid"] as? Int == pid }, "by \(pid): \(trace)")
  }

  /// Makes a new ext4 with a file "file" in each of `directories`, which is not in the page cache.
  private func makeImage(in directory: String, _ directories: String...) throws -> DiskImage {
    let image = try DiskImage(in: directory, .ext4)
    try image.mount()
    for name in directories {
      let made = try shell(
        "mkdir \(name) && head -c 65536 /dev/urandom > \(name)/file", in: image.mountPoint)
      try #require(made.status == 0, "\(made.errors)")
    }
    try image.unmount()
    try image.mount()
    return image
  }

  @Test("requests of an overlay have the process and the file of the layer")
  func overlay() throws {
    try Scratch.directory { directory in
      let image = try makeImage(in: directory, "lower", "upper", "working")
      let options = "lowerdir=on/lower,upperdir=on/upper,workdir=on/working"
      let mounted = try shell(
        "rm on/upper/file on/working/file && mkdir over && mount -t overlay overlay -o \(options) over",
        in: directory)
      try #require(mounted.status == 0, "\(mounted.errors)")
      defer { _ = try? shell("umount over", in: directory) }
      let tracing = try Tracing(["--json", "--disk", "--device", image.name])
      let pid = try read("\(directory)/over/file")
      try expect(tracing.stop(), "\(image.mountPoint)/lower/file", readBy: pid)
    }
  }

  /// A bindfs file system on a new ext4 with a file that is not in the page cache.
  private struct Served {
    let image: DiskImage
    let daemon: Running
    let directory: String

    var pid: Int { Int(daemon.process.processIdentifier) }
  }

  private func serve(
    in directory: String, _ options: String..., body: (Served) throws -> Void
  ) throws {
    let image = try makeImage(in: directory, "below")
    let made = try shell("mkdir fuse", in: directory)
    try #require(made.status == 0)
    let daemon = try Running(
      "/usr/bin/env",
      ["bindfs", "-f"] + options + ["\(image.mountPoint)/below", "\(directory)/fuse"])
    defer {
      _ = try? shell("umount fuse", in: directory)
      _ = daemon.wait()
    }
    try waitUntil("bindfs has mounted") {
      (try? shell("mountpoint -q fuse", in: directory))?.status == 0
        || !daemon.process.isRunning
    }
    try body(Served(image: image, daemon: daemon, directory: directory))
  }

  /// The kernel has the tracepoint since 6.11; FUSE may be a module with a BTF of its own.
  private static let knowsClients =
    (try? shell("grep -qs btf_trace_fuse_request_send /sys/kernel/btf/vmlinux /sys/kernel/btf/fuse"))?
    .status == 0

  @Test(
    "requests of a FUSE file system have the process that waits, and the daemon that submits them",
    .enabled(if: access("/dev/fuse", R_OK | W_OK) == 0, "needs /dev/fuse"))
  func daemon() throws {
    try Scratch.directory { directory in
      try serve(in: directory) { served in
        let tracing = try Tracing(["--json", "--disk", "--device", served.image.name])
        let client = try read("\(directory)/fuse/file")
        let trace = tracing.stop()
        let path = "\(served.image.mountPoint)/below/file"
        try expect(trace, path, readBy: Self.knowsClients ? client : served.pid)
        if !Self.knowsClients { return }
        for record in try trace.objects() where record["path"] as? String == path {
          #expect((record["by"] as? [String: Any])?["pid"] as? Int == served.pid, "\(record)")
          #expect(record["certainty"] == nil, "\(record)")
        }
      }
    }
  }

  @Test(
    "late writes of a FUSE daemon have the process that wrote the data",
    .enabled(if: access("/dev/fuse", R_OK | W_OK) == 0 && knowsClients, "needs FUSE and Linux 6.11")
  )
  func writtenLate() throws {
    try Scratch.directory { directory in
      try serve(in: directory) { served in
        let tracing = try Tracing(["--json", "--disk", "--device", served.image.name])
        let writer = try Running(
          "/usr/bin/env", ["dd", "if=/dev/zero", "of=\(directory)/fuse/new", "bs=16k", "count=9"])
        let ended = writer.wait()
        try #require(ended.status == 0, "\(ended)")
        let synced = try shell("sync -f on", in: directory)
        try #require(synced.status == 0)
        let trace = tracing.stop()
        let records = try trace.objects().filter {
          $0["path"] as? String == "\(served.image.mountPoint)/below/new"
            && ["sync", "writeback"].contains($0["cause"] as? String)
        }
        #expect(records.compactMap { $0["bytes"] as? Int }.reduce(0, +) == 9 << 14, "\(trace)")
        for record in records {
          #expect(record["pid"] as? Int == Int(writer.process.processIdentifier), "\(record)")
          #expect(record["certainty"] == nil, "\(record)")
        }
      }
    }
  }

  @Test(
    "no process is named for another one where several wait for a FUSE daemon",
    .enabled(if: access("/dev/fuse", R_OK | W_OK) == 0 && knowsClients, "needs FUSE and Linux 6.11")
  )
  func severalClients() throws {
    try Scratch.directory { directory in
      try serve(in: directory, "--multithreaded") { served in
        let below = "\(served.image.mountPoint)/below"
        let made = try shell(
          "for i in $(seq 16); do head -c 300000 /dev/urandom > on/below/$i; done; sync -f on; "
            + "echo 1 > /proc/sys/vm/drop_caches", in: directory)
        try #require(made.status == 0, "\(made.errors)")
        let tracing = try Tracing(["--json", "--disk", "--device", served.image.name])
        let readers = try (1...16).map {
          (name: "\($0)", try Running("/usr/bin/env", ["cat", "\(directory)/fuse/\($0)"]))
        }
        let ended = readers.map { ($0.name, Int($0.1.process.processIdentifier), $0.1.wait()) }
        let trace = tracing.stop()
        var named = 0
        for (name, pid, result) in ended {
          try #require(result.output.count == 300_000, "\(result.errors)")
          let records = try trace.objects().filter { $0["path"] as? String == "\(below)/\(name)" }
          #expect(!records.isEmpty, "\(name): \(trace)")
          for record in records {
            let shown = record["pid"] as? Int
            #expect(shown == pid || shown == served.pid, "\(name), read by \(pid): \(record)")
            if shown == pid { named += 1 }
          }
        }
        #expect(named > 0, "\(trace)")
      }
    }
  }

  /// A program of Samba's name that writes and syncs files: for itself, for a client with IPv4 and
  /// for one with IPv6.
  private static let server = """
    import ctypes, os, socket, sys
    os.chdir(sys.argv[1])
    ctypes.CDLL(None).prctl(15, b"smbd")
    os.system("ip link set lo up")

    def write(name):
      file = os.open(name, os.O_CREAT | os.O_WRONLY)
      os.write(file, bytes(8192))
      os.fsync(file)

    def serve(family, address, client):
      server = socket.create_server((address, 445), family=family)
      caller = socket.create_connection((address, 445), source_address=(client, 0))
      connection = server.accept()[0]
      if os.fork() == 0:
        write(client)
        os._exit(0)
      if os.wait()[1]: os._exit(1)

    write("own")
    serve(socket.AF_INET, "127.0.0.1", "127.0.0.9")
    serve(socket.AF_INET6, "::1", "::1")
    """

  @Test("what a process of Samba has a disk do has the address of its client")
  func samba() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .ext4)
      try image.mount()
      let tracing = try Tracing(["--json", "--disk", "--device", image.name])
      let ended = try run(
        "/usr/bin/env",
        ["unshare", "--net", "python3", "-I", "-S", "-c", Self.server, image.mountPoint])
      let trace = tracing.stop()
      try #require(ended.status == 0, "\(ended.errors)")
      for (name, client) in [("own", nil), ("127.0.0.9", "127.0.0.9"), ("::1", "::1")] {
        let written = try trace.objects().filter {
          $0["path"] as? String == "\(image.mountPoint)/\(name)"
            && $0["cause"] as? String == "fsync"
        }
        #expect(!written.isEmpty, "\(name): \(trace)")
        for record in written {
          #expect(record["comm"] as? String == "smbd", "\(record)")
          #expect(record["client"] as? String == client, "\(name): \(record)")
        }
      }
    }
  }
}
