// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Directories of a test's own.
enum Scratch {
  /// File systems where tests work: on a disk, and in memory.
  enum FileSystem: String, CaseIterable, Sendable {
    case disk = "/var/tmp"
    case memory = "/dev/shm"
  }

  /// Gives the body an empty directory, whose path has no links, and removes it afterwards.
  static func directory<Result>(
    on fileSystem: FileSystem = .disk, _ body: (String) throws -> Result
  ) throws -> Result {
    var template = Array("\(fileSystem.rawValue)/bfatrace-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    let path = String(cString: resolved)
    free(resolved)
    defer { _ = try? run("/bin/rm", ["-rf", "--one-file-system", path]) }
    return try body(path)
  }

  /// Gives the body a directory on a file system of its own, in an image on the disk.
  static func ownFileSystem<Result>(_ body: (String) throws -> Result) throws -> Result {
    try directory { directory in
      let mounted = try run(
        "/bin/sh",
        [
          "-c",
          "truncate -s 64M image && mke2fs -q -t ext4 image && mkdir on && mount -o loop image on",
        ],
        in: directory, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
      try #require(mounted.status == 0, "\(mounted.errors)")
      defer { _ = try? run("/bin/umount", ["--lazy", "\(directory)/on"]) }
      return try body("\(directory)/on")
    }
  }

  /// A new file that is open for writing; the caller removes it.
  static func newFile() -> (url: URL, handle: FileHandle) {
    let name = "/tmp/bfatrace-test.\(UUID())"
    let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    return (URL(filePath: name), FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
  }

  /// The name of a file that does not exist; the caller removes it.
  static func newName() -> String {
    "/tmp/bfatrace-test.\(UUID())"
  }
}
