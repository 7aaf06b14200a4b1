// SPDX-License-Identifier: Apache-2.0

extension LineBuffer {
  /// The night of a disk: a row for each hour, then each culprit, then how long the disk would have
  /// slept without the two that kept it awake longest.
  mutating func append(_ timeline: DiskTimeline, of disk: [UInt8], colored: Bool) {
    let shares = timeline.shares
    reserve()
    append(style: Style.bold, if: colored)
    disk.withUnsafeBytes { append(escaped: $0) }
    append(string: ": a column is \(Self.length(timeline.rowLength / DiskTimeline.columns))")
    append(": . asleep, = awake, a letter wakes it")
    append(style: Style.plain, if: colored)
    append(byte: UInt8(ascii: "\n"))
    for row in timeline.rows(shares) {
      reserve()
      append(dateOf: row.begin)
      append(" |")
      for byte in row.marks { append(byte: byte) }
      append(string: "| \(row.comms.count)\n")
    }
    for (index, share) in shares.enumerated() {
      reserve()
      append(byte: DiskTimeline.letter(index))
      append("  ")
      share.comm.withUnsafeBytes { append(escaped: $0) }
      append(string: ": \(share.wakeups) wake-up\(share.wakeups == 1 ? "" : "s"), awake for ")
      append(string: "\(Self.length(share.awake)) (\(share.percent(of: shares)) %)\n")
    }
    appendSleep(timeline, shares, of: disk)
  }

  private mutating func appendSleep(
    _ timeline: DiskTimeline, _ shares: [DiskTimeline.Share], of disk: [UInt8]
  ) {
    reserve()
    disk.withUnsafeBytes { append(escaped: $0) }
    append(string: " slept \(Self.length(timeline.asleep)) of ")
    append(string: "\(Self.length(timeline.end - timeline.begin)), longest ")
    append(string: Self.length(timeline.longestSleep))
    let worst = shares.prefix(2).filter { $0.awake > 0 }
    if !worst.isEmpty {
      let more = worst.reduce(0) { $0 + $1.awake }
      append(string: "; would have slept up to \(Self.length(timeline.asleep + more)) without ")
      for (index, share) in worst.enumerated() {
        if index > 0 { append(" and ") }
        share.comm.withUnsafeBytes { append(escaped: $0) }
      }
    }
    append(byte: UInt8(ascii: "\n"))
  }

  /// A length of time as people say it: 7.5 hours.
  private static func length(_ nanoseconds: UInt64) -> String {
    let tenths = Tenths(ofNanoseconds: nanoseconds)
    for (unit, seconds) in [("hours", 3600), ("minutes", 60)] as [(String, UInt64)]
    where tenths.count >= seconds * 10 {
      let value = (tenths.count + seconds / 2) / seconds
      if value == 10 { return "1 \(unit.dropLast())" }
      return "\(value / 10)\(value % 10 == 0 ? "" : ".\(value % 10)") \(unit)"
    }
    return tenths.count == 10 ? "1 second" : "\(tenths) seconds"
  }
}

extension DiskTimeline.Share {
  /// The share of the time that all culprits kept the disk awake, in percent, rounded.
  func percent(of shares: [DiskTimeline.Share]) -> UInt64 {
    let all = shares.reduce(0) { $0 + $1.awake }
    return all == 0 ? 0 : (awake / 1_000_000 * 100 + all / 2_000_000) / max(all / 1_000_000, 1)
  }
}

extension LineBuffer {
  /// The members of the object of a disk's night, each with a comma in front.
  mutating func appendJSON(_ timeline: DiskTimeline, of disk: [UInt8]) {
    disk.withUnsafeBytes { append(key: "device_name", string: $0) }
    append(key: "begin")
    append(secondsOf: timeline.begin)
    append(key: "end")
    append(secondsOf: timeline.end)
    append(key: "asleep")
    append(secondsOf: timeline.asleep)
    append(key: "longest_sleep")
    append(secondsOf: timeline.longestSleep)
    append(key: "wakeups", UInt64(timeline.wakeups.count))
  }

  /// The members of one culprit: how long it kept the disk awake, and how long the disk would have
  /// slept without it.
  mutating func appendJSON(
    _ share: DiskTimeline.Share, in timeline: DiskTimeline, of disk: [UInt8]
  ) {
    share.comm.withUnsafeBytes { append(key: "comm", string: $0) }
    disk.withUnsafeBytes { append(key: "device_name", string: $0) }
    append(key: "wakeups", share.wakeups)
    append(key: "awake")
    append(secondsOf: share.awake)
    append(key: "asleep_without")
    append(secondsOf: timeline.asleep + share.awake)
  }
}
