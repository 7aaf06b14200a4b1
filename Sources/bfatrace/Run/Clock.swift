// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC.
  static var monotonic: UInt64 { UInt64(nanoseconds(CLOCK_MONOTONIC)) }

  /// Nanoseconds from this process's CLOCK_BOOTTIME, which goes on in suspend, to CLOCK_REALTIME.
  static var realtimeOffset: Int64 { nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME) }

  /// Warns of a time zone that there is not, which localtime_r(3) takes for UTC.
  static func checkTimeZone() {
    guard var name = getenv("TZ").map({ Substring(String(cString: $0)) }) else { return }
    if name.first == ":" { name = name.dropFirst() }
    let directory = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"
    let path = name.first == "/" ? String(name) : "\(directory)/\(name)"
    // Spelt out, as CET-1CEST,M3.5.0,M10.5.0/3 or <+03>-3: tzset(3).
    let isSpeltOut =
      name.first == "<" || name.contains(",")
      || (name.contains(where: \.isNumber) && !name.contains("/"))
    if !isSpeltOut && !["", "UTC"].contains(name) && access(path, R_OK) != 0 {
      complain("TZ=\(name): there is no such time zone: times are in UTC")
    }
  }

  /// Nanoseconds since the epoch.
  static var realtime: UInt64 { UInt64(nanoseconds(CLOCK_REALTIME)) }

  /// Local time, HH:MM:SS.
  static var timeOfDay: String {
    var now = time(nil)
    var local = tm()
    localtime_r(&now, &local)
    return [local.tm_hour, local.tm_min, local.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
      .joined(separator: ":")
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
