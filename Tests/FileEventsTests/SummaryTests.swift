// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc
import Testing

@testable import FileEvents

@Suite("Summaries")
struct SummaryTests {
  private func rows(
    of records: [[UInt8]], limits: Tally.Limits = Tally.Limits()
  ) throws -> (rows: [TableRow], others: TableNumbers?, haveMoreFiles: Bool) {
    var tables = Tables(.accesses, TableOptions(), limits: limits)
    return try tables.rows(of: records)
  }

  private func access(
    _ comm: String = "head", pid: UInt32 = 7, began: UInt64 = 0, inode: UInt64 = 1,
    time: UInt64 = 0, reads: UInt64 = 0, bytes: UInt64 = 0
  ) -> [UInt8] {
    accessRecord(Common(comm: Array(comm.utf8), tgid: pid, marks: [BFA_MARK_FILE])) {
      $0.record.began_ns = began
      $0.record.inode = inode
      $0.record.time_ns = time
      ($0.reads, $0.read_bytes) = (reads, bytes)
    }
  }

  private func call(_ call: bfa_call, _ types: [bfa_type], ret: Int64, marks: [bfa_mark] = [])
    -> [UInt8]
  {
    callRecord(call, Common(types: types, marks: marks)) { $0.ret = ret }
  }

  @Test("add up what merged records count")
  func merged() throws {
    let record = accessRecord(Common(marks: [BFA_MARK_FILE])) {
      ($0.opens, $0.reads, $0.read_bytes, $0.writes, $0.write_bytes) = (1, 2, 30, 4, 500)
    }
    let rows = try rows(of: [record, record]).rows
    #expect(rows.map(\.numbers) == [[2, 0, 4, 60, 8, 1000, 1, 0]])
  }

  @Test("count calls like merged records")
  func calls() throws {
    let rows = try rows(of: [
      call(BFA_CALL_openat, [BFA_OPENED, BFA_WRITTEN], ret: 3),
      call(BFA_CALL_openat2, [BFA_OPENED], ret: -2),
      call(BFA_CALL_io_uring_openat, [BFA_OPENED], ret: -13),
      call(BFA_CALL_read, [BFA_READ], ret: 10),
      call(BFA_CALL_read, [BFA_READ], ret: -9),
      call(BFA_CALL_write, [BFA_WRITTEN], ret: 200),
      call(BFA_CALL_ftruncate, [BFA_WRITTEN], ret: 0),
      call(BFA_CALL_close, [BFA_CLOSED, BFA_WRITTEN], ret: 0),
      call(BFA_CALL_execve, [BFA_READ, BFA_OPENED], ret: 0),
      call(BFA_CALL_execve, [BFA_READ, BFA_OPENED], ret: -2),
      call(BFA_CALL_sendfile, [BFA_READ], ret: 3000, marks: [BFA_MARK_PART]),
      call(BFA_CALL_sendfile, [BFA_WRITTEN], ret: 3000, marks: [BFA_MARK_PART]),
      call(BFA_CALL_sendfile, [BFA_READ], ret: 0, marks: [BFA_MARK_PART]),
      call(BFA_CALL_sendfile, [BFA_WRITTEN], ret: 0, marks: [BFA_MARK_PART]),
      call(BFA_CALL_mmap, [BFA_MAPPED], ret: .max),
      call(BFA_CALL_unlink, [BFA_DELETED], ret: 0),
    ]).rows
    #expect(rows.map(\.numbers) == [[1, 2, 3, 3010, 3, 3200, 0, 0]])
  }

  @Test("keep processes with the same pid apart, and show the last name")
  func processes() throws {
    let rows = try rows(of: [
      access("sh", began: 1, time: 10, bytes: 5), access("dd", began: 1, time: 12, bytes: 5),
      access("sh", began: 1, time: 11, bytes: 5), access("late", began: 2, time: 20, bytes: 1),
    ]).rows
    #expect(rows.map { $0.numbers[3] } == [15, 1])
    #expect(rows.map(\.comm) == ["dd", "late"])
  }

  @Test("count files by device and inode, for each process")
  func files() throws {
    let rows = try rows(of: [
      access(pid: 1, inode: 5), access(pid: 1, inode: 5), access(pid: 1, inode: 6),
      access(pid: 2, inode: 5), accessRecord(Common(tgid: 2)),
    ]).rows
    #expect(rows.map { $0.numbers[6] } == [2, 1])
  }

  @Test("most bytes come first, then most calls")
  func order() throws {
    let rows = try rows(of: [
      access(pid: 1), access(pid: 2), access(pid: 3, reads: 1), access(pid: 4, bytes: 1),
    ]).rows
    #expect(rows.map(\.name) == ["4", "3", "1", "2"])
  }

  @Test("keep exact sums beyond the limits, and mark what is not exact")
  func limits() throws {
    let records = (1...4).map { access(pid: $0, inode: UInt64($0), bytes: 10) }
    var limits = Tally.Limits()
    (limits.rows, limits.pairs) = (2, 3)
    // The last record is of a process that is known already.
    let all = try rows(of: records + [access(pid: 3, inode: 3)], limits: limits)
    #expect(all.rows.map(\.name) == ["3", "4"])
    #expect(all.rows.map(\.numbers[3]) == [10, 10] && all.others?[3] == 20)
    #expect(all.rows.map(\.hasMoreFiles) == [false, true])
    #expect(all.others?[6] == 2 && !all.haveMoreFiles)
  }

  private func text(_ records: [[UInt8]], width: Int, lost: UInt64 = 0) -> [String] {
    text(records, LineOptions.summaryOnly, width: width, lost: lost)
  }

  private func text(_ records: [[UInt8]], _ options: LineOptions, width: Int, lost: UInt64 = 0)
    -> [String]
  {
    var writer = EventWriter(options: options)
    for record in records { #expect(!record.withUnsafeBytes { writer.append(record: $0) }) }
    writer.appendSummary(width: width, lost: lost)
    let text = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test("columns are as wide as their numbers, and exact")
  func table() {
    let records = [
      access("dd", pid: 123, reads: 10, bytes: 12_345_678), access("sh\n\u{1b}[31m", pid: 4),
    ]
    #expect(
      text(records, width: 0, lost: 12) == [
        "PID  OPENS  FAILED  READS    RBYTES  WRITES  WBYTES  FILES  COMM",
        "123      0       0     10  12345678       0       0      1  dd",
        #"  4      0       0      0         0       0       0      1  sh\012\033[31m"#,
        "lost 12 events: the numbers are too low", "",
      ])
  }

  @Test("a terminal gets units, then shorter names; no line is wider", arguments: 64...90)
  func narrow(width: Int) {
    let records = [
      access("a-name-of-15-by", pid: 4_123_456, reads: 123_456, bytes: 123_456_789_012),
      access("dd", pid: 1, bytes: 10_239),
    ]
    let lines = text(records, width: width)
    #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
    #expect(lines.contains { $0.contains("  115G  ") }, "\(lines)")
    #expect(lines.contains { $0.contains("  10K  ") }, "\(lines)")
    #expect(lines.contains { $0.hasSuffix("15-by") } == (width >= 78), "\(lines)")
  }

  @Test("JSON has an object for each process, and one for all others")
  func json() {
    var options = LineOptions.summaryOnly
    options.json = true
    #expect(
      text([access("a\"b", pid: 4, bytes: 2)], options, width: 80, lost: 1) == [
        """
        {"comm_raw":[97,34,98],"pid":4,"opens":0,"failed_opens":0,"reads":0,"read_bytes":2,\
        "writes":0,"write_bytes":0,"files":1}
        """, "",
      ])
  }

  @Test("have failed opens that were recorded for them and have no line")
  func hidden() {
    var options = LineOptions()
    (options.summary, options.subject) = (true, .accesses)
    var writer = EventWriter(
      options: options, places: PlaceFilter(under: [Array("/home".utf8)]))
    for (name, isLine) in [("/home/x", false), ("/etc/x", false)] {
      let record = failedOpen(base: "/", filename: name, marks: [BFA_MARK_UNPLACED])
      #expect(record.withUnsafeBytes { writer.append(record: $0) } == isLine)
    }
    let read = access(bytes: 1)
    #expect(read.withUnsafeBytes { writer.append(record: $0) })
    writer.appendSummary(width: 0, lost: 0)
    let text = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // One failed open is in the place that is traced; it is of another process.
    #expect(lines.count == 6 && lines[1].isEmpty, "\(text)")
    #expect(lines[4].wholeMatch(of: /35929 +0 +1 +0 +0 +0 +0 +0 +head/) != nil, "\(text)")
  }
}

extension LineOptions {
  fileprivate static var summaryOnly: LineOptions {
    var options = LineOptions()
    (options.summary, options.onlySummary) = (true, true)
    return options
  }
}
