// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test where no loop device can be set up, as in many containers.
  static var needsLoopDevices: Self {
    .enabled(if: mayLoop, "needs loop devices: losetup(8) finds none that is free")
  }
}

private let mayLoop: Bool = mayTrace && (try? run("/usr/bin/env", ["losetup", "-f"]))?.status == 0

/// A file as a disk: a loop device that nothing else uses.
final class DiskImage {
  enum FileSystem: String, CaseIterable, Sendable {
    case ext4, ext4WithoutJournal, xfs, btrfs

    /// The command that makes the file system so that the kernel has no work left to do in the
    /// background.
    var command: String {
      let ext4 = "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0,nodiscard"
      return switch self {
      case .ext4: ext4
      case .ext4WithoutJournal: ext4 + " -O ^has_journal"
      case .xfs: "mkfs.xfs -q -K"
      case .btrfs: "mkfs.btrfs -q -K"
      }
    }
  }

  /// "/dev/loop0"
  let device: String
  let directory: String
  /// Options that turn off reading ahead and in the background.
  private let mountOptions: String

  /// - Parameters:
  ///   - directory: an empty directory, in which the image is made.
  ///   - megabytes: the size; xfs takes no less than 300 MiB.
  ///   - losetup: more options of losetup(8).
  init(
    in directory: String, _ fileSystem: FileSystem? = nil, megabytes: Int = 320,
    losetup: String = ""
  ) throws {
    self.directory = directory
    let isExt4 = fileSystem == .ext4 || fileSystem == .ext4WithoutJournal
    mountOptions = isExt4 ? "-o no_prefetch_block_bitmaps" : ""
    let made = try shell(
      "truncate -s \(megabytes)M image && mkdir on && losetup \(losetup) -f --show image",
      in: directory)
    device = made.text.trimmingCharacters(in: .whitespacesAndNewlines)
    try #require(made.status == 0 && !device.isEmpty, "\(made.errors)")
    if let fileSystem {
      let ended = try shell("\(fileSystem.command) \(device) 2> /dev/null")
      try #require(ended.status == 0, "\(fileSystem.command): \(ended.errors)")
    }
  }

  deinit {
    _ = try? shell("umount on 2> /dev/null; losetup -d \(device)", in: directory)
  }

  /// "loop0"
  var name: String { String(device.dropFirst("/dev/".count)) }
  /// Where the file system is mounted.
  var mountPoint: String { "\(directory)/on" }

  func mount(_ options: String = "") throws {
    let ended = try shell("mount \(mountOptions) \(options) \(device) on", in: directory)
    try #require(ended.status == 0, "\(ended.errors)")
  }

  /// Returns once the device is free. A mount namespace that was made meanwhile has a copy of the
  /// mount, and the file system lives until that is gone, too. Until then the device is claimed,
  /// and open(2) with O_EXCL refuses it.
  func unmount() throws {
    // A child of another test holds a descriptor between its fork and its exec: try again.
    try waitUntil("\(device) is unmounted") {
      (try? shell("umount on", in: directory))?.status == 0
    }
    try waitUntil("\(device) is free") {
      let descriptor = open(device, O_RDONLY | O_EXCL | O_CLOEXEC)
      return descriptor >= 0 && close(descriptor) == 0
    }
  }

  /// The numbers of /sys/block/DISK/stat (Documentation/block/stat.rst).
  func statistics() throws -> [Int] {
    try String(contentsOfFile: "/sys/block/\(name)/stat", encoding: .ascii)
      .split { $0 == " " || $0 == "\n" }.map { Int($0) ?? 0 }
  }

  /// The numbers of /sys/block/DISK/stat with no request under way. The kernel counts a request
  /// when it ends, and a trace when it starts: only now can the two be compared.
  func settledStatistics() throws -> [Int] {
    try waitUntil("no request is under way on \(name)") { (try? statistics()[8]) == 0 }
    return try statistics()
  }
}
