// SPDX-License-Identifier: Apache-2.0
import CBfatrace

extension TracerOptions {
  /// Whether the inode of a file decides that a call is wanted.
  private var isWideOpen: Bool {
    place == nil && ignoredDirectories.isEmpty && prefixes.isEmpty && types == .max && !onlyFailed
      && slowerNanoseconds == 0 && !all && !onlyGeneral
  }

  private var histogramOfCalls: UInt8 {
    guard histogram else { return 0 }
    return UInt8((isWideOpen ? BFA_HISTOGRAM_QUICK : BFA_HISTOGRAM_GENERAL).rawValue)
  }

  /// Letters of what is changed or read.
  private static func changeTypes(inputs: Bool) -> UInt16 {
    let kinds = [
      BFA_WRITTEN, BFA_CREATED, BFA_DELETED, BFA_MOVED_FROM, BFA_MOVED_TO, BFA_MAPPED,
      BFA_ATTRIBUTES,
    ]
    return (inputs ? kinds + [BFA_READ] : kinds).reduce(0) { $0 | UInt16($1.rawValue) }
  }

  var hasPrefixes: Bool {
    (1...Int(room.ofScope ?? BFA_PREFIXES.rawValue)).contains(prefixes.count)
  }

  /// These options as the BPF configuration.
  var configuration: bfa_config {
    var config = bfa_config()
    config.wakeup_bytes = ringBytes / 4
    config.open_files = room.openFiles
    config.slower_ns = slowerNanoseconds
    config.only_uid = uid == nil ? 0 : 1
    config.uid = uid ?? 0
    config.types = types
    config.only_general = onlyGeneral ? 1 : 0
    config.only_failed = onlyFailed ? 1 : 0
    config.failed_opens = failedOpens ? 1 : 0
    config.all = all ? 1 : 0
    config.metadata = metadata ? 1 : 0
    config.times = times ? 1 : 0
    config.only_pids = pids.isEmpty && command == nil ? 0 : 1
    config.only_comms = comms.isEmpty ? 0 : 1
    let ignores = !ignoredPids.isEmpty || ignoresMore
    config.pid_rules = config.only_pids != 0 || ignores || follow ? 1 : 0
    config.follow = follow ? 1 : 0
    config.entries = entries ? 1 : 0
    config.histogram = histogramOfCalls
    config.exe = exe ? 1 : 0
    config.parents = parents ? 1 : 0
    config.cgroup_scopes = cgroups.scopes
    config.cgroup = cgroup ? 1 : 0
    config.cwd = cwd && subject.isOfFiles ? 1 : 0
    config.args = args && subject.isOfFiles ? 1 : 0
    // Since 6.16, a process still has its memory when its end is reported; calls are reported before.
    let isToldEarly = KernelVersion.running >= KernelVersion(major: 6, minor: 16)
    config.exe_is_lost = (exe || args) && subject.isMerged && !isToldEarly ? 1 : 0
    config.comm_rules = comms.isEmpty && ignoredComms.isEmpty ? 0 : 1
    if case .changes(let inputs) = subject {
      config.changes = 1
      config.only_general = 1
      config.types = Self.changeTypes(inputs: inputs)
    }
    switch place {
    case .parents: config.only_parents = 1
    case .under: config.only_under = 1
    case .files: config.only_files = 1
    case .fileSystems: config.only_file_systems = 1
    case nil: break
    }
    config.only_prefixes = hasPrefixes ? 1 : 0
    config.ignore_under = ignoredDirectories.isEmpty ? 0 : 1
    return config
  }
}
