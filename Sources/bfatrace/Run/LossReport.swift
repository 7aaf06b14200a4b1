// SPDX-License-Identifier: Apache-2.0
import Glibc
import Tracer

/// Says which events are missing, why, and what to do.
struct LossReport: ~Copyable {
  /// The losses that have been reported.
  private(set) var reported = Losses()
  private var processor = ProcessorWait()

  /// Complains of what is new since the last time, unless it is quiet. After each drain.
  /// - Returns: how many events that is.
  mutating func report(_ losses: Losses, room: Room, isQuiet: Bool) -> UInt64 {
    let wait = processor.sinceLastTime()
    guard losses != reported else { return 0 }
    let new = losses - reported
    reported = losses
    if isQuiet { return new.total }
    say(new.ring, wait.isLong ? starved(wait) : "the ring buffer was full", remedyForRing(wait))
    say(
      new.files, "there is room for no more than \(room.openFiles) descriptors in use",
      "narrow the scope with \(Program.current.scopeOptions)")
    say(
      new.processes, "too many processes are to be followed, and some are not",
      "narrow the scope with \(Program.current.scopeOptions)")
    say(
      new.requests, "too many requests of io_uring were waiting",
      "narrow the scope with \(Program.current.scopeOptions)")
    say(
      new.turns, "the kernel had no memory for them, or a processor stood still meanwhile",
      "give the machine more memory or processors")
    return new.total
  }

  private func say(_ count: UInt64, _ reason: String, _ remedy: String) {
    if count > 0 { complain("lost \(count) events: \(reason): \(remedy)") }
  }

  private func starved(_ wait: ProcessorWait.Share) -> String {
    let hundredths = wait.waited / 10_000_000
    let seconds = "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    return "the ring buffer was full, as bfatrace waited \(seconds) s for a processor"
  }

  private func remedyForRing(_ wait: ProcessorWait.Share) -> String {
    wait.isLong
      ? "run it as root, for its priority, or leave it a processor, or "
        + Program.current.remedyForLoss
      : Program.current.remedyForLoss
  }

  /// Reports the sums at the end of the run.
  func sumUp(unnamed: UInt64, room: Room) {
    if unnamed > 0 {
      complain(
        "\(unnamed) files are shown without their path, as more than \(room.longPaths) were in use "
          + "whose paths are too long to be kept with the others: "
          + "narrow the scope with \(Program.current.scopeOptions)")
    }
    if reported.total > 0 { complain("lost \(reported.total) events in all") }
  }
}

/// How long this process was ready to run and did not, as others had the processors.
struct ProcessorWait: ~Copyable {
  struct Share {
    var waited: UInt64
    var elapsed: UInt64

    /// Most of the time; less than some milliseconds is usual.
    var isLong: Bool { waited > 5_000_000 && waited > elapsed / 2 }
  }

  private let descriptor: Int32
  private var waited: UInt64
  private var time = Clock.monotonic

  /// The kernel may not count it, and /proc may be missing: then nobody waits.
  init() {
    descriptor = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
    waited = Self.waited(descriptor)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  mutating func sinceLastTime() -> Share {
    let before = (waited, time)
    waited = Self.waited(descriptor)
    time = Clock.monotonic
    return Share(waited: waited - before.0, elapsed: time - before.1)
  }

  /// The second number (Documentation/scheduler/sched-stats.rst): nanoseconds.
  private static func waited(_ descriptor: Int32) -> UInt64 {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
      let count = pread(descriptor, bytes.baseAddress, bytes.count, 0)
      guard count > 0 else { return 0 }
      let number = bytes[..<count].drop { $0 != UInt8(ascii: " ") }.dropFirst()
      return number.prefix { $0 != UInt8(ascii: " ") }.reduce(0) {
        $0 &* 10 &+ UInt64($1 &- UInt8(ascii: "0"))
      }
    }
  }
}
