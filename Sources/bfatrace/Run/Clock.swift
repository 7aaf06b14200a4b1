// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC.
  static var monotonic: UInt64 { UInt64(nanoseconds(CLOCK_MONOTONIC)) }

  /// Nanoseconds from CLOCK_BOOTTIME, which goes on in suspend, to CLOCK_REALTIME.
  static var realtimeOffset: Int64 { nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME) }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
