// SPDX-License-Identifier: Apache-2.0

import CBfatrace

extension LineBuffer {
  /// The table of what woke disks: first by disk, then by process, file and cause.
  mutating func append(_ wakeups: DiskWakeups, colored: Bool) {
    append(header: "  WAKEUPS   LONGEST  DISK        CAUSE      PROCESS  FILE", colored)
    for disk in wakeups.disks {
      appendStart(of: disk)
      append("(all)\n")
    }
    for row in wakeups.sorted {
      appendStart(of: row)
      let start = count
      append(causeOf: row.record)
      pad(from: start, to: 9)
      append("  ")
      row.record.commBytes.withUnsafeBytes { append(escaped: $0) }
      append("  ")
      appendTextFile(row.requests, colored: false)
      appendText(commandOf: row.record)
      append(byte: UInt8(ascii: "\n"))
    }
  }

  private mutating func appendStart(of row: DiskWakeups.Row) {
    reserve()
    append(right: row.wakeups, width: 9)
    append(rightSeconds: row.longestIdle, width: 10)
    append("  ")
    append(left: row.record.diskBytes, width: 10)
    append("  ")
  }

  /// The table of requests: by disk, by process, then by process, file and disk.
  mutating func append(_ summary: DiskSummary, colored: Bool) {
    let rows = summary.rows
    append(
      header:
        "    READS        RBYTES    WRITES        WBYTES        HANDED   AMPLIF  WAKEUPS  DISK        PROCESS  FILE",
      colored)
    for disk in DiskSummary.disks(rows) {
      append(disk.sums)
      append(left: disk.record.diskBytes, width: 10)
      append("  (all)\n")
    }
    for process in DiskSummary.processes(rows) {
      append(process.sums)
      append("(all)       ")
      append(processOf: process.record)
      append("  (all)\n")
    }
    for row in rows {
      append(row.sums)
      append(left: row.hasNoDisk ? Array("-".utf8) : row.record.diskBytes, width: 10)
      append("  ")
      if row.isOthers {
        append("(others)\n")
        continue
      }
      append(processOf: row.record)
      append("  ")
      appendTextFile(row.requests, colored: false)
      append(byte: UInt8(ascii: "\n"))
    }
  }

  private mutating func append(_ sums: DiskSums) {
    reserve()
    append(right: sums.reads, width: 9)
    append(right: sums.readBytes, width: 14)
    append(right: sums.writes, width: 10)
    append(right: sums.writeBytes, width: 14)
    append(right: sums.handedBytes, width: 14)
    append(right: sums.amplification.map { Self.text(amplification: $0) } ?? "-", width: 9)
    append(right: sums.wakeups, width: 9)
    append("  ")
  }

  private static func text(amplification: UInt64) -> String {
    TableColumn.Unit.hundredths.text(amplification, short: false)
  }

  private mutating func append(header: StaticString, _ colored: Bool) {
    reserve()
    append(style: Style.bold, if: colored)
    append(header)
    append(style: Style.plain, if: colored)
    append(byte: UInt8(ascii: "\n"))
  }

  private mutating func append(left bytes: [UInt8], width: Int) {
    let start = count
    bytes.withUnsafeBytes { append(escaped: $0) }
    pad(from: start, to: width)
  }

  private mutating func pad(from start: Int, to width: Int) {
    while count - start < width { append(byte: UInt8(ascii: " ")) }
  }

  private mutating func append(right value: UInt64, width: Int) {
    append(right: String(value), width: width)
  }

  private mutating func append(rightSeconds nanoseconds: UInt64, width: Int) {
    append(right: Tenths(ofNanoseconds: nanoseconds).description, width: width)
  }

  private mutating func append(right text: String, width: Int) {
    for _ in 0..<max(0, width - text.utf8.count) { append(byte: UInt8(ascii: " ")) }
    append(string: text)
  }
}

extension LineBuffer {
  /// The members of the object of what woke a disk, each with a comma in front.
  mutating func appendJSON(_ row: DiskWakeups.Row) {
    row.record.commBytes.withUnsafeBytes { append(key: "comm", string: $0) }
    appendJSONDevice(row.record)
    appendJSONFile(row.requests)
    row.record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    append(",\"cause\":\"")
    append(causeOf: row.record)
    append("\"")
    appendJSON(commandOf: row.record)
    appendJSONCounts(row)
  }

  /// The members of the row of a whole disk.
  mutating func appendJSON(disk row: DiskWakeups.Row) {
    row.record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    appendJSONCounts(row)
  }

  private mutating func appendJSONCounts(_ row: DiskWakeups.Row) {
    append(key: "wakeups", row.wakeups)
    append(key: "longest_idle")
    append(secondsOf: row.longestIdle)
  }

  /// The members of the object of a process, a file and a disk.
  mutating func appendJSON(_ row: DiskSummary.Row) {
    if row.isOthers {
      append(",\"others\":true")
    } else {
      appendJSONProcess(row.record)
      appendJSONDevice(row.record)
      appendJSONFile(row.requests)
    }
    if !row.hasNoDisk {
      row.record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    }
    appendJSON(row.sums)
  }

  /// The members of the sums of a disk.
  mutating func appendJSON(disk row: DiskSummary.Row) {
    append(",\"total\":true")
    row.record.diskBytes.withUnsafeBytes { append(key: "device_name", string: $0) }
    appendJSON(row.sums)
  }

  /// The members of the sums of a process.
  mutating func appendJSON(process row: DiskSummary.Row) {
    append(",\"total\":true")
    appendJSONProcess(row.record)
    appendJSON(row.sums)
  }

  private mutating func appendJSON(_ sums: DiskSums) {
    append(key: "disk_reads", sums.reads)
    append(key: "disk_read_bytes", sums.readBytes)
    append(key: "disk_writes", sums.writes)
    append(key: "disk_write_bytes", sums.writeBytes)
    append(key: "disk_discard_bytes", sums.discardBytes)
    append(key: "write_bytes", sums.handedBytes)
    if let amplification = sums.amplification {
      append(key: "write_amplification")
      append(string: Self.text(amplification: amplification))
    }
    append(key: "wakeups", sums.wakeups)
  }

  private mutating func appendJSONProcess(_ record: bfa_disk_record) {
    record.commBytes.withUnsafeBytes { append(key: "comm", string: $0) }
    append(key: "pid", UInt64(record.record.tgid))
  }

  /// What is no disk has no number.
  mutating func appendJSONDevice(_ record: bfa_disk_record) {
    if record.isCommand && record.disk == 0 { return }
    appendJSON(device: record.record.device)
  }
}
