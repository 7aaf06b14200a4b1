// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc
import Tracer

/// One run, from the options to the exit status, in one thread.
struct Session: ~Copyable {
  /// How soon to look again while there is something to do.
  private static let busyInterval: UInt64 = 20_000_000
  /// How soon to look at first: what is seen then shows that it works.
  private static let firstLook: UInt64 = 5_000_000
  /// Records between two looks at the clock and the signals.
  private static let share = 16384

  /// How long a record may wait: nanoseconds.
  private static let patience: UInt64 = 100_000_000

  /// How long merged counts may stay in the kernel: nanoseconds.
  private let interval: UInt64
  private let command: Command?
  private let leavesOutPipeline: Bool
  private var tracer: Tracer
  /// Beside one of requests to disks, for their summary.
  private var writeCalls: Tracer?
  private var output: LineOutput
  /// How long it goes on: nanoseconds.
  private let seconds: UInt64?
  private let outputPath: [CChar]?
  private let appends: Bool
  private let recording: Plan.Recording?
  /// How far the clock of records is ahead of this process's: nanoseconds.
  private let clockLead: Int64
  private let top: TopPlan?
  /// How often there is a table; when the last one was and the next one is due: nanoseconds.
  private let every: UInt64?
  private var lastTable: UInt64 = 0
  private var nextTable: UInt64 = .max
  private var loss = LossReport()
  /// What --histogram is of.
  private let histogram: Subject?

  init(_ plan: Plan) throws {
    if let path = plan.recording?.path {
      try RecordingOutput.check(path)
    } else if plan.output == nil {
      try LineOutput.checkStandardOutput()
    }
    if plan.lines.timestamps == .timeOfDay || plan.every != nil { Clock.checkTimeZone() }
    // Before anything else is changed or opened that it would inherit.
    let command =
      plan.words.isEmpty
      ? nil
      : try Command(plan.words, as: plan.user, outputIsTaken: plan.recording?.path == "-")
    var options = plan.tracer
    options.command = command?.pid
    if plan.lines.subject == .requests && !Tracer.knowsModules {
      complain(
        "--disk without CAP_SYS_ADMIN does not know the types of kernel modules: where these are the "
          + "drivers, commands to disks are not shown, and for what is behind dm, md, loop devices "
          + "and btrfs, nobody is named")
    }
    let tracer = try Tracer(options)
    let writeCalls = plan.countsWriteCalls ? try Tracer(options.ofWriteCalls) : nil
    clockLead = try tracer.clockLead()
    self.tracer = tracer
    self.writeCalls = writeCalls
    leavesOutPipeline = options.ignoresMore
    self.command = command
    interval = plan.interval
    output = LineOutput(
      EventWriter(options: plan.lines, places: plan.places, paths: plan.paths), count: plan.count)
    if let origin = plan.origin { output.setOrigin(origin) }
    recording = plan.recording
    seconds = plan.seconds
    outputPath = plan.output
    appends = plan.appends
    every = plan.every
    top = plan.top
    histogram = plan.lines.histogram ? plan.lines.subject : nil
  }

  mutating func run() throws -> ExitStatus {
    LineOutput.ignoreSignals()
    if let command { command.passSignals() } else { bfa_catch_signals() }
    let ignored = leavesOutPipeline ? pipelineProcesses() : []
    try tracer.attach(ignoring: ignored)
    try writeCalls?.attach(ignoring: ignored)
    // The command has been forked already, and keeps what it was given.
    bfa_raise_priority()
    // Not before: scripts wait for the file to know that events are recorded.
    if let outputPath {
      let isOpen = try output.open(outputPath, appends: appends) { [command] in
        Self.mayWait(for: command)
      }
      if !isOpen { return command?.wait() ?? .ended }
    }
    if let recording { try output.record(recording, withLines: outputPath != nil) }
    if outputPath != nil || recording.map({ $0.path != "-" }) == true { bfa_catch_hangup() }
    if let top { output.openScreen(top) }
    try Tracer.dropPrivileges(mayKill: command != nil)
    notify("READY=1")
    try command?.begin()
    try follow()
    notify("STOPPING=1")
    writeCalls?.detach()
    tracer.detach()
    command?.stop()
    let status = try finish()
    return command?.wait() ?? status
  }

  /// Tells the service manager, if there is one. With a command, it waits for what that has to say.
  private func notify(_ state: String) {
    if command == nil { bfa_notify(state) }
  }

  /// Waits a moment; false if a signal came, or the command, which has not begun, has been ended by one.
  private static func mayWait(for command: Command?) -> Bool {
    var poll = command?.pollDescriptor ?? pollfd(fd: -1, events: 0, revents: 0)
    return Glibc.poll(&poll, 1, Command.patience) <= 0 && bfa_caught_signal() == 0
  }

  private func pipelineProcesses() -> [pid_t] {
    let readers = Pipeline.readers()
    if let problem = readers.problem {
      complain(
        "who reads standard output is not known, and not left out (\(problem)): if it writes lines "
          + "to a disk, use --ignore-comm")
    }
    return readers.pids
  }

  /// Until a signal, the end that was asked for, the command's end, or until nobody reads.
  private mutating func follow() throws {
    let start = Clock.monotonic
    let stop = seconds.map { start + $0 } ?? .max
    var nextFlush = start + interval
    var nextDrain = start + Self.firstLook
    let watchdog = command == nil ? bfa_watchdog_ns() / 2 : 0
    var nextSign = start + watchdog
    lastTable = start
    if let every { nextTable = start + every }
    while !output.isDone && (command != nil || !tracer.scopeHasEnded) {
      let now = Clock.monotonic
      if now >= stop || isEnded(by: min(nextFlush, nextDrain, nextTable, stop), now: now) { return }
      if Clock.monotonic >= nextFlush {
        try flush()
        nextFlush = Clock.monotonic + interval
      }
      if bfa_take_hangup() != 0 { output.reopen(outputPath) }
      if watchdog > 0 && now >= nextSign {
        notify("WATCHDOG=1")
        nextSign = now + watchdog
      }
      let pause = drain() ? Self.busyInterval : Self.patience
      nextDrain = Clock.monotonic + min(pause, interval)
      if output.takeKeys() || Clock.monotonic >= nextTable { try writeInterval() }
    }
  }

  /// Writes the table of an interval. If it comes late by more than one, there is one for both.
  private mutating func writeInterval() throws {
    guard let every else { return }
    try flush()
    drain()
    try takeHistograms()
    let now = Clock.monotonic
    output.writeInterval(length: now - lastTable, time: Clock.realtime)
    lastTable = now
    while nextTable <= now { nextTable += every }
  }

  private mutating func takeHistograms() throws {
    if let histogram { output.setHistograms(try tracer.histograms(of: histogram)) }
  }

  /// Makes records of what is pending in the kernel; true if something is left.
  @discardableResult
  private func flush() throws -> Bool {
    let isMore = try writeCalls?.flush() ?? false
    return try tracer.flush() || isMore
  }

  /// Sleeps until the deadline, or until the ring fills up; true if a signal came, the command has
  /// ended or the reader went.
  private func isEnded(by deadline: UInt64, now: UInt64) -> Bool {
    let milliseconds = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
    let writeCallsDescriptor =
      switch writeCalls {
      case .some(let tracer): tracer.descriptor
      case nil: -1 as Int32
      }
    return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 5) { polls in
      polls[0] = output.pollDescriptor
      polls[1] = command?.pollDescriptor ?? pollfd(fd: -1, events: 0, revents: 0)
      polls[2] = pollfd(fd: tracer.descriptor, events: Int16(POLLIN), revents: 0)
      polls[3] = pollfd(fd: writeCallsDescriptor, events: Int16(POLLIN), revents: 0)
      polls[4] = output.keysDescriptor
      let ready = poll(polls.baseAddress, 5, Int32(milliseconds))
      let isOver = polls[0].revents != 0 || polls[1].revents != 0
      return bfa_caught_signal() != 0 || (ready > 0 && isOver)
    }
  }

  /// Writes the lines of the waiting records; true if there were any.
  @discardableResult
  private mutating func drain() -> Bool {
    output.setClock(realtimeOffset: Clock.realtimeOffset - clockLead)
    var any = tracer.drain(limit: Self.share, into: &output)
    if writeCalls?.drain(limit: Self.share, into: &output) == true { any = true }
    output.endShare()
    let news = loss.report(losses, room: tracer.room, isQuiet: output.hasScreen)
    if news > 0 { output.appendLost(news, time: Clock.realtime) }
    return any
  }

  private var losses: Losses {
    switch writeCalls {
    case .some(let calls): tracer.losses + calls.losses
    case nil: tracer.losses
    }
  }

  /// Drains what is pending, and sums up. A second signal ends it at once.
  private mutating func finish() throws -> ExitStatus {
    var isMore = true
    while isMore && !output.isDone {
      isMore = try flush()
      while !output.isDone && drain() {}
    }
    output.appendRequests(all: true)
    try takeHistograms()
    let unresolved = tracer.unresolved + (writeCalls?.unresolved ?? 0)
    let now = Clock.realtime
    output.endRecording(unresolved: unresolved, time: now)
    if every != nil { output.writeInterval(length: Clock.monotonic - lastTable, time: now) }
    output.writeSummary(lost: loss.reported.total, time: now)
    try output.check()
    complain(unresolved: unresolved)
    complain(unmeasured: tracer.unmeasured, inHistogram: histogram != nil)
    if tracer.unknownIdle > 0 {
      complain(
        "\(tracer.unknownIdle) requests are to more disks than there is room for: how long these were "
          + "idle is not known, and --wakeups does not show them: choose one by --device")
    }
    if tracer.unplaced > 0 {
      complain(
        "\(tracer.unplaced) calls on names that only their text can judge are left out: "
          + "there was no room, and whether they were asked for is not known")
    }
    loss.sumUp(unnamed: tracer.unnamed, room: tracer.room)
    complain(missed: output.missedChanges)
    let uncounted = histogram != nil ? tracer.unmeasured : 0
    return loss.reported.total + output.missedChanges + uncounted > 0 ? .lost : .ended
  }
}

extension Tracer {
  /// Makes lines of at most `limit` waiting records; true if there were any.
  fileprivate func drain(limit: Int, into output: inout LineOutput) -> Bool {
    var any = false
    let more = drain(limit: limit) { record in
      any = true
      output.append(record: record)
    }
    return any || more
  }
}
