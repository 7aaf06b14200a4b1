// SPDX-License-Identifier: Apache-2.0

/// In which control groups processes are wanted: of each kind of rule, one must hold. In a live run
/// the kernel side decides by the same rules (learn_cgroup in bpf/files/cgroup.h).
public struct CgroupFilter: Sendable {
  /// Names of units, whole: "nginx.service". Also what is below them counts.
  public var units: [[UInt8]] = []
  /// How ids of containers begin.
  public var containers: [[UInt8]] = []
  /// Paths of control groups, without a slash at the end; that of the root is empty.
  public var paths: [[UInt8]] = []

  public init() {}

  public var isEverywhere: Bool { units.isEmpty && containers.isEmpty && paths.isEmpty }

  /// - Parameter path: of a process's group; empty: it is not known.
  public func admits(_ path: UnsafeRawBufferPointer) -> Bool {
    if isEverywhere { return true }
    if path.isEmpty { return false }
    let group = CgroupPath(path)
    return (units.isEmpty || units.contains { group.isIn(unit: $0) })
      && (containers.isEmpty || containers.contains { group.isIn(containerThatBeginsWith: $0) })
      && (paths.isEmpty || paths.contains { group.isUnder($0) })
  }
}
