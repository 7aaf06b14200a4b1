// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc
import Tracer

/// One run, from the options to the exit status, in one thread.
struct Session: ~Copyable {
  /// How long merged counts may stay in the kernel, and a line in a buffer: nanoseconds.
  private static let interval: UInt64 = 100_000_000
  /// How soon to look again while there is something to do.
  private static let busyInterval: UInt64 = 20_000_000
  /// Records between two looks at the clock and the signals.
  private static let share = 16384

  private var tracer: Tracer
  private var output: LineOutput
  private let end: EndOptions
  private let outputPath: String?
  /// Of `tracer.lost`, what the reader has been told.
  private var toldLost: UInt64 = 0

  init(_ command: Bfatrace) throws {
    let place = try Place(command.files)
    tracer = try Tracer(command.tracerOptions(place.tracer))
    output = LineOutput(
      EventWriter(options: command.lineOptions, places: place.filter), count: command.end.count)
    end = command.end
    outputPath = command.output.output
  }

  mutating func run() throws -> ExitStatus {
    signal(SIGPIPE, SIG_IGN)
    bfa_catch_signals()
    try tracer.attach()
    // Not before: scripts wait for the file to know that events are recorded.
    if let outputPath { try output.open(outputPath) }
    try Tracer.dropPrivileges()
    try follow()
    return try finish()
  }

  /// Until a signal, the end that was asked for, or until nobody reads.
  private mutating func follow() throws {
    let start = Clock.monotonic
    let stop = end.seconds.map { start + $0 } ?? .max
    var nextFlush = start + Self.interval
    var nextDrain = nextFlush
    while !output.isDone && !tracer.scopeHasEnded {
      let now = Clock.monotonic
      if now >= stop || isEnded(by: min(nextFlush, nextDrain, stop), now: now) { return }
      if Clock.monotonic >= nextFlush {
        try tracer.flush()
        nextFlush = Clock.monotonic + Self.interval
      }
      nextDrain = Clock.monotonic + (drain() ? Self.busyInterval : Self.interval)
    }
  }

  /// Sleeps until the deadline, or until the ring fills up; true if a signal came or the reader went.
  private func isEnded(by deadline: UInt64, now: UInt64) -> Bool {
    let milliseconds = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
    return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { polls in
      polls[0] = output.pollDescriptor
      polls[1] = pollfd(fd: tracer.descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(polls.baseAddress, 2, Int32(milliseconds))
      return bfa_caught_signal() != 0 || (ready > 0 && polls[0].revents != 0)
    }
  }

  /// Writes the lines of the waiting records; true if there were any.
  private mutating func drain() -> Bool {
    let any = Self.drain(tracer, into: &output)
    let lost = tracer.lost
    if lost > toldLost {
      output.appendLost(lost - toldLost)
      complain(
        "lost \(lost - toldLost) events: the ring buffer was full: "
          + "narrow the scope with -p, -c, --under or -f")
      toldLost = lost
    }
    return any
  }

  private static func drain(_ tracer: borrowing Tracer, into output: inout LineOutput) -> Bool {
    var any = false
    output.setClock()
    let more = tracer.drain(limit: share) { record in
      any = true
      output.append(record: record)
    }
    output.flush()
    return any || more
  }

  /// Drains what is pending, and sums up. A second signal ends it at once.
  private mutating func finish() throws -> ExitStatus {
    tracer.detach()
    var isMore = true
    while isMore && !output.isDone {
      isMore = try tracer.flush()
      while !output.isDone && drain() {}
    }
    try output.check()
    if tracer.unresolved > 0 {
      complain(
        "\(tracer.unresolved) calls were on descriptors that another thread closed meanwhile, "
          + "files or not: they are not shown")
    }
    if toldLost > 0 { complain("lost \(toldLost) events in all") }
    return toldLost > 0 ? .lost : .ended
  }
}
