// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// When a disk slept, and who woke it, as far as its wake-ups tell: from the beginning of the trace
/// to its last wake-up. What comes after that is not known: the disk may have been busy.
///
/// A disk falls asleep when it had no request for `threshold`. A wake-up keeps it awake until then,
/// whoever asks for more meanwhile: without the culprit, it would have slept at most so much longer.
struct DiskTimeline {
  /// Further wake-ups are left out.
  static let limit = 1 << 16

  /// Times in nanoseconds, `time` since the epoch.
  struct Wakeup {
    var time: UInt64
    /// How long the disk was idle before.
    var idle: UInt64
    var comm: [UInt8]
  }

  /// The wake-ups of one culprit, or of all.
  struct Share {
    var comm: [UInt8]
    var wakeups: UInt64 = 0
    var awake: UInt64 = 0
  }

  let wakeups: [Wakeup]
  private let threshold: UInt64

  init(_ wakeups: [Wakeup], threshold: UInt64) {
    self.wakeups = wakeups.sorted { $0.time < $1.time }
    self.threshold = threshold
  }

  /// When the disk was idle first, as far as is known.
  var begin: UInt64 { wakeups.first.map { $0.time &- $0.idle } ?? 0 }
  var end: UInt64 { wakeups.last?.time ?? 0 }

  /// Nanoseconds asleep before a wake-up.
  private func sleep(before wakeup: Wakeup) -> UInt64 {
    wakeup.idle > threshold ? wakeup.idle - threshold : 0
  }

  var asleep: UInt64 { wakeups.reduce(0) { $0 + sleep(before: $1) } }
  var longestSleep: UInt64 { wakeups.map(sleep(before:)).max() ?? 0 }

  /// How long the disk was awake from each wake-up on; the last one is not known.
  private var sessions: [UInt64] {
    zip(wakeups, wakeups.dropFirst()).map { wakeup, next in
      let slept = next.time - min(next.time, sleep(before: next))
      return slept > wakeup.time ? slept - wakeup.time : 0
    } + [0]
  }

  /// One for each culprit; the one that kept the disk awake longest comes first.
  var shares: [Share] {
    var shares: [[UInt8]: Share] = [:]
    for (wakeup, awake) in zip(wakeups, sessions) {
      var share = shares[wakeup.comm] ?? Share(comm: wakeup.comm)
      share.wakeups += 1
      share.awake += awake
      shares[wakeup.comm] = share
    }
    return shares.values.sorted {
      ($0.awake, $0.wakeups) != ($1.awake, $1.wakeups)
        ? ($0.awake, $0.wakeups) > ($1.awake, $1.wakeups)
        : $0.comm.lexicographicallyPrecedes($1.comm)
    }
  }
}

extension DiskTimeline {
  static let columns: UInt64 = 60

  /// A stretch of time: what the disk did in each of `columns` parts, and who woke it.
  struct Row {
    var begin: UInt64
    /// ".", asleep; "=", awake; a letter, of a culprit; " ", not known.
    var marks: [UInt8]
    var comms: [[UInt8]]
  }

  /// How long a row is: an hour for a night, less for what is shorter; nanoseconds.
  var rowLength: UInt64 {
    let second: UInt64 = 1_000_000_000
    return [3600, 600, 60].map { $0 * second }.first { (end - begin) / $0 >= 2 } ?? 10 * second
  }

  /// The letter of the nth culprit.
  static func letter(_ index: Int) -> UInt8 {
    index < 26 ? UInt8(ascii: "A") + UInt8(index) : UInt8(ascii: "*")
  }

  /// Rows in which nothing happened are there too, but for those beyond a month of hours.
  func rows(_ shares: [Share]) -> [Row] {
    let (length, part) = (rowLength, rowLength / Self.columns)
    let first = begin / length
    let count = min(Int(end / length - first) + 1, 1000)
    var rows = (0..<count).map {
      Row(
        begin: (first + UInt64($0)) * length,
        marks: Array(repeating: UInt8(ascii: " "), count: Int(Self.columns)), comms: [])
    }
    func mark(_ time: UInt64, _ byte: UInt8) {
      let column = Int((time - first * length) / part)
      let (row, place) = column.quotientAndRemainder(dividingBy: Int(Self.columns))
      if row < rows.count { rows[row].marks[place] = byte }
    }
    func fill(from start: UInt64, to end: UInt64, _ byte: UInt8) {
      for column in start / part..<max(end / part, start / part) where column * part >= begin {
        mark(column * part, byte)
      }
    }
    for (wakeup, awake) in zip(wakeups, sessions) {
      fill(from: wakeup.time - min(wakeup.idle, wakeup.time), to: wakeup.time, UInt8(ascii: "="))
      fill(from: wakeup.time - sleep(before: wakeup), to: wakeup.time, UInt8(ascii: "."))
      fill(from: wakeup.time, to: wakeup.time + awake, UInt8(ascii: "="))
    }
    let letters = Dictionary(
      uniqueKeysWithValues: shares.enumerated().map { ($1.comm, Self.letter($0)) })
    for wakeup in wakeups {
      mark(wakeup.time, letters[wakeup.comm] ?? Self.letter(26))
      let row = Int(wakeup.time / length - first)
      if row < rows.count { rows[row].comms.append(wakeup.comm) }
    }
    return rows
  }
}
