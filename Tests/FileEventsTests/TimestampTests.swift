// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

@Suite("Times")
struct TimestampTests {
  private func shown(_ nanoseconds: UInt64, _ options: LineOptions) -> String {
    line(accessRecord(Common(path: [])) { $0.record.time_ns = nanoseconds }, options)
  }

  @Test("seconds since the epoch are cut off below a microsecond")
  func sinceEpoch() {
    let text = LineOptions(timestamps: .sinceEpoch)
    let json = LineOptions(json: true, timestamps: .sinceEpoch)
    let time: UInt64 = 1_700_000_000_001_002_999
    #expect(shown(time, text) == "1700000000.001002 head(35929): R   ?")
    #expect(
      shown(time, json)
        == #"{"timestamp":1700000000.001002,"comm":"head","pid":35929,"types":"R"}"#)
    #expect(shown(0, text) == "0.000000 head(35929): R   ?")
  }

  @Test("the time of day is a string in JSON")
  func timeOfDay() throws {
    let json = LineOptions(json: true, timestamps: .timeOfDay)
    let shownTime = shown(localTime(1, 2, 3) + 4000, json)
    #expect(
      shownTime == #"{"timestamp":"01:02:03.000004","comm":"head","pid":35929,"types":"R"}"#)
    try checkJSON(shownTime)
  }

  @Test("the time of day is that of localtime(3), in any order of times")
  func localTimes() {
    var writer = EventWriter(options: LineOptions(timestamps: .timeOfDay))
    var generator = SeededGenerator(state: 3)
    for _ in 0..<2000 {
      var seconds = time_t.random(in: 0...4_000_000_000, using: &generator)
      // Half of the times are near each other, around midnight and the ends of minutes.
      if Bool.random(using: &generator) { seconds = 1_700_000_000 + seconds % 200 }
      var local = tm()
      localtime_r(&seconds, &local)
      let record = accessRecord { $0.record.time_ns = UInt64(seconds) * 1_000_000_000 }
      writer.lines.removeAll()
      _ = record.withUnsafeBytes { writer.append(record: $0) }
      let expected = [local.tm_hour, local.tm_min, local.tm_sec]
        .map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
      let line = writer.lines.withUnsafeBytes { String(decoding: $0.prefix(8), as: UTF8.self) }
      #expect(line == expected)
    }
  }

  @Test("the offset to the real-time clock can be set, and set again")
  func realtimeOffset() {
    let record = accessRecord(Common(path: [])) { $0.record.time_ns = 5_000_000_000 }
    var writer = EventWriter(
      options: LineOptions(timestamps: .sinceEpoch), realtimeOffset: 1_000_000_000)
    _ = record.withUnsafeBytes { writer.append(record: $0) }
    writer.realtimeOffset = -2_000_000_000
    _ = record.withUnsafeBytes { writer.append(record: $0) }
    let lines = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    #expect(lines == "6.000000 head(35929): R   ?\n3.000000 head(35929): R   ?\n")
  }

  @Test("impossible times do not crash")
  func extremes() {
    for time in [UInt64.max, UInt64(Int64.max), 1 << 63] {
      for style in [LineOptions.Timestamps.timeOfDay, .sinceEpoch] {
        #expect(shown(time, LineOptions(timestamps: style)).hasSuffix(" head(35929): R   ?"))
      }
    }
  }

  @Test("the raw values are how often -t is given")
  func styles() {
    let styles = (0...3).map { LineOptions.Timestamps(rawValue: $0) }
    #expect(styles == [LineOptions.Timestamps.none, .timeOfDay, .sinceEpoch, nil])
  }
}
