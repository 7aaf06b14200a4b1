// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test where no control group can throttle disks, as in many containers.
  static var needsThrottling: Self {
    .enabled(if: ThrottledGroup.top != nil, "needs control groups for disks: see cgroups(7)")
  }
}

/// A control group whose processes have a low rate for a device, as `docker run --device-read-bps`
/// sets it.
final class ThrottledGroup {
  let directory: String

  /// Where groups are made; nil if they cannot be.
  static let top: String? = {
    guard mayTrace else { return nil }
    if access("/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", W_OK) == 0 {
      return "/sys/fs/cgroup/blkio"  // version 1
    }
    let controlled = try? String(
      contentsOfFile: "/sys/fs/cgroup/cgroup.subtree_control", encoding: .utf8)
    return controlled?.split(separator: " ").contains("io") == true ? "/sys/fs/cgroup" : nil
  }()

  init(device: String, bytesPerSecond: Int) throws {
    directory = "\(try #require(Self.top))/bfatrace-test.\(UUID())"
    try #require(mkdir(directory, 0o755) == 0)
    let ended = try shell(
      """
      number=$(lsblk -dno MAJ:MIN \(device) | tr -d ' ')
      if [ -e io.max ]; then echo "$number rbps=\(bytesPerSecond) wbps=\(bytesPerSecond)" >io.max; else
        echo "$number \(bytesPerSecond)" >blkio.throttle.read_bps_device
        echo "$number \(bytesPerSecond)" >blkio.throttle.write_bps_device
      fi
      """, in: directory)
    try #require(ended.status == 0, "\(ended.errors)")
  }

  deinit { rmdir(directory) }
}
