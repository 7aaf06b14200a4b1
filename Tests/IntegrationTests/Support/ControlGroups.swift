// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test where no control group can be made, as in many containers.
  static var needsCgroups: Self {
    .enabled(if: ControlGroups.root != nil, "needs control groups of version 2: see cgroups(7)")
  }
}

/// Control groups of version 2 below a group of this test, which are removed at the end.
final class ControlGroups {
  /// Where the hierarchy is mounted; nil if no group can be made there.
  static let root: String? = {
    guard mayTrace else { return nil }
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields[2] == "cgroup2" && access(String(fields[1]), W_OK) == 0 { return String(fields[1]) }
    }
    return nil
  }()

  /// "/bfatrace-test.X" and the directory of that group.
  let top: String
  let directory: String

  init() throws {
    top = "/bfatrace-test.\(UUID())"
    directory = try #require(Self.root) + top
    try #require(mkdir(directory, 0o755) == 0)
  }

  deinit {
    // Groups can be removed once their processes have ended.
    for _ in 0..<100 {
      let removed = try? IntegrationTests.shell(
        "find \(directory) -depth -type d -exec rmdir {} \\;")
      if removed?.status == 0 { return }
      usleep(20_000)
    }
  }

  /// Makes a group below the one of this test, and runs a command line in it.
  @discardableResult
  func shell(_ command: String, inGroup group: String, at place: String) throws -> Ended {
    let ended = try IntegrationTests.shell(
      """
      mkdir -p "$GROUP" && echo 0 >"$GROUP/cgroup.procs" || exit 99
      \(command)
      """, in: place, environment: ["GROUP": directory + group])
    try #require(ended.status != 99, "\(group): \(ended.errors)")
    return ended
  }
}
