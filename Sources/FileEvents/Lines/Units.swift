// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// A device as stat(2) reports it.
public struct DeviceNumber: CustomStringConvertible {
  let major: UInt32
  let minor: UInt32

  /// - Parameter number: the kernel's dev_t, of 12 and 20 bits.
  public init(_ number: UInt32) { (major, minor) = (number >> 20, number & 0xf_ffff) }

  public var description: String { "\(major):\(minor)" }
}

/// Seconds with one digit after the point, rounded.
public struct Tenths: CustomStringConvertible {
  let count: UInt64

  // The sum with half a tenth may not fit.
  public init(ofNanoseconds nanoseconds: UInt64) { count = (nanoseconds / 50_000_000 + 1) / 2 }

  public var description: String { "\(count / 10).\(count % 10)" }
}

// What processes, devices and times look like in all lines and tables.
extension LineBuffer {
  /// `comm(pid)`
  mutating func append(process comm: UnsafeRawBufferPointer, pid: UInt32) {
    append(processName: comm)
    append(byte: UInt8(ascii: "("))
    append(decimal: pid)
    append(byte: UInt8(ascii: ")"))
  }

  /// A name, in which a number in parentheses is escaped: the first one in a line is the process's.
  private mutating func append(processName name: UnsafeRawBufferPointer) {
    var rest = name
    while let start = rest.offset(of: UInt8(ascii: "(")) {
      var end = start + 1
      while end < rest.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(rest[end]) {
        end += 1
      }
      append(escaped: UnsafeRawBufferPointer(rebasing: rest[..<start]))
      if end > start + 1 && end < rest.count && rest[end] == UInt8(ascii: ")") {
        append(octalEscapesOf: UnsafeRawBufferPointer(rebasing: rest[start...start]))
      } else {
        append(byte: UInt8(ascii: "("))
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(start + 1)...])
    }
    append(escaped: rest)
  }

  /// ` [uid:gid]`
  mutating func append(userOf record: bfa_record) {
    append(" [")
    append(decimal: record.uid)
    append(byte: UInt8(ascii: ":"))
    append(decimal: record.gid)
    append(byte: UInt8(ascii: "]"))
  }

  /// `device major:minor`, and the inode where it is known.
  mutating func append(fileNumbersOf record: bfa_record) {
    let device = DeviceNumber(record.device)
    append("device ")
    append(decimal: device.major)
    append(byte: UInt8(ascii: ":"))
    append(decimal: device.minor)
    if record.marks & BFA_MARK_FILE.rawValue == 0 { return }
    append(" inode ")
    append(decimal: record.inode)
  }

  /// The member of a device, with a comma in front.
  mutating func appendJSON(device number: UInt32) {
    let device = DeviceNumber(number)
    append(",\"device\":{\"major\":")
    append(decimal: device.major)
    append(key: "minor", UInt64(device.minor))
    append(byte: UInt8(ascii: "}"))
  }

  mutating func append(tenthsOf nanoseconds: UInt64) {
    append(string: Tenths(ofNanoseconds: nanoseconds).description)
  }
}
