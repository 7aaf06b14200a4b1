// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// The ledger of the BPF programs, mapped read-only: one `bfa_counters` for each CPU.
struct Counters: ~Copyable {
  private let cpus: UnsafeMutableBufferPointer<bfa_counters>
  private let length: Int

  /// The map's descriptor may be closed afterwards; the mapping keeps the map.
  init(map: OpaquePointer) throws(TracerError) {
    let count = Int(bpf_map__max_entries(map))
    let page = sysconf(Int32(_SC_PAGESIZE))
    length = (count * MemoryLayout<bfa_counters>.stride + page - 1) / page * page
    let address = mmap(nil, length, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0)
    guard let address, address != MAP_FAILED else {
      throw TracerError("cannot map the counters (\(errorName(errno)))")
    }
    cpus = UnsafeMutableBufferPointer(
      start: address.assumingMemoryBound(to: bfa_counters.self), count: count)
  }

  deinit {
    munmap(cpus.baseAddress, length)
  }

  /// The sum over all CPUs, at about this time: they go on counting.
  func sum(_ member: KeyPath<bfa_counters, UInt64>) -> UInt64 {
    cpus.reduce(0) { $0 + $1[keyPath: member] }
  }
}
