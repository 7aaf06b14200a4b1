// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Requests by way of a file system that has another one below it.
@Suite("File systems on others", .serialized, .needsRoot, .needsLoopDevices)
struct DiskLayersTests {
  /// Reads a file as a process of its own.
  private func read(_ path: String) throws -> Int {
    let reader = try Running("/usr/bin/env", ["cat", path])
    let ended = reader.wait()
    try #require(ended.status == 0 && ended.output.count == 65536, "\(ended)")
    return Int(reader.process.processIdentifier)
  }

  /// All that is read of the file, in a trace of its disk, is read by this process.
  private func expect(_ trace: Trace, _ path: String, readBy pid: Int) throws {
    let records = try trace.objects().filter {
      $0["path"] as? String == path && $0["disk"] as? String == "read"
    }
    #expect(records.compactMap { $0["bytes"] as? Int }.reduce(0, +) == 65536, "\(trace)")
    #expect(records.allSatisfy { $0["pid"] as? Int == pid }, "by \(pid): \(trace)")
  }

  /// A new ext4 with a file "file" in `directories`, none of which is in memory.
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

  @Test("an overlay's requests are those of the process, with the file in the layer")
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

  @Test(
    "those of a FUSE file system are its daemon's, with the file below it",
    .enabled(if: access("/dev/fuse", R_OK | W_OK) == 0, "needs /dev/fuse"))
  func daemon() throws {
    try Scratch.directory { directory in
      let image = try makeImage(in: directory, "below")
      let made = try shell("mkdir fuse", in: directory)
      try #require(made.status == 0)
      let daemon = try Running(
        "/usr/bin/env", ["bindfs", "-f", "\(image.mountPoint)/below", "\(directory)/fuse"])
      defer {
        _ = try? shell("umount fuse", in: directory)
        _ = daemon.wait()
      }
      try waitUntil("bindfs has mounted") {
        (try? shell("mountpoint -q fuse", in: directory))?.status == 0
          || !daemon.process.isRunning
      }
      let tracing = try Tracing(["--json", "--disk", "--device", image.name])
      _ = try read("\(directory)/fuse/file")
      try expect(
        tracing.stop(), "\(image.mountPoint)/below/file",
        readBy: Int(daemon.process.processIdentifier))
    }
  }
}
