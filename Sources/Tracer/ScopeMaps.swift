// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// Maps of the scope whose keys are strings.
extension BPFObject {
  /// Adds the beginning of a string to a map of such, cut to what fits.
  func add(prefix: [UInt8], to map: String) throws(TracerError) {
    var key = bfa_prefix()
    let count = min(prefix.count, MemoryLayout.size(ofValue: key.bytes))
    key.bits = UInt32(count * 8)
    withUnsafeMutableBytes(of: &key.bytes) { $0.copyBytes(from: prefix.prefix(count)) }
    try add(key, to: map)
  }

  /// Adds the name of a unit to the map "units".
  func add(unit: [UInt8]) throws(TracerError) {
    var key = bfa_cgroup_name()
    withUnsafeMutableBytes(of: &key.bytes) { $0.copyBytes(from: unit.prefix($0.count - 1)) }
    try add(key, to: "units")
  }

  private func add<Key: BitwiseCopyable>(_ key: Key, to map: String) throws(TracerError) {
    var (key, value) = (key, 1 as UInt8)
    let size = MemoryLayout<Key>.size
    let result = bpf_map__update_elem(
      try self.map(map), &key, size, &value, 1, UInt64(BPF_ANY))
    if result != 0 {
      throw TracerError("cannot tell the kernel the scope: too much of it (\(errorName(-result)))")
    }
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
