// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

extension TracerOptions {
  /// Which requests to block devices to trace.
  public struct Disk: Sendable {
    /// Only those to a disk that had nothing to do for at least this long: nanoseconds.
    public var idleNanoseconds: UInt64 = 0
    /// Only those to this disk, the kernel's dev_t: major << 20 | minor.
    public var device: UInt32?
    /// A record of the end of each request, too.
    public var latency = false
    /// How long requests take is counted instead of making records of them.
    public var histogram: Counted?

    public enum Counted: Sendable {
      case all
      /// Those that there would be a record of.
      case wanted
    }

    public init() {}

    var configuration: bfa_disk_config {
      var config = bfa_disk_config()
      config.idle_ns = idleNanoseconds
      config.disk = device ?? 0
      config.page_size = UInt32(sysconf(Int32(_SC_PAGESIZE)))
      config.latency = latency ? 1 : 0
      config.histogram = histogram == nil ? 0 : 1
      config.only_wanted = histogram == .wanted ? 1 : 0
      return config
    }
  }

  /// The programs for block devices. Those that learn who is the culprit are attached before the one
  /// for requests.
  static let diskPrograms = [
    "sched_process_exit", "mm_filemap_add_to_page_cache", "writeback_dirty_folio",
    "writeback_mark_inode_dirty", "writeback_queue", "writeback_start", "writeback_written",
    "block_bio_queue",
  ]

  /// The programs that tell how long requests take: before the first one is reported, they are there.
  static let latencyPrograms = ["block_bio_complete", "block_rq_complete", "block_rq_issue"]

  /// All for a run on disks, without those that only some kernels have.
  static func programs(_ disk: Disk) -> [String] {
    if disk.histogram == .all { return Array(latencyPrograms.dropFirst()) }
    return (disk.latency || disk.histogram != nil ? latencyPrograms : []) + diskPrograms
  }

  /// Programs that are attached where the kernel has their tracepoints now: those of file systems come
  /// with their modules.
  static let optionalDiskPrograms = [
    "ctime_ns_xchg", "ext4_mark_inode_dirty", "jbd2_start_commit", "xfs_trans_commit",
    "btrfs_cow_block", "btrfs_space_reservation", "btrfs_transaction_commit",
    "block_io_start", "block_rq_issue", "fuse_request_end", "fuse_request_send",
  ]
}
