// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// A part of the scope: the option that it comes from, the map that it goes to, and what to do when
/// that is full.
struct ScopePart {
  var option: String
  var what: String
  var map: String
  var remedy: String

  static let pids = ScopePart(
    option: "--pid", what: "processes", map: "pid_rules",
    remedy: "name fewer, or use --comm, --uid or --unit")
  static let ignoredPids = ScopePart(
    option: "--ignore-pid", what: "processes", map: "pid_rules", remedy: "name fewer")
  static let comms = ScopePart(
    option: "--comm", what: "names", map: "comm_rules",
    remedy: "name fewer, or use --pid, --uid or --unit")
  static let ignoredComms = ScopePart(
    option: "--ignore-comm", what: "names", map: "comm_rules",
    remedy: "name fewer, or choose the others with --comm, --uid or --unit")
  static let units = ScopePart(
    option: "--unit", what: "units", map: "units", remedy: "name a slice they are in")
  static let containers = ScopePart(
    option: "--container", what: "containers", map: "containers",
    remedy: "use --under-cgroup with a group they are in")
  static let cgroups = ScopePart(
    option: "--under-cgroup", what: "groups", map: "cgroup_paths",
    remedy: "name a group they are in")
  static let parents = directories("--dir", remedy: "name fewer")
  static let under = directories("--under", remedy: "name one they are in")
  static let ignoredDirectories = directories("--ignore-under", remedy: "name one they are in")
  static let files = ScopePart(
    option: "--file", what: "names", map: "named_files",
    remedy: "use --dir or --under with a directory they are in")
  static let fileSystems = ScopePart(
    option: "without --dir", what: "file systems", map: "file_systems",
    remedy: "use --current-mount or --dir")
  static let prefixes = ScopePart(
    option: "--path", what: "patterns", map: "prefixes", remedy: "use --under")

  private static func directories(_ option: String, remedy: String) -> ScopePart {
    ScopePart(option: option, what: "directories", map: "places", remedy: remedy)
  }
}

extension BPFObject {
  /// Refuses what has no place in the map of the part.
  /// - Parameter result: of an update of the map, a negative errno: of a full one, E2BIG, and ENOSPC
  ///   of one for beginnings.
  func check(_ result: Int32, _ part: ScopePart) throws(TracerError) {
    switch result {
    case 0: return
    case -E2BIG, -ENOSPC:
      let limit = bpf_map__max_entries(try map(part.map))
      throw TracerError(
        "\(part.option): there is room for no more than \(limit) \(part.what): \(part.remedy)")
    default:
      throw TracerError(
        cannotTrace: "cannot tell the kernel what \(part.option) means (\(errorName(-result)))")
    }
  }
}

/// Maps of the scope whose keys are strings.
extension BPFObject {
  /// Adds the beginning of a string to the map of such, cut to what fits.
  func add(prefix: [UInt8], _ part: ScopePart) throws(TracerError) {
    var key = bfa_prefix()
    let count = min(prefix.count, MemoryLayout.size(ofValue: key.bytes))
    key.bits = UInt32(count * 8)
    withUnsafeMutableBytes(of: &key.bytes) { $0.copyBytes(from: prefix.prefix(count)) }
    try add(key, part)
  }

  /// Adds the name of a unit to the map "units".
  func add(unit: [UInt8]) throws(TracerError) {
    var key = bfa_cgroup_name()
    withUnsafeMutableBytes(of: &key.bytes) { $0.copyBytes(from: unit.prefix($0.count - 1)) }
    try add(key, .units)
  }

  private func add<Key: BitwiseCopyable>(_ key: Key, _ part: ScopePart) throws(TracerError) {
    var (key, value) = (key, 1 as UInt8)
    let size = MemoryLayout<Key>.size
    let result = bpf_map__update_elem(
      try map(part.map), &key, size, &value, 1, UInt64(BPF_ANY))
    try check(result, part)
  }

  /// The path of a group that the program "setup" has put into the map "cgroups". It is looked at
  /// again: not all that is asked for is known yet.
  func takePath(ofCgroup directory: Int32) throws(TracerError) -> [UInt8] {
    var status = stat()
    fstat(directory, &status)
    var id = UInt64(status.st_ino)
    var group = bfa_cgroup()
    let map = try self.map("cgroups")
    let size = (MemoryLayout.size(ofValue: id), MemoryLayout<bfa_cgroup>.size)
    let result = bpf_map__lookup_elem(map, &id, size.0, &group, size.1, 0)
    let path = withUnsafeBytes(of: group.path) { Array($0.prefix(Int(group.path_len))) }
    // One byte is for a slash, and one shows that a path is longer.
    if result != 0 || path.isEmpty || path.count > Int(BFA_PREFIX_BYTES.rawValue) - 2 {
      throw TracerError(
        cannotTrace: "the path of the control group is not known, or is longer than 254 bytes")
    }
    bpf_map__delete_elem(map, &id, size.0, 0)
    return path == [UInt8(ascii: "/")] ? [] : path
  }
}
