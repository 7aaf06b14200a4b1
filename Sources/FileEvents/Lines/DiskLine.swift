// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

extension bfa_disk_record {
  var operationName: StaticString {
    switch UInt32(operation) {
    case BFA_DISK_READ.rawValue: "read"
    case BFA_DISK_FLUSH.rawValue: "flush"
    case BFA_DISK_DISCARD.rawValue: "discard"
    default: "write"
    }
  }

  /// The word for what is not exact.
  var certaintyName: StaticString? {
    switch UInt32(certainty) {
    case BFA_EXACT.rawValue: nil
    case BFA_LIKELY.rawValue: "likely"
    default: "unknown"
    }
  }

  var isOfNobody: Bool { UInt32(certainty) == BFA_NOBODY.rawValue }

  private static func bytes<Characters>(_ characters: Characters) -> [UInt8] {
    withUnsafeBytes(of: characters) { Array($0.prefix { $0 != 0 }) }
  }

  /// Of the culprit.
  var commBytes: [UInt8] { isOfNobody ? Array("unknown".utf8) : Self.bytes(record.comm) }
  /// Of who submitted the request; empty: the culprit.
  var byBytes: [UInt8] { Self.bytes(by_comm) }
  /// Of the whole disk, as below /sys/block.
  var diskBytes: [UInt8] { Self.bytes(disk_name) }

  /// A node of the disk or partition itself: what has no other name.
  var nodePath: [UInt8] {
    // cciss!c0d0 is /dev/cciss/c0d0.
    let name = diskBytes.map { $0 == UInt8(ascii: "!") ? UInt8(ascii: "/") : $0 }
    if partition == 0 { return Array("/dev/".utf8) + name }
    let endsInDigit =
      name.last.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    return Array("/dev/".utf8) + name + Array((endsInDigit ? "p" : "").utf8)
      + Array(String(partition).utf8)
  }
}

extension DiskRequests {
  /// The file's, or that of the device node, if that is what was asked for.
  var shownPath: [UInt8] {
    UInt32(record.cause) == BFA_CAUSE_RAW.rawValue && path.isEmpty ? record.nodePath : path
  }

  func has(_ mark: bfa_mark) -> Bool { record.record.marks & mark.rawValue != 0 }
}

extension LineBuffer {
  /// The line of text from the process name to the newline.
  mutating func appendText(_ requests: DiskRequests, options: LineOptions) {
    let record = requests.record
    record.commBytes.withUnsafeBytes { append(processName: $0) }
    append(byte: UInt8(ascii: "("))
    append(decimal: record.record.tgid)
    append(byte: UInt8(ascii: ")"))
    if options.user {
      append(" [")
      append(decimal: record.record.uid)
      append(byte: UInt8(ascii: ":"))
      append(decimal: record.record.gid)
      append(byte: UInt8(ascii: "]"))
    }
    append(": ")
    // Read and write in the colours of their letters.
    let isRead = UInt32(record.operation) == BFA_DISK_READ.rawValue
    if options.color { append(colorOfLetter: isRead ? 0 : 2) }
    append("disk-")
    append(record.operationName)
    append(style: Style.plain, if: options.color)
    append(byte: UInt8(ascii: " "))
    appendTextFile(requests, colored: options.color)
    appendTextValues(record, options)
    append(byte: UInt8(ascii: "\n"))
  }

  mutating func appendTextFile(_ requests: DiskRequests, colored: Bool) {
    let record = requests.record.record
    let path = requests.shownPath
    if !path.isEmpty {
      if requests.has(BFA_MARK_TRUNCATED) { append("...") }
      path.withUnsafeBytes { path in
        if colored { append(coloredPath: path) } else { append(escaped: path) }
      }
      if requests.has(BFA_MARK_UNLINKED) { append(" (deleted)") }
      return
    }
    append("device ")
    append(decimal: record.deviceMajor)
    append(byte: UInt8(ascii: ":"))
    append(decimal: record.deviceMinor)
    if requests.has(BFA_MARK_FILE) {
      append(" inode ")
      append(decimal: record.inode)
    }
  }

  private mutating func appendTextValues(_ record: bfa_disk_record, _ options: LineOptions) {
    append(" bytes=")
    append(decimal: record.bytes)
    append(" requests=")
    append(decimal: record.requests)
    append(" device=")
    record.diskBytes.withUnsafeBytes { append(escaped: $0) }
    append(" cause=")
    append(causeOf: record)
    if record.age_ns > 0 {
      append(" age=")
      append(tenthsOf: record.age_ns)
    }
    let by = record.byBytes
    if !by.isEmpty {
      append(" by=")
      by.withUnsafeBytes { append(processName: $0) }
      append(byte: UInt8(ascii: "("))
      append(decimal: record.by_tgid)
      append(byte: UInt8(ascii: ")"))
    }
    if let certainty = record.certaintyName {
      append(" certainty=")
      append(certainty)
    }
    if options.wakeups != nil {
      append(" idle=")
      append(tenthsOf: record.idle_ns)
    }
  }

  mutating func append(causeOf record: bfa_disk_record) {
    if let cause = bfa_disk_cause_name(UInt32(record.cause)) { append(cString: cause) }
  }

  /// Seconds with one digit behind the point.
  private mutating func append(tenthsOf nanoseconds: UInt64) {
    let tenths = (nanoseconds / 50_000_000 + 1) / 2
    append(decimal: tenths / 10)
    append(byte: UInt8(ascii: "."))
    append(decimal: tenths % 10)
  }

  /// The members of the object from `comm` to the last, each with a comma in front.
  mutating func appendJSON(_ requests: DiskRequests, options: LineOptions) {
    let record = requests.record
    record.commBytes.withUnsafeBytes { append(key: "comm", string: $0) }
    append(key: "pid", UInt64(record.record.tgid))
    if options.user {
      append(key: "uid", UInt64(record.record.uid))
      append(key: "gid", UInt64(record.record.gid))
    }
    append(",\"types\":\"")
    append(letters: record.record.types)
    append("\",\"disk\":\"")
    append(record.operationName)
    append("\",\"device\":{\"major\":")
    append(decimal: record.record.deviceMajor)
    append(key: "minor", UInt64(record.record.deviceMinor))
    append(byte: UInt8(ascii: "}"))
    appendJSONFile(requests)
    append(key: "bytes", record.bytes)
    append(key: "requests", UInt64(record.requests))
    record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    append(",\"cause\":\"")
    append(causeOf: record)
    append(byte: UInt8(ascii: "\""))
    appendJSONOrigin(record)
    if options.wakeups != nil {
      append(key: "idle")
      append(secondsOf: record.idle_ns)
    }
  }

  mutating func appendJSONFile(_ requests: DiskRequests) {
    if requests.has(BFA_MARK_FILE) { append(key: "inode", requests.record.record.inode) }
    let isTail = requests.has(BFA_MARK_TRUNCATED)
    requests.shownPath.withUnsafeBytes { path in
      if path.isEmpty { return }
      if isTail {
        append(key: "path", string: path, prefix: "...")
      } else {
        append(key: "path", string: path)
      }
    }
    if requests.has(BFA_MARK_UNLINKED) { append(",\"deleted\":true") }
    if isTail { append(",\"truncated\":true") }
  }

  private mutating func appendJSONOrigin(_ record: bfa_disk_record) {
    let by = record.byBytes
    if !by.isEmpty {
      append(",\"by\":")
      let start = count
      by.withUnsafeBytes { append(key: "comm", string: $0) }
      replaceByte(at: start, with: UInt8(ascii: "{"))
      append(key: "pid", UInt64(record.by_tgid))
      append(byte: UInt8(ascii: "}"))
    }
    if record.age_ns > 0 {
      append(key: "age")
      append(secondsOf: record.age_ns)
    }
    if let certainty = record.certaintyName {
      append(",\"certainty\":\"")
      append(certainty)
      append(byte: UInt8(ascii: "\""))
    }
  }
}
