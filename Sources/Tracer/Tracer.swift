// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// The BPF programs at work. Made, it has them loaded; `attach` begins the tracing. Prints nothing.
public struct Tracer: ~Copyable {
  private let options: TracerOptions
  /// Programs that are not attached, as this kernel has no tracepoint for them.
  private(set) var withoutTracepoint: [String] = []
  private let object: BPFObject
  private let counters: Counters
  private let ring: RecordRing
  /// Nil where nothing is ever pending in the kernel.
  private let flushProgram: Int32?
  private var links: [OpaquePointer] = []
  private let processes: [ScopedProcess]
  /// How many of `processes` had ended before the kernel side counted ends.
  private var endedBefore: UInt64 = 0

  /// Checks what is needed and loads the programs.
  public init(_ options: TracerOptions) throws(TracerError) {
    try Requirements.check()
    var processes: [ScopedProcess] = []
    for pid in options.pids { processes.append(try ScopedProcess(pid)) }
    let object = try BPFObject(packed: options.object)
    let counterMap = try object.map("counters")
    bpf_map__set_max_entries(counterMap, try Requirements.processors)
    bpf_map__set_max_entries(try object.map("records"), options.ringBytes)
    if options.subject.isOfFiles {
      try options.room.make(in: object)
    } else {
      try options.room.makeForDisks(in: object)
    }
    try options.room.makeForScope(in: object)
    for name in options.unneededMaps { bpf_map__set_max_entries(try object.map(name), 1) }
    for name in options.unneededPrograms {
      bpf_program__set_autoload(try object.program(name), false)
    }
    try object.load(options)
    if options.subject.isOfFiles { try object.connectHandlers() }
    let flushProgram =
      options.subject.isOfFiles ? bpf_program__fd(try object.program("flush")) : nil
    let counters = try Counters(map: counterMap)
    let ring = try RecordRing(map: try object.map("records"))
    self.options = options
    self.processes = processes
    self.object = object
    self.flushProgram = flushProgram
    self.counters = counters
    self.ring = ring
  }

  deinit {
    for link in links { bpf_link__destroy(link) }
  }

  /// Tells the kernel the scope; from then on events are recorded.
  /// - Parameter pids: processes to ignore besides those of the options, where `ignoresMore`.
  public mutating func attach(ignoring pids: [pid_t] = []) throws(TracerError) {
    try tellScope(ignoring: options.ignoredPids + pids)
    switch options.subject {
    case .accesses, .calls, .changes:
      for (name, tracepoints) in TracerOptions.optionalPrograms {
        try attach(name, toOneOf: tracepoints)
      }
      try attachPrograms()
    case .requests(let disk):
      try attachPrograms()
      try attachOptionalPrograms(disk)
    }
    try forgetEnded()
    if options.subject.isMerged { try object.iterate("open_at_start") }
  }

  private mutating func attachPrograms() throws(TracerError) {
    for name in options.programs {
      guard let link = bpf_program__attach(try object.program(name)) else {
        throw TracerError(
          cannotTrace: "cannot attach \(name) (\(errorName(errno))): \(LibbpfLog.reason)")
      }
      links.append(link)
    }
  }

  /// Attaches a program to the first of these tracepoints that the kernel has, if it has any.
  private mutating func attach(_ name: String, toOneOf tracepoints: [String]) throws(TracerError) {
    let program = try object.program(name)
    for tracepoint in tracepoints {
      if let link = bpf_program__attach_raw_tracepoint(program, tracepoint) {
        links.append(link)
        return
      }
      if errno != ENOENT {
        throw TracerError(cannotTrace: "cannot attach \(name) (\(errorName(errno)))")
      }
    }
    withoutTracepoint.append(name)
  }

  private mutating func attachOptionalPrograms(_ disk: TracerOptions.Disk) throws(TracerError) {
    if disk.histogram == .all { return }
    for name in TracerOptions.optionalDiskPrograms where !options.programs.contains(name) {
      if let link = bpf_program__attach(try object.program(name)) { links.append(link) }
    }
  }

  /// Ends the recording; what has been recorded can still be drained.
  public mutating func detach() {
    for link in links { bpf_link__destroy(link) }
    links = []
  }

  /// Gives up, for good, all privileges but the one that `flush` takes on older kernels.
  /// - Parameter mayKill: keeps the one to send signals to processes of other users.
  public static func dropPrivileges(mayKill: Bool) throws(TracerError) {
    let kept = Requirements.flushCapability | (mayKill ? Requirements.killCapability : 0)
    if bfa_keep_capabilities(kept) != 0 {
      throw TracerError("cannot give up privileges (\(errorName(errno)))")
    }
  }

  /// Readable when records should be drained before the interval is over.
  public var descriptor: Int32 { ring.descriptor }

  /// Makes records of what is pending in the kernel, for every file touched since the last flush, and
  /// forgets the files of processes that have ended.
  /// - Returns: true if something is left, because the ring is full or there is more since.
  @discardableResult
  public func flush() throws(TracerError) -> Bool {
    guard let flushProgram else { return false }
    var run = bpf_test_run_opts()
    run.sz = MemoryLayout.size(ofValue: run)
    let result = bpf_prog_test_run_opts(flushProgram, &run)
    if result != 0 {
      throw TracerError("cannot run the flush program (\(errorName(-result))): events are missing")
    }
    if run.retval & BFA_FLUSH_WAIT.rawValue != 0 { bfa_wait_for_programs() }
    return run.retval & BFA_FLUSH_MORE.rawValue != 0
  }

  /// Gives at most `limit` waiting records to the consumer; true if more may be waiting.
  public func drain(limit: Int, into consumer: (UnsafeRawBufferPointer) -> Void) -> Bool {
    ring.drain(limit: limit, into: consumer)
  }

  /// Events that are not shown, since the beginning.
  public var losses: Losses {
    Losses(
      ring: counters.sum(\.lost), files: counters.sum(\.lost_files),
      processes: counters.sum(\.lost_processes), requests: counters.sum(\.lost_requests),
      turns: counters.sum(\.lost_turns))
  }

  /// Files with a long path that found no room for it, since the beginning.
  public var unnamed: UInt64 { counters.sum(\.unnamed) }

  /// What the kernel has room for.
  public var room: Room { options.room }

  /// Calls whose descriptor another thread had closed before they were looked at.
  public var unresolved: UInt64 { counters.sum(\.unresolved) }

  /// Calls on names that could not be placed, and found the ring half full.
  public var unplaced: UInt64 { counters.sum(\.unplaced) }

  /// Requests to disks that there was no room for: how long these were idle is not known.
  public var unknownIdle: UInt64 { counters.sum(\.unknown_idle) }

  /// What --histogram had no room for.
  public var unmeasured: UInt64 { counters.sum(\.unmeasured) }

  /// With `histogram`, the calls that there were, and what each processor has counted of them.
  public func callTimes() throws(TracerError) -> [(call: UInt32, counted: [bfa_histogram])] {
    try object.callTimes()
  }

  /// With that of `Disk`, disks and their operations, and what was counted of them.
  public func diskTimes() throws(TracerError) -> [(
    key: bfa_disk_operation_key, counted: bfa_disk_histogram
  )] {
    try object.diskTimes()
  }

  /// Whether all processes that were asked for by number, and those that follow them, have ended.
  public var scopeHasEnded: Bool {
    !processes.isEmpty
      && endedBefore + counters.sum(\.ended)
        >= UInt64(processes.count) + counters.sum(\.followed)
  }
}

extension Tracer {
  /// Processes that ended before the programs were there to see it.
  private mutating func forgetEnded() throws(TracerError) {
    let pidRules = try object.map("pid_rules")
    for process in processes where process.hasEnded {
      var tgid = UInt32(process.pid)
      let result = bpf_map__delete_elem(pidRules, &tgid, MemoryLayout.size(ofValue: tgid), 0)
      if result == 0 { endedBefore += 1 }
    }
  }

  private func tellScope(ignoring ignored: [pid_t]) throws(TracerError) {
    try setup(BFA_SETUP_SELF)
    if options.subject.isOfFiles { try findCounts() }
    switch options.place {
    case .parents(let directories):
      for directory in directories { try setup(BFA_SETUP_PLACE, directory, of: .parents) }
    case .under(let directories):
      for directory in directories { try setup(BFA_SETUP_PLACE, directory, of: .under) }
    case .files(let files):
      for file in files {
        try setup(BFA_SETUP_NAME, file.directory, name: file.name, of: .files)
      }
    case .fileSystems(let descriptors):
      for descriptor in descriptors {
        try setup(BFA_SETUP_FILE_SYSTEM, descriptor, of: .fileSystems)
      }
    case nil:
      break
    }
    for directory in options.ignoredDirectories {
      try setup(BFA_SETUP_IGNORED_PLACE, directory, of: .ignoredDirectories)
    }
    if options.hasPrefixes {
      for prefix in options.prefixes { try object.add(prefix: prefix, .prefixes) }
    }
    try tellCgroups()
    try tellProcesses(ignoring: ignored)
  }

  private func tellProcesses(ignoring ignored: [pid_t]) throws(TracerError) {
    for pid in options.pids + ignored + (options.command.map { [$0] } ?? []) {
      try setup(BFA_SETUP_RULE, pid)
    }
    for pid in options.pids { try add(BFA_RULE_ONLY, for: UInt32(pid), .pids) }
    if let pid = options.command { try add(BFA_RULE_COMMAND, for: UInt32(pid), .pids) }
    for pid in ignored { try add(BFA_RULE_IGNORE, for: UInt32(pid), .ignoredPids) }
    for comm in options.comms { try add(BFA_RULE_ONLY, for: commKey(comm), .comms) }
    for comm in options.ignoredComms {
      try add(BFA_RULE_IGNORE, for: commKey(comm), .ignoredComms)
    }
  }

  /// Has the kernel's counts of renames and mounts found. Without them, or the privilege to know
  /// addresses, the programs find out in another way.
  private func findCounts() throws(TracerError) {
    var run = bpf_test_run_opts()
    run.sz = MemoryLayout.size(ofValue: run)
    bpf_prog_test_run_opts(bpf_program__fd(try object.program("setup_counts")), &run)
  }

  private func setup(
    _ what: bfa_setup, _ argument: Int32 = -1, name: [CChar] = [0], of part: ScopePart? = nil
  ) throws(TracerError) {
    let result = try name.withUnsafeBufferPointer { name throws(TracerError) in
      let address = UInt64(UInt(bitPattern: name.baseAddress))
      return try runSetup(what, UInt64(bitPattern: Int64(argument)), address)
    }
    if let part { try object.check(result, part) }
  }

  private func tellCgroups() throws(TracerError) {
    let groups = options.cgroups
    for unit in groups.units { try object.add(unit: unit) }
    for id in groups.containers { try object.add(prefix: id, .containers) }
    var paths = groups.paths
    for directory in groups.directories {
      try setup(BFA_SETUP_CGROUP, directory)
      paths.append(try object.takePath(ofCgroup: directory))
    }
    for path in paths { try object.add(prefix: path + [UInt8(ascii: "/")], .cgroups) }
  }

  /// Runs the program "setup" in this process.
  private func runSetup(
    _ what: bfa_setup, _ argument: UInt64, _ address: UInt64 = 0
  ) throws(TracerError) -> Int32 {
    let program = bpf_program__fd(try object.program("setup"))
    var arguments = (UInt64(what.rawValue), argument, address)
    var run = bpf_test_run_opts()
    run.sz = MemoryLayout.size(ofValue: run)
    let result = withUnsafeBytes(of: &arguments) { arguments in
      run.ctx_in = arguments.baseAddress
      run.ctx_size_in = UInt32(arguments.count)
      return bpf_prog_test_run_opts(program, &run)
    }
    if result != 0 {
      throw TracerError(cannotTrace: "cannot run the program setup (\(errorName(-result)))")
    }
    return Int32(bitPattern: run.retval)
  }

  /// How far the CLOCK_BOOTTIME of records is ahead of this process's, which a time namespace may
  /// have set: nanoseconds. It never changes.
  public func clockLead() throws(TracerError) -> Int64 {
    let before = Self.bootTime
    let units = Int64(try runSetup(BFA_SETUP_CLOCK, UInt64(bitPattern: before)))
    let near = units << Int64(BFA_CLOCK_SHIFT)
    // Exact to the time that a run takes. Offsets are set in whole seconds, as 0 is one.
    var (least, most) = (Int64.min, Int64.max)
    for _ in 0..<4 {
      let before = Self.bootTime
      let rest = try runSetup(BFA_SETUP_CLOCK_REST, UInt64(bitPattern: before &+ near))
      let kernel = before &+ near &+ Int64(rest)
      least = max(least, kernel &- Self.bootTime)
      most = min(most, kernel &- before)
    }
    let second: Int64 = 1_000_000_000
    let whole = (most >= 0 ? most : most &- second &+ 1) / second &* second
    return whole >= least ? whole : least &+ (most &- least) / 2
  }

  private static var bootTime: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Adds a rule for a process or a name; of two rules for one key, both hold.
  private func add<Key>(
    _ rule: bfa_rule, for key: Key, _ part: ScopePart
  ) throws(TracerError) {
    let map = try object.map(part.map)
    let result = withUnsafeBytes(of: key) { key in
      var rules: UInt8 = 0
      bpf_map__lookup_elem(map, key.baseAddress, key.count, &rules, 1, 0)
      rules |= UInt8(rule.rawValue)
      return bpf_map__update_elem(map, key.baseAddress, key.count, &rules, 1, UInt64(BPF_ANY))
    }
    try object.check(result, part)
  }

  /// The name as the kernel keeps it: 15 bytes at most, NUL-padded to 16.
  private func commKey(_ comm: [UInt8]) -> (UInt64, UInt64) {
    var key: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &key) {
      $0.copyBytes(from: comm.prefix(Int(BFA_COMM_SIZE.rawValue) - 1))
    }
    return key
  }
}

/// A process that is traced by its number, held by a descriptor: the number may be given away.
final class ScopedProcess {
  let pid: pid_t
  private let descriptor: Int32

  init(_ pid: pid_t) throws(TracerError) {
    self.pid = pid
    descriptor = bfa_pidfd_open(pid)
    if descriptor < 0 {
      throw TracerError(
        errno == ESRCH
          ? "--pid \(pid): there is no such process: see `ps -e`"
          : "--pid \(pid): this is no process, perhaps one of its threads (\(errorName(errno))): see `ps -eL`"
      )
    }
  }

  deinit {
    close(descriptor)
  }

  var hasEnded: Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0
  }
}
