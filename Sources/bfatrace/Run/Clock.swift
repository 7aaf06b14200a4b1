// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC.
  static var monotonic: UInt64 { UInt64(nanoseconds(CLOCK_MONOTONIC)) }

  /// Nanoseconds from this process's CLOCK_BOOTTIME, which goes on in suspend, to CLOCK_REALTIME.
  static var realtimeOffset: Int64 { nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME) }

  /// Warns of a time zone that there is not, and takes UTC for it: localtime_r(3) does so too, but
  /// waits for ever for a FIFO, and reads from a device.
  static func checkTimeZone() {
    guard let zone = getenv("TZ").map({ String(cString: $0) }) else { return }
    let name = zone.first == ":" ? zone.dropFirst() : Substring(zone)
    guard !["", "UTC"].contains(name), !isSpeltOut(name) else { return }
    let directory = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"
    if isTimeZone(file: name.first == "/" ? String(name) : "\(directory)/\(name)") { return }
    complain("TZ=\(name): there is no such time zone: times are in UTC")
    // It is asked for once; a command that is started has the zone that bfatrace was given.
    setenv("TZ", "UTC0", 1)
    tzset()
    setenv("TZ", zone, 1)
  }

  /// As CET-1CEST,M3.5.0,M10.5.0/3 or <+03>-3: tzset(3).
  private static func isSpeltOut(_ name: Substring) -> Bool {
    let offset =
      name.first == "<"
      ? name.drop { $0 != ">" }.dropFirst()
      : name.drop { $0.isASCII && $0.isLetter }
    let digits = offset.drop { "+-".contains($0) }
    return name.utf8.count - offset.utf8.count >= 3 && digits.first?.isWholeNumber == true
  }

  private static func isTimeZone(file path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    let magic = Array("TZif".utf8)
    var begin = [UInt8](repeating: 0, count: magic.count)
    return read(descriptor, &begin, begin.count) == magic.count && begin == magic
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
