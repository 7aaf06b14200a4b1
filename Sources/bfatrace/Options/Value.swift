// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import FileEvents
import Glibc

/// The values of options, from their text; what is wrong with one, and how it should look.
enum Value {
  /// Process ids, separated by commas.
  static func pids(_ argument: String) throws -> [pid_t] {
    try argument.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let pid = pid_t(word), pid > 0 else {
        throw ValidationError("a process id is a number above 0, as `ps -e` shows it")
      }
      return pid
    }
  }

  static func nonEmpty(_ argument: String) throws -> String {
    if argument.isEmpty { throw ValidationError("a process name is not empty") }
    return argument
  }

  /// A unit's whole name; without a suffix, that of a service is meant.
  static func unit(_ argument: String) throws -> String {
    let kinds = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"]
    if argument.isEmpty || argument.utf8.count > Int(BFA_NAME_MAX.rawValue) - 8
      || argument.contains("/")
    {
      throw ValidationError("this is no name of a unit: see `systemctl list-units`")
    }
    return kinds.contains(where: argument.hasSuffix) ? argument : "\(argument).service"
  }

  static func container(_ argument: String) throws -> String {
    if argument.isEmpty || argument.utf8.count >= Int(BFA_PREFIX_BYTES.rawValue)
      || argument.contains("/")
    {
      throw ValidationError("a container is given by the start of its id, or its name with LXC")
    }
    return argument
  }

  static func cgroup(_ argument: String) throws -> String {
    if argument.isEmpty {
      throw ValidationError("a control group is a directory, or a path: see /proc/PID/cgroup")
    }
    return argument
  }

  static func user(_ argument: String) throws -> uid_t {
    // The last number means "no user" to setuid(2) and its kind.
    if let number = uid_t(argument), number != .max { return number }
    guard let entry = getpwnam(argument) else {
      throw ValidationError("there is no such user: see `getent passwd`")
    }
    return entry.pointee.pw_uid
  }

  /// A user with a name, a group and a home.
  static func account(_ argument: String) throws -> User {
    let entry = uid_t(argument).map { getpwuid($0) } ?? getpwnam(argument)
    guard let entry else {
      throw ValidationError("there is no such user: see `getent passwd`")
    }
    return User(entry.pointee)
  }

  /// Event letters, in either case, as bits of `bfa_type`.
  static func types(_ argument: String) throws -> UInt16 {
    do throws(UnknownLetter) {
      let types = try letters.types(argument)
      if types != 0 { return types }
    } catch {
      throw ValidationError(error.description)
    }
    throw ValidationError("give at least one of the letters \(letters.names)")
  }

  static let letters = Letters(ofFatrace: false)

  /// Milliseconds as nanoseconds.
  static func milliseconds(_ argument: String) throws -> UInt64 {
    guard let value = Double(argument), value >= 0, value <= 1e9 else {
      throw ValidationError("a time in milliseconds is a number from 0 on, such as 0.5")
    }
    return UInt64(value * 1e6)
  }

  /// Milliseconds between two flushes as nanoseconds.
  static func interval(_ argument: String) throws -> UInt64 {
    guard let value = Double(argument), value >= 10, value <= 60_000 else {
      throw ValidationError("an interval is 10 to 60000 milliseconds")
    }
    return UInt64(value * 1e6)
  }

  /// MiB as bytes, a power of two, which the kernel asks for.
  static func ringSize(_ argument: String) throws -> UInt32 {
    guard let value = UInt32(argument), (1...1024).contains(value) else {
      throw ValidationError("the size of the ring is a whole number of MiB, 1 to 1024")
    }
    return 1 << (20 + 32 - (value - 1).leadingZeroBitCount)
  }

  /// A time as nanoseconds: seconds, or with the suffix s, m, h or d, as sleep(1) takes it.
  static func seconds(_ argument: String) throws -> UInt64 {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    let unit = argument.last.flatMap { units[$0] }
    let number = unit == nil ? argument[...] : argument.dropLast()
    // No hexadecimal digits, infinities and what else Double takes.
    guard number.allSatisfy({ "0123456789.eE+-".contains($0) }), let value = Double(number),
      case let seconds = value * (unit ?? 1), seconds > 0, seconds <= 1e9
    else {
      throw ValidationError(
        "a time is a number of seconds above 0, such as 10, 0.5, 90s, 5m, 2h, 1d")
    }
    return UInt64(seconds * 1e9)
  }

  static func lines(_ argument: String) throws -> UInt64 {
    guard let value = UInt64(argument), value > 0 else {
      throw ValidationError("a number of lines is a whole number above 0")
    }
    return value
  }
}
