// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Testing

@testable import FileEvents

@Suite("The timeline of a disk's wake-ups")
struct DiskTimelineTests {
  private static let second: UInt64 = 1_000_000_000
  private static let threshold = 300 * second

  /// Requests in ten hours: some processes make them at intervals, more or less, and go on for some
  /// seconds.
  private static func night(_ seed: UInt64) -> [(time: UInt64, comm: String)] {
    var random = SeededGenerator(state: seed)
    let culprits = [
      ("smartd", 1800, 3), ("cron", 3600, 20), ("smbd", 5000, 400), ("updatedb", 20000, 900),
    ]
    var requests: [(UInt64, String)] = []
    for (comm, interval, length) in culprits {
      var time = Int.random(in: 0..<interval, using: &random)
      while time < 36_000 {
        for moment in stride(from: 0, to: Int.random(in: 1...length, using: &random), by: 7) {
          requests.append((UInt64(time + moment), comm))
        }
        time += interval / 2 + Int.random(in: 0..<interval, using: &random)
      }
    }
    return requests.sorted { $0 < $1 }.map { (1_700_000_000 * second + $0.0 * second, $0.1) }
  }

  /// Simulates the disk second by second: which process woke it, and how long it was awake for
  /// each.
  private static func simulate(
    _ requests: [(time: UInt64, comm: String)], from begin: UInt64
  ) -> (wakeups: [DiskTimeline.Wakeup], awake: [String: UInt64], asleep: UInt64) {
    var wakeups: [DiskTimeline.Wakeup] = []
    var awake: [String: UInt64] = [:]
    var (last, asleep, culprit) = (begin, UInt64(0), String?.none)
    var turns = begin
    for request in requests {
      let idle = request.time - last
      if idle >= threshold {
        if let culprit { awake[culprit, default: 0] += last + threshold - turns }
        asleep += idle - threshold
        wakeups.append(.init(time: request.time, idle: idle, comm: Array(request.comm.utf8)))
        (culprit, turns) = (request.comm, request.time)
      }
      last = request.time
    }
    return (wakeups, awake, asleep)
  }

  @Test("each process has its share, in twenty nights", arguments: 1...20)
  func shares(seed: UInt64) throws {
    let requests = Self.night(seed)
    let begin = 1_700_000_000 * Self.second
    let truth = Self.simulate(requests, from: begin)
    try #require(truth.wakeups.count > 5)
    let timeline = DiskTimeline(truth.wakeups.reversed(), threshold: Self.threshold)
    var shares: [String: UInt64] = [:]
    for share in timeline.shares where share.awake > 0 {
      shares[String(decoding: share.comm, as: UTF8.self)] = share.awake
    }
    #expect(shares == truth.awake)
    #expect(timeline.asleep == truth.asleep)
    #expect(timeline.shares.reduce(0) { $0 + Int($1.wakeups) } == truth.wakeups.count)
    // Without any of the requests, the disk would sleep from the moment it may until the last one.
    let awake = timeline.shares.reduce(0) { $0 + $1.awake }
    let before = min(Self.threshold, truth.wakeups[0].idle)
    #expect(timeline.asleep + awake + before == timeline.end - timeline.begin)
    // Each wake-up is a mark in a row.
    let rows = timeline.rows(timeline.shares)
    #expect(rows.reduce(0) { $0 + $1.comms.count } == truth.wakeups.count)
    let letters = rows.flatMap(\.marks).filter {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
    }
    #expect(letters.count == truth.wakeups.count)
  }

  private static let expected: [String] = {
    let asleep = String(repeating: ".", count: 30)
    let awake = String(repeating: "=", count: 30)
    let (long, nothing) = (awake + awake.dropLast(), String(repeating: " ", count: 59))
    return [
      "sda: a column is 1 minute: . asleep, = awake, a letter wakes it",
      "|\(awake)\(asleep)| 0",
      "|A\(long)| 1",
      "|\(awake)\(asleep)| 0",
      "|\(asleep)\(asleep)| 0",
      "|B\(awake.dropLast())\(asleep)| 1",
      "|A\(awake.dropLast())\(asleep)| 1",
      "|C\(nothing)| 1",
      "A  smartd: 2 wake-ups, awake for 2 hours (80 %)",
      "B  cron: 1 wake-up, awake for 30 minutes (20 %)",
      "C  x\\033: 1 wake-up, awake for 0.0 seconds (0 %)",
      "sda slept 3 hours of 6 hours, longest 1.5 hours; would have slept up to 5.5 hours without "
        + "smartd and cron",
      #","device_name":"sda","begin":1700006400.000000,"end":1700028000.000000,"#
        + #""asleep":10800.000000,"longest_sleep":5400.000000,"wakeups":4"#,
      #","comm":"smartd","device_name":"sda","wakeups":2,"awake":7200.000000,"#
        + #""asleep_without":18000.000000"#,
      #","comm":"cron","device_name":"sda","wakeups":1,"awake":1800.000000,"#
        + #""asleep_without":12600.000000"#,
      #","comm_raw":[120,27],"device_name":"sda","wakeups":1,"awake":0.000000,"#
        + #""asleep_without":10800.000000"#,
    ]
  }()

  @Test("text and JSON")
  func text() {
    let (hour, begin) = (3600 * Self.second, 1_700_006_400 * Self.second)
    let wakeups = [(1, 1, "smartd"), (4, 2, "cron"), (5, 1, "smartd"), (6, 1, "x\u{1b}")].map {
      DiskTimeline.Wakeup(
        time: begin + $0 * hour, idle: $1 * hour, comm: Array($2.utf8))
    }
    let timeline = DiskTimeline(wakeups, threshold: hour / 2)
    var lines = LineBuffer()
    lines.append(timeline, of: Array("sda".utf8), colored: false)
    lines.reserve()
    lines.appendJSON(timeline, of: Array("sda".utf8))
    for share in timeline.shares {
      lines.append("\n")
      lines.appendJSON(share, in: timeline, of: Array("sda".utf8))
    }
    let text = lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    let all = text.split(separator: "\n").map(String.init)
    #expect(
      all.map { $0.replacing(#/^[-0-9]+ [:0-9]+ /#, with: "") } == Self.expected, "\(text)")
  }

  @Test("a disk that never woke has an empty timeline")
  func empty() {
    let timeline = DiskTimeline([], threshold: 1)
    #expect(timeline.shares.isEmpty && timeline.asleep == 0 && timeline.longestSleep == 0)
  }
}
