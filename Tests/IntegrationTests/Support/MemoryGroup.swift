// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test where no control group for memory can be made, as in many containers.
  static var needsMemoryGroups: Self {
    .enabled(if: MemoryGroup.top != nil, "needs control groups for memory: see cgroups(7)")
  }
}

/// A control group that takes memory away from its processes.
final class MemoryGroup {
  let directory: String

  /// Where groups are made; nil if they cannot be.
  static let top: String? = {
    guard mayTrace else { return nil }
    if FileManager.default.fileExists(atPath: "/sys/fs/cgroup/memory/memory.force_empty") {
      return "/sys/fs/cgroup/memory"  // version 1
    }
    let controlled = try? String(
      contentsOfFile: "/sys/fs/cgroup/cgroup.subtree_control", encoding: .utf8)
    return controlled?.split(separator: " ").contains("memory") == true ? "/sys/fs/cgroup" : nil
  }()

  init() throws {
    directory = "\(try #require(Self.top))/bfatrace-test.\(UUID())"
    try #require(mkdir(directory, 0o755) == 0)
  }

  deinit { rmdir(directory) }

  /// Reclaims the memory that processes of the group have got in it, as far as it can.
  func reclaim() throws {
    try shell(
      "if [ -e memory.reclaim ]; then echo 1G >memory.reclaim; else echo 0 >memory.force_empty; fi",
      in: directory)
  }
}
