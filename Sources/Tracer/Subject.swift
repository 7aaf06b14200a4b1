// SPDX-License-Identifier: Apache-2.0
import CLibBPF

extension TracerOptions {
  /// What a run makes records of. It decides which programs and maps there are.
  public enum Subject: Sendable {
    /// Accesses, merged by process and open file.
    case accesses
    /// Calls, each by itself.
    case calls
    /// Calls that change files; with `inputs`, also those that read or execute them.
    case changes(inputs: Bool)
    /// Requests to block devices.
    case requests(Disk)

    /// Records come from system calls, and are about files.
    var isOfFiles: Bool {
      switch self {
      case .accesses, .calls, .changes: true
      case .requests: false
      }
    }

    /// Counts stay in the kernel until they are flushed.
    var isMerged: Bool {
      switch self {
      case .accesses: true
      case .calls, .changes, .requests: false
      }
    }
  }

  /// The programs that this run needs, in the order in which they are attached.
  var programs: [String] {
    let forks = needsForks ? ["sched_process_fork"] : []
    return switch subject {
    case .accesses: Self.ends + forks + ["sys_exit"]
    case .calls, .changes: Self.ends + forks + ["sys_enter", "sys_exit"]
    case .requests(let disk): Self.programs(disk) + forks
    }
  }

  /// What ends the descriptors of a process, or some of them.
  private static let ends = ["sched_process_exit", "sched_process_exec"]

  private var needsForks: Bool { follow || command != nil }

  /// Programs that some kernels have no tracepoint for, and the names that it has had.
  static let optionalPrograms = [
    ("io_uring_submit", ["io_uring_submit_req", "io_uring_submit_sqe"]),
    ("io_uring_complete", ["io_uring_complete"]),
  ]

  /// Programs of the object that this run does without.
  var unneededPrograms: [String] {
    let forks = needsForks ? [] : ["sched_process_fork"]
    return switch subject {
    case .accesses: forks + ["sys_enter"]
    case .calls, .changes: forks + ["open_at_start"]
    case .requests(let disk):
      forks + Self.latencyPrograms.dropLast().filter { !Self.programs(disk).contains($0) }
    }
  }

  /// Maps of the object that this run has nothing to put into.
  var unneededMaps: [String] {
    let groups = cgroup || !cgroups.isEverywhere ? [] : ["cgroups"]
    let describes = exe || parents || cgroup || cwd || args
    return groups + unneededTimes
      + (describes || !subject.isOfFiles ? [] : ["descriptions", "last_descriptions"])
  }

  private var unneededTimes: [String] {
    switch subject {
    case .accesses: []
    case .calls, .changes: histogram ? [] : ["call_times", "quick_starts"]
    case .requests(let disk):
      (disk.histogram == nil ? ["disk_histograms"] : [])
        + (disk.histogram == nil && !disk.latency ? ["issued_requests"] : [])
        + (disk.histogram != .wanted && !disk.latency ? ["waiting_requests"] : [])
    }
  }

  /// The object with the programs for this run on this kernel; bpf_rdonly_cast came with 6.2.
  var object: String {
    let byHelper = KernelVersion.running < KernelVersion(major: 6, minor: 2)
    return switch subject {
    case .accesses: byHelper ? TracerObjects.mergedByHelper : TracerObjects.merged
    case .calls, .changes: byHelper ? TracerObjects.callsByHelper : TracerObjects.calls
    case .requests: byHelper ? TracerObjects.diskByHelper : TracerObjects.disk
    }
  }
}
