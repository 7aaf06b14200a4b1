// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// What the programs count instead of making records.
extension BPFObject {
  typealias DiskTimes = (key: bfa_disk_operation_key, counted: bfa_disk_histogram)

  /// Calls with what each processor has counted of them, by enum bfa_call.
  func callTimes() throws(TracerError) -> [(call: UInt32, counted: [bfa_histogram])] {
    let map = try map("call_times")
    let processors = Int(libbpf_num_possible_cpus())
    var counted = [bfa_histogram](repeating: bfa_histogram(), count: max(processors, 1))
    var calls: [(call: UInt32, counted: [bfa_histogram])] = []
    for call in 0..<UInt32(BFA_CALL_COUNT.rawValue) {
      var key = call
      let result = counted.withUnsafeMutableBytes {
        bpf_map__lookup_elem(
          map, &key, MemoryLayout.size(ofValue: key), $0.baseAddress, $0.count, 0)
      }
      if result != 0 {
        throw TracerError("cannot read what was counted (\(errorName(-result)))")
      }
      if counted.contains(where: { $0.total_ns > 0 }) { calls.append((call, counted)) }
    }
    return calls
  }

  /// Disks and their operations with what was counted of these.
  func diskTimes() throws(TracerError) -> [DiskTimes] {
    let map = try map("disk_histograms")
    var disks: [DiskTimes] = []
    var key = bfa_disk_operation_key()
    var next = bfa_disk_operation_key()
    let size = MemoryLayout<bfa_disk_operation_key>.size
    var isFirst = true
    while (isFirst
      ? bpf_map__get_next_key(map, nil, &next, size)
      : bpf_map__get_next_key(map, &key, &next, size)) == 0
    {
      (key, isFirst) = (next, false)
      var counted = bfa_disk_histogram()
      let valueSize = MemoryLayout<bfa_disk_histogram>.size
      if bpf_map__lookup_elem(map, &key, size, &counted, valueSize, 0) == 0 {
        disks.append((key, counted))
      }
    }
    return disks.sorted { ($0.key.disk, $0.key.operation) < ($1.key.disk, $1.key.operation) }
  }
}
