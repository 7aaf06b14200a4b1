// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// The words for enum bfa_disk_operation.
enum DiskOperation {
  static func name(_ operation: UInt32) -> StaticString {
    switch operation {
    case BFA_DISK_READ.rawValue: "read"
    case BFA_DISK_FLUSH.rawValue: "flush"
    case BFA_DISK_DISCARD.rawValue: "discard"
    case BFA_DISK_COMMAND.rawValue: "command"
    default: "write"
    }
  }
}

extension bfa_disk_record {
  var operationName: StaticString { DiskOperation.name(UInt32(operation)) }

  /// The word for what is not exact.
  var certaintyName: StaticString? {
    switch UInt32(certainty) {
    case BFA_EXACT.rawValue: nil
    case BFA_LIKELY.rawValue: "likely"
    default: "unknown"
    }
  }

  var isOfNobody: Bool { UInt32(certainty) == BFA_NOBODY.rawValue }

  var isCommand: Bool { UInt32(operation) == BFA_DISK_COMMAND.rawValue }

  /// The name of a command that is passed through, or its set and number; nil for other requests.
  var commandName: String? {
    guard isCommand else { return nil }
    if let name = bfa_disk_command_name(UInt32(command_set), UInt32(command)) {
      return String(cString: name)
    }
    let hex = String(command & 0xff, radix: 16)
    let number = "0x\(hex.count < 2 ? "0" : "")\(hex)"
    return switch bfa_command_set(UInt32(command_set)) {
    case BFA_SET_SCSI: "SCSI \(number)"
    case BFA_SET_ATA: "ATA \(number)"
    case BFA_SET_NVME_ADMIN: "NVME ADMIN \(number)"
    case BFA_SET_NVME_IO: "NVME IO \(number)"
    default: "unknown"
    }
  }

  private static func bytes<Characters>(_ characters: Characters) -> [UInt8] {
    withUnsafeBytes(of: characters) { Array($0.prefix { $0 != 0 }) }
  }

  /// The name of the process.
  var commBytes: [UInt8] { isOfNobody ? Array("unknown".utf8) : Self.bytes(record.comm) }
  /// Of who submitted the request; empty: the culprit.
  var byBytes: [UInt8] { Self.bytes(by_comm) }
  /// The name of the whole disk, as below /sys/block.
  var diskBytes: [UInt8] { Self.bytes(disk_name) }

  private var clientBytes: [UInt8] { withUnsafeBytes(of: client) { Array($0) } }

  /// The address of the machine that a file server works for; nil: none is known.
  var clientName: String? {
    let bytes = clientBytes
    if bytes.allSatisfy({ $0 == 0 }) { return nil }
    let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
    if isMapped { return bytes.suffix(4).map { String($0) }.joined(separator: ".") }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) {
      inet_ntop(AF_INET6, bytes, $0.baseAddress, socklen_t($0.count)).map { String(cString: $0) }
    }
  }

  /// A node of the disk or partition itself: what has no other name.
  var nodePath: [UInt8] {
    // cciss!c0d0 is /dev/cciss/c0d0.
    let name = diskBytes.map { $0 == UInt8(ascii: "!") ? UInt8(ascii: "/") : $0 }
    // A SCSI device that is no disk is named after its place.
    if disk == 0 && name.contains(UInt8(ascii: ":")) { return Array("/dev/bsg/".utf8) + name }
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
    let isOfNode = UInt32(record.cause) == BFA_CAUSE_RAW.rawValue || record.isCommand
    return isOfNode && path.isEmpty ? record.nodePath : path
  }

  func has(_ mark: bfa_mark) -> Bool { record.record.marks & mark.rawValue != 0 }
}

extension LineBuffer {
  /// The line of text from the process name to the newline.
  mutating func appendText(_ requests: DiskRequests, options: LineOptions) {
    let record = requests.record
    append(processOf: record)
    if options.user { append(userOf: record.record) }
    append(": ")
    // Read and write in the colours of their letters.
    let isRead = UInt32(record.operation) == BFA_DISK_READ.rawValue
    let type = UInt16((isRead ? BFA_READ : BFA_WRITTEN).rawValue)
    let isColored = options.color && append(colorOfFirst: type)
    append("disk-")
    append(record.operationName)
    append(style: Style.plain, if: isColored)
    append(byte: UInt8(ascii: " "))
    appendTextFile(requests, colored: options.color)
    appendTextValues(record, options)
    appendText(latency: requests.latency)
    requests.cgroup.withUnsafeBytes { appendText(cgroup: $0, options: options) }
    append(byte: UInt8(ascii: "\n"))
  }

  /// The culprit.
  mutating func append(processOf record: bfa_disk_record) {
    record.commBytes.withUnsafeBytes { append(process: $0, pid: record.record.tgid) }
  }

  mutating func appendTextFile(_ requests: DiskRequests, colored: Bool) {
    let path = requests.shownPath
    if !path.isEmpty {
      if requests.has(BFA_MARK_TRUNCATED) { append("...") }
      path.withUnsafeBytes { path in
        if colored { append(coloredPath: path) } else { append(escaped: path) }
      }
      if requests.has(BFA_MARK_UNLINKED) { append(" (deleted)") }
      return
    }
    append(fileNumbersOf: requests.record.record)
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
      by.withUnsafeBytes { append(process: $0, pid: record.by_tgid) }
    }
    if var client = record.clientName {
      append(" client=")
      client.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
    if let certainty = record.certaintyName {
      append(" certainty=")
      append(certainty)
    }
    appendText(commandOf: record)
    if options.wakeups != nil {
      append(" idle=")
      append(tenthsOf: record.idle_ns)
    }
  }

  private mutating func appendText(latency: UInt64) {
    if latency == 0 { return }
    append(" latency=")
    append(secondsOf: latency)
  }

  /// Which command it is, in quotation marks if there is a space in it; and whether it leaves the
  /// disk asleep.
  mutating func appendText(commandOf record: bfa_disk_record) {
    guard let name = record.commandName else { return }
    let quote = name.utf8.contains(UInt8(ascii: " ")) ? "\"" : ""
    append(" command=")
    for byte in "\(quote)\(name)\(quote)".utf8 { append(byte: byte) }
    if record.may_wake == 0 { append(" wakes=no") }
  }

  mutating func append(causeOf record: bfa_disk_record) {
    if let cause = bfa_disk_cause_name(UInt32(record.cause)) { append(cString: cause) }
  }

  /// The members of the object from `comm` to the last, each with a comma in front.
  mutating func appendJSON(
    _ requests: DiskRequests, options: LineOptions, users: inout UserNames
  ) {
    let record = requests.record
    record.commBytes.withUnsafeBytes { append(key: "comm", string: $0) }
    append(key: "pid", UInt64(record.record.tgid))
    if options.user {
      appendJSONUser(record.record, users: &users, named: true)
    }
    append(",\"types\":\"")
    append(letters: record.record.types)
    append("\",\"disk\":\"")
    append(record.operationName)
    append("\"")
    appendJSONDevice(record)
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
    if requests.latency > 0 {
      append(key: "latency")
      append(secondsOf: requests.latency)
    }
    appendJSON(commandOf: record)
    requests.cgroup.withUnsafeBytes { appendJSON(cgroup: $0, options: options) }
  }

  mutating func appendJSON(commandOf record: bfa_disk_record) {
    guard var name = record.commandName else { return }
    name.withUTF8 { append(key: "command", string: UnsafeRawBufferPointer($0)) }
    append(record.may_wake == 0 ? ",\"wakes\":false" : ",\"wakes\":true")
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
    if var client = record.clientName {
      append(",\"client\":\"")
      client.withUTF8 { append(UnsafeRawBufferPointer($0)) }
      append("\"")
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
