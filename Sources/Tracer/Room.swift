// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// How much maps hold. An entry of an open file takes memory when it is made; before, a map costs 16
/// bytes for each that it has room for.
public struct Room: Sendable {
  /// Descriptors in use by processes that live.
  public var openFiles: UInt32
  /// Open files with a path that does not fit their entry.
  public var longPaths: UInt32
  /// How many things of each kind --disk remembers; nil: as many as the manual says.
  public var ofDisks: UInt32?
  /// Control groups that are known at a time; nil: as many as the manual says.
  public var ofGroups: UInt32?
  /// What options of each kind name; nil: as many as the manual says.
  public var ofScope: UInt32?

  /// What the machine allows: a 64th of its memory for open files, if all are in use, and as much
  /// for long paths.
  public static var ofMachine: Room {
    let memory = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))))
    func entries(of bytes: UInt64, atLeast least: bfa_limit) -> UInt32 {
      // A power of two: the kernel takes 16 bytes for each up to the next one.
      let fitting = (memory / 64 / bytes).powerOfTwo
      return UInt32(min(max(fitting, UInt64(least.rawValue)), 1 << 22))
    }
    return Room(
      openFiles: entries(of: 512, atLeast: BFA_OPEN_FILES),
      longPaths: entries(of: 8192, atLeast: BFA_LONG_PATHS))
  }

  func make(in object: borrowing BPFObject) throws(TracerError) {
    // A process needs one, however few files are to be known.
    let chunks =
      max(openFiles, UInt32(BFA_OPEN_FILES.rawValue)) / UInt32(BFA_FILES_PER_CHUNK.rawValue)
    bpf_map__set_max_entries(try object.map("open_files"), openFiles)
    bpf_map__set_max_entries(try object.map("chunks"), chunks)
    bpf_map__set_max_entries(try object.map("long_paths"), longPaths)
  }

  func makeForScope(in object: borrowing BPFObject) throws(TracerError) {
    if let ofGroups { bpf_map__set_max_entries(try object.map("cgroups"), ofGroups) }
    guard let ofScope else { return }
    for name in [
      "places", "named_files", "prefixes", "pid_rules", "comm_rules", "units", "containers",
      "cgroup_paths",
    ] {
      bpf_map__set_max_entries(try object.map(name), ofScope)
    }
  }

  func makeForDisks(in object: borrowing BPFObject) throws(TracerError) {
    guard let ofDisks else { return }
    for name in [
      "inode_culprits", "block_culprits", "changes", "volumes", "backing_culprits", "readers",
      "requested_works", "syncing", "syncs", "waiting_requests", "issued_requests",
      "last_requests", "disk_histograms",
    ] {
      bpf_map__set_max_entries(try object.map(name), ofDisks)
    }
  }
}

extension UInt64 {
  /// The largest power of two that is not greater than the number; 0 for 0.
  fileprivate var powerOfTwo: UInt64 { self == 0 ? 0 : 1 << (63 - UInt64(leadingZeroBitCount)) }
}

/// Events that could not be shown, by what there was too little of.
public struct Losses: Equatable, Sendable {
  /// Room in the ring.
  public var ring: UInt64 = 0
  /// Room for open files: their closes are not known.
  public var files: UInt64 = 0
  /// Room for the processes that are followed: all that they do is not shown.
  public var processes: UInt64 = 0
  /// Room for requests of io_uring.
  public var requests: UInt64 = 0
  /// Turns at the lock of a file, or memory of the kernel.
  public var turns: UInt64 = 0

  public init(
    ring: UInt64 = 0, files: UInt64 = 0, processes: UInt64 = 0, requests: UInt64 = 0,
    turns: UInt64 = 0
  ) {
    self.ring = ring
    self.files = files
    self.processes = processes
    self.requests = requests
    self.turns = turns
  }

  public var total: UInt64 { ring + files + processes + requests + turns }

  public static func + (a: Losses, b: Losses) -> Losses { a.combined(with: b, by: +) }

  public static func - (a: Losses, b: Losses) -> Losses { a.combined(with: b, by: -) }

  private func combined(with other: Losses, by sum: (UInt64, UInt64) -> UInt64) -> Losses {
    Losses(
      ring: sum(ring, other.ring), files: sum(files, other.files),
      processes: sum(processes, other.processes), requests: sum(requests, other.requests),
      turns: sum(turns, other.turns))
  }
}
