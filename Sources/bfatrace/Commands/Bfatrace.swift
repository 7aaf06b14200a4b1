// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Glibc
import Tracer

/// The command line: its options, and what they mean to the tracer and to the lines.
struct Bfatrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bfatrace",
    abstract: "Show which processes open, read, write and close which files.",
    usage: "bfatrace [OPTIONS] [-- COMMAND [ARG...]]",
    discussion: """
      A line is COMM(PID): TYPES PATH; types are R read, C closed (CW: it was open for \
      writing), W written, O opened; of a directory, + an entry was created, D deleted, < moved \
      away, > moved in. Without options, all processes and all files on real \
      file systems are shown until Ctrl-C. With COMMAND, it is started, and only it and its \
      descendants are shown, from its first instruction until it ends.
      """,
    version: "bfatrace 0.1.0")

  @OptionGroup(title: "Which processes") var processes: ProcessOptions
  @OptionGroup(title: "The command") var command: CommandOptions
  @OptionGroup(title: "Which files") var files: FileOptions
  @OptionGroup(title: "Which events") var events: EventOptions
  @OptionGroup(title: "Disks") var disks: DiskOptions
  @OptionGroup(title: "Answers") var answers: AnswerOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Recordings") var recordings: RecordingOptions
  @OptionGroup(title: "Delivery") var delivery: DeliveryOptions
  @OptionGroup(title: "When to end") var end: EndOptions

  @Flag(help: "Show what this kernel and this user allow, what is missing, and what to do.")
  var check = false

  var lineOptions: LineOptions {
    var options = LineOptions(
      json: output.json, long: output.long,
      timestamps: LineOptions.Timestamps(rawValue: output.timestamp) ?? .none, user: output.user)
    options.subject = subject
    options.color = output.usesColor
    options.summary = answers.wantsSummary
    options.onlySummary = answers.isOnlySummary
    options.table = answers.table(of: subject)
    options.histogram = disks.histogram
    if disks.histogram {
      (options.summary, options.onlySummary, options.table) = (false, true, nil)
    }
    options.changes = answers.list
    if answers.isList { options.onlySummary = true }
    options.wakeups = disks.wakeups
    options.timeline = !choosesSome
    options.onlyOneDisk = disks.device != nil
    return options
  }

  /// Whether some requests are left out, whatever disk they are to: then the others do not tell how
  /// long it slept.
  var choosesSome: Bool {
    let ofProcesses =
      !processes.pid.isEmpty || !processes.comms.isEmpty || !processes.ignorePid.isEmpty
      || !processes.ignoreComm.isEmpty || processes.uid != nil || processes.choosesCgroups
      || !command.words.isEmpty
    let places = [files.dir, files.under, files.file, files.ignoreUnder, files.path, files.exclude]
    return ofProcesses || files.currentMount || events.filter != nil
      || places.contains { !$0.isEmpty }
  }

  /// What is traced. Lists and some tables are of calls only; --histogram is of requests, unless calls
  /// are asked for.
  var subject: Subject {
    if disks.areRequests { return .requests }
    if events.areCalls || answers.areCalls { return .calls }
    return disks.histogram ? .requests : .accesses
  }

  /// The summary of requests also has the bytes passed to write calls.
  var countsWriteCalls: Bool { subject == .requests && answers.wantsSummary }

  func validate() throws {
    try validateList()
    try validateHistogram()
    if disks.areRequests && events.areCalls {
      throw ValidationError(
        "--disk shows requests, not calls: leave out --syscalls, --metadata, --failed and --slower")
    }
    if subject == .requests && (output.exe || output.parents || output.cwd || output.args) {
      throw ValidationError(
        "--disk does not know --exe, --parents, --cwd and --args: leave them out")
    }
    if processes.follow && processes.pid.isEmpty && processes.comms.isEmpty
      && command.words.isEmpty
    {
      throw ValidationError("--follow needs the processes to follow: add --pid or --comm")
    }
    // A recording says itself what it is of.
    if recordings.replay == nil { try answers.check(of: subject) }
    if answers.isOnlySummary && end.count != nil {
      throw ValidationError(
        "\(answers.nameOfOnlySummary) has no lines for --count to count: use --seconds")
    }
    try validateRecordings()
  }

  /// Whether merged lines need names in directories: what shows them, or judges them.
  private func wantsEntries(_ plan: Plan) -> Bool {
    let isShown = (plan.lines.json || plan.lines.long) && !plan.lines.onlySummary
    return subject == .accesses && (isShown || !plan.paths.isEmpty || !files.file.isEmpty)
  }

  /// Opens the places.
  func plan() throws(Failure) -> Plan {
    let place = try Place(files)
    var plan = Plan()
    plan.tracer = tracerOptions
    plan.tracer.cgroups = try Cgroups(processes).tracer
    plan.lines = lineOptions
    plan.tracer.subject = try tracerSubject(plan.lines)
    plan.tracer.place = place.tracer
    plan.tracer.ignoredDirectories = place.ignored
    plan.countsWriteCalls = countsWriteCalls && !disks.histogram
    plan.places = place.filter
    plan.paths = try files.pathFilter()
    plan.tracer.prefixes = plan.paths.directories
    if answers.isList { followEverywhere(&plan.tracer) }
    countTimes(in: &plan)
    plan.tracer.entries = wantsEntries(plan)
    plan.interval = delivery.interval ?? plan.interval
    plan.seconds = end.seconds
    plan.count = end.count
    plan.every = answers.interval
    if answers.top && output.output == nil && !output.json && recordings.record == nil
      && isatty(STDOUT_FILENO) == 1
    {
      plan.top = answers.topPlan(
        of: subject, exe: output.exe, cgroup: output.cgroup)
      // Lines of a row are on the screen, which has no room for sequences.
      plan.lines.color = false
    }
    plan.output = output.output.map { Array($0.utf8CString) }
    plan.appends = output.append
    plan.origin = output.host?.origin(.ofThisMachine)
    plan.recording = recording
    // The table of a recording, for which there are no lines elsewhere.
    if plan.recording != nil && output.output == nil { plan.lines.onlySummary = true }
    plan.words = command.words
    plan.user = command.user
    return plan
  }

  private func tracerSubject(_ lines: LineOptions) throws(Failure) -> TracerOptions.Subject {
    if answers.isList { return .changes(inputs: answers.inputs) }
    switch subject {
    case .accesses: return .accesses
    case .calls: return .calls
    case .requests:
      var disk = try disks.tracerOptions(forSummary: answers.wantsSummary)
      disk.latency = !lines.onlySummary || lines.table != nil || recordings.record != nil
      return .requests(disk)
    }
  }

  private var tracerOptions: TracerOptions {
    var options = TracerOptions()
    options.pids = Array(Set(processes.pid.joined()))
    options.ignoredPids = Array(processes.ignorePid.joined())
    // Who names processes means them, wherever they are.
    let writesOutput = recordings.record.map { $0 == "-" } ?? (output.output == nil)
    options.ignoresMore =
      writesOutput && options.pids.isEmpty && processes.comms.isEmpty && Pipeline.exists
    options.comms = ProcessOptions.cut(processes.comms, of: "--comm")
    options.ignoredComms = ProcessOptions.cut(processes.ignoreComm, of: "--ignore-comm")
    options.follow = processes.follow
    options.uid = processes.uid
    options.all = files.all
    options.types = events.filter ?? .max
    options.metadata = events.metadata || events.failed
    options.onlyFailed = events.failed && !answers.isList
    // A recording is for tables too.
    options.failedOpens =
      answers.isList
      ? events.failed : (answers.wantsSummary || recordings.record != nil) && subject != .calls
    options.ringBytes = delivery.ringSize ?? options.ringBytes
    options.room.openFiles = delivery.roomForFiles ?? options.room.openFiles
    options.room.longPaths = delivery.roomForPaths ?? options.room.longPaths
    options.room.ofDisks = delivery.roomForDisks
    options.room.ofGroups = delivery.roomForGroups
    options.room.ofScope = delivery.roomForScope
    options.onlyGeneral = delivery.onlyGeneral
    options.slowerNanoseconds = events.slower ?? 0
    options.exe = output.exe || answers.needsExe
    options.parents = output.parents
    options.cgroup = output.cgroup || answers.needsCgroup
    options.cwd = output.cwd
    options.args = output.args
    return options
  }
}
