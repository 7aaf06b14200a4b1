// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Turns nanoseconds since the epoch into the local time of day.
///
/// localtime_r(3) is asked once a minute only: time zones change at whole minutes. It must run on
/// after midnight and back again, as records of several processors are not in order.
struct WallClock: Sendable {
  /// The minute, since the epoch, whose answer is kept.
  private var minute: UInt64 = .max
  /// Seconds of the local day at the beginning of `minute`.
  private var secondsOfDay: UInt64 = 0

  /// Seconds of the local day, 0..<86400, for a time in seconds since the epoch.
  mutating func secondsOfDay(at seconds: UInt64) -> UInt64 {
    let (minute, second) = seconds.quotientAndRemainder(dividingBy: 60)
    if minute != self.minute {
      self.minute = minute
      var time = time_t(truncatingIfNeeded: minute &* 60)
      var local = tm()
      localtime_r(&time, &local)
      secondsOfDay = UInt64(
        truncatingIfNeeded: local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec)
    }
    return (secondsOfDay &+ second) % 86400
  }
}

extension LineBuffer {
  /// `YYYY-MM-DD HH:MM:SS`, local time; for what is rare.
  mutating func append(dateOf nanoseconds: UInt64) {
    var time = time_t(truncatingIfNeeded: nanoseconds / 1_000_000_000)
    var local = tm()
    localtime_r(&time, &local)
    append(decimal: UInt64(local.tm_year + 1900))
    for (separator, part) in [
      ("-", local.tm_mon + 1), ("-", local.tm_mday), (" ", local.tm_hour), (":", local.tm_min),
      (":", local.tm_sec),
    ] {
      append(string: separator)
      append(decimal: UInt64(part), digits: 2)
    }
  }

  /// The time of a line of text in the form of the options, with a space after it.
  mutating func append(
    timestamp nanoseconds: UInt64, _ style: LineOptions.Timestamps, _ clock: inout WallClock
  ) {
    switch style {
    case .none: return
    case .timeOfDay: append(timeOfDay: nanoseconds, clock: &clock)
    case .sinceEpoch: append(secondsOf: nanoseconds)
    }
    append(byte: UInt8(ascii: " "))
  }

  /// The member with the time of an object, with a comma in front.
  mutating func appendJSON(
    timestamp nanoseconds: UInt64, _ style: LineOptions.Timestamps, _ clock: inout WallClock
  ) {
    switch style {
    case .none: return
    case .timeOfDay:
      append(key: "timestamp")
      append(byte: UInt8(ascii: "\""))
      append(timeOfDay: nanoseconds, clock: &clock)
      append(byte: UInt8(ascii: "\""))
    case .sinceEpoch:
      append(key: "timestamp")
      append(secondsOf: nanoseconds)
    }
  }

  /// `HH:MM:SS.uuuuuu`.
  mutating func append(timeOfDay nanoseconds: UInt64, clock: inout WallClock) {
    let seconds = clock.secondsOfDay(at: nanoseconds / 1_000_000_000)
    append(decimal: seconds / 3600, digits: 2)
    append(byte: UInt8(ascii: ":"))
    append(decimal: seconds / 60 % 60, digits: 2)
    append(byte: UInt8(ascii: ":"))
    append(decimal: seconds % 60, digits: 2)
    append(microsecondsOf: nanoseconds)
  }
}
