// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Testing

@testable import FileEvents

@Suite("Summaries of requests to disks")
struct DiskSummaryTests {
  private static let second: UInt64 = 1_000_000_000

  private func request(
    _ operation: bfa_disk_operation, bytes: UInt64, pid: UInt32 = 7, inode: UInt64 = 1,
    idle: UInt64 = 0, path: String = "/srv/log"
  ) -> [UInt8] {
    let common = Common(
      comm: Array("logger".utf8), tgid: pid, marks: inode == 0 ? [] : [BFA_MARK_FILE],
      path: Array(path.utf8))
    return diskRecord(common) {
      ($0.operation, $0.bytes, $0.idle_ns) = (UInt8(operation.rawValue), bytes, idle)
      ($0.record.device, $0.record.inode, $0.disk) = (8 << 20 | 1, inode, 8 << 20)
    }
  }

  private func handed(
    _ bytes: UInt64, pid: UInt32 = 7, inode: UInt64 = 1, device: UInt32 = 8 << 20 | 1,
    path: String = "/srv/log"
  ) -> [UInt8] {
    let common = Common(
      comm: Array("logger".utf8), tgid: pid, types: [written], marks: [BFA_MARK_FILE],
      path: Array(path.utf8))
    return accessRecord(common) {
      ($0.writes, $0.write_bytes) = (1, bytes)
      ($0.record.device, $0.record.inode) = (device, inode)
    }
  }

  private func rows(
    of records: [[UInt8]], isOfOneDisk: Bool = false, rowLimit: Int = DiskSummary.rowLimit
  ) throws -> [DiskSummary.Row] {
    var summary = DiskSummary(
      wakeupNanoseconds: 60 * Self.second, isOfOneDisk: isOfOneDisk, rowLimit: rowLimit)
    for record in records {
      try record.withUnsafeBytes {
        let event = try Event(record: $0)
        if let disk = event.disk { summary.add(disk, path: event.path) }
        if let access = event.access { summary.add(access, path: event.path) }
      }
    }
    return summary.rows
  }

  @Test(
    "write amplification is in hundredths, rounded down",
    arguments: [
      (0, 100, 0), (100, 100, 100), (4096, 100, 4096), (1000, 3, 33333), (100, 4096, 2),
      (.max / 50, .max / 100, 200), (.max, .max, 100),
    ] as [(UInt64, UInt64, UInt64)])
  func amplification(disk: UInt64, handed: UInt64, hundredths: UInt64) {
    var sums = DiskSums()
    (sums.writeBytes, sums.handedBytes) = (disk, handed)
    #expect(sums.amplification == hundredths)
  }

  @Test("there is no write amplification without bytes passed to write calls")
  func noAmplification() {
    var sums = DiskSums()
    sums.writeBytes = 4096
    #expect(sums.amplification == nil)
  }

  @Test("requests and write calls of one process and file are in one row")
  func joined() throws {
    let all = try rows(of: [
      handed(100), request(BFA_DISK_WRITE, bytes: 4096), handed(200),
      request(BFA_DISK_READ, bytes: 512), request(BFA_DISK_FLUSH, bytes: 0),
    ])
    let sums = try #require(all.first).sums
    #expect(all.count == 1)
    #expect(sums.reads == 1 && sums.readBytes == 512)
    #expect(sums.writes == 2 && sums.writeBytes == 4096)
    #expect(sums.handedBytes == 300 && sums.amplification == 1365)
  }

  @Test("discarded bytes do not count as written")
  func discards() throws {
    let sums = try #require(try rows(of: [request(BFA_DISK_DISCARD, bytes: 1 << 20)]).first).sums
    #expect(sums.writes == 1 && sums.writeBytes == 0 && sums.discardBytes == 1 << 20)
  }

  @Test("a request after the idle time of --wakeups counts as a wake-up")
  func wakeups() throws {
    let sums = try #require(
      try rows(of: [59, 60, 61].map { request(BFA_DISK_READ, bytes: 1, idle: $0 * Self.second) })
        .first
    ).sums
    #expect(sums.wakeups == 2)
  }

  @Test("rows of a process include the journal, and rows of a disk all processes")
  func totals() throws {
    let all = try rows(of: [
      handed(100), request(BFA_DISK_WRITE, bytes: 4096),
      request(BFA_DISK_WRITE, bytes: 8192, inode: 0, path: ""),
      handed(50, pid: 8, inode: 2), request(BFA_DISK_WRITE, bytes: 1024, pid: 8, inode: 2),
    ])
    #expect(all.count == 3)
    let processes = DiskSummary.processes(all)
    #expect(processes.map(\.sums.writeBytes) == [12288, 1024])
    #expect(processes.map(\.sums.handedBytes) == [100, 50])
    let disks = DiskSummary.disks(all)
    #expect(disks.map(\.sums.writeBytes) == [13312] && disks.map(\.sums.handedBytes) == [150])
    #expect(disks.first?.sums.amplification == 8874)
  }

  @Test("writes that have not reached a disk have no disk", arguments: [false, true])
  func elsewhere(isOfOneDisk: Bool) throws {
    let records = [
      request(BFA_DISK_WRITE, bytes: 4096), handed(70, inode: 2),
      handed(30, inode: 3, device: 9),
    ]
    let all = try rows(of: records, isOfOneDisk: isOfOneDisk)
    #expect(all.map(\.hasNoDisk) == (isOfOneDisk ? [false, false] : [false, false, true]))
    #expect(DiskSummary.disks(all).map(\.sums.handedBytes) == [70])
    #expect(DiskSummary.processes(all).map(\.sums.handedBytes) == [isOfOneDisk ? 70 : 100])
  }

  @Test("beyond the limit, sums are kept by disk, and nothing is missing")
  func limit() throws {
    let files: [UInt64] = [1, 2, 3, 4]
    let all = try rows(
      of: files.map { request(BFA_DISK_WRITE, bytes: 10, inode: $0) }
        + files.map { handed(5, inode: $0) }, rowLimit: 2)
    #expect(all.map(\.isOthers) == [false, false, true])
    #expect(all.map(\.sums.writeBytes) == [10, 10, 20])
    #expect(all.map(\.sums.handedBytes) == [5, 5, 10])
    #expect(DiskSummary.disks(all).map(\.sums.handedBytes) == [20])
  }

  private func text(_ records: [[UInt8]], json: Bool = false) -> [String] {
    var options = LineOptions(json: json)
    (options.subject, options.summary, options.onlySummary) = (.requests, true, true)
    var writer = EventWriter(options: options)
    for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
    writer.appendSummary(width: 0, lost: 0)
    let bytes = writer.lines.withUnsafeBytes { Array($0) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test("a table has disks, processes and files")
  func table() {
    let records = [
      handed(1000), request(BFA_DISK_WRITE, bytes: 4096, idle: 5 * Self.second),
      handed(7, device: 9, path: "/net/file"),
    ]
    #expect(
      text(records) == [
        "    READS        RBYTES    WRITES        WBYTES        HANDED   AMPLIF  WAKEUPS  DISK        PROCESS  FILE",
        "        0             0         1          4096          1000     4.09        1  sda         (all)",
        "        0             0         1          4096          1007     4.06        1  (all)       logger(7)  (all)",
        "        0             0         1          4096          1000     4.09        1  sda         logger(7)  /srv/log",
        "        0             0         0             0             7     0.00        0  -           logger(7)  /net/file",
      ])
  }

  @Test("JSON has the same members")
  func json() {
    let sums =
      #""disk_reads":0,"disk_read_bytes":0,"disk_writes":1,"disk_write_bytes":4096,"#
      + #""disk_discard_bytes":0,"write_bytes":1000,"write_amplification":4.09,"wakeups":1}"#
    #expect(
      text(
        [handed(1000), request(BFA_DISK_WRITE, bytes: 4096, idle: 5 * Self.second)], json: true)
        == [
          #"{"total":true,"device_name":"sda","# + sums,
          #"{"total":true,"comm":"logger","pid":7,"# + sums,
          #"{"comm":"logger","pid":7,"device":{"major":8,"minor":1},"inode":1,"#
            + #""path":"/srv/log","device_name":"sda","# + sums,
        ])
  }
}
