// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc
import Testing

@testable import FileEvents

@Suite("Tables by keys")
struct TableTests {
  private func access(
    _ path: String, comm: String = "sh", pid: UInt32 = 7, uid: UInt32 = 0, inode: UInt64 = 1,
    device: UInt32 = 9 << 20 | 77, types: [bfa_type] = [written], marks: [bfa_mark] = [],
    bytes: UInt64 = 0
  ) -> [UInt8] {
    let common = Common(
      comm: Array(comm.utf8), tgid: pid, types: types, marks: [BFA_MARK_FILE] + marks,
      path: Array(path.utf8))
    return accessRecord(common) {
      ($0.record.uid, $0.record.inode, $0.record.device) = (uid, inode, device)
      ($0.writes, $0.write_bytes) = (1, bytes)
    }
  }

  private func names(_ keys: String, _ records: [[UInt8]]) throws -> [String] {
    var options = TableOptions()
    options.keys = keys.split(separator: ",").compactMap { TableKey($0) }
    var tables = Tables(.accesses, options)
    return try tables.rows(of: records).rows.map(\.name)
  }

  @Test(
    "keys have names, and only dir has a depth",
    arguments: [
      ("file", true), ("dir", true), ("dir:1", true), ("dir:999", true), ("dir:0", false),
      ("dir:1000", false), ("dir:-1", false), ("dir:", false), ("dir:2:3", false), ("dir:x", false),
      ("file:2", false), ("File", false), ("", false), ("process", true), ("call", true),
    ])
  func keys(text: String, isKey: Bool) {
    #expect((TableKey(text) != nil) == isKey)
  }

  @Test(
    "a directory is that of the file, cut at its depth",
    arguments: [
      ("dir", "/var/log/nginx/access.log", "/var/log/nginx"), ("dir", "/motd", "/"),
      ("dir", "/", "/"), ("dir:1", "/var/log/nginx/access.log", "/var"),
      ("dir:2", "/var/log/nginx/access.log", "/var/log"), ("dir:3", "/var/log/x", "/var/log"),
      ("dir:1", "/motd", "/"), ("dir:9", "/a/b/c/d", "/a/b/c"), ("dir:1", "/a/b", "/a"),
      ("dir", "/odd\nname/x", #"/odd\012name"#),
    ])
  func directories(key: String, path: String, directory: String) throws {
    #expect(try names(key, [access(path)]) == [directory])
  }

  @Test("a change of entries counts for the directory, not for its parent")
  func changedDirectory() throws {
    #expect(try names("dir", [access("/srv/data", types: [BFA_CREATED])]) == ["/srv/data"])
    #expect(try names("dir:1", [access("/srv/data", types: [BFA_DELETED])]) == ["/srv"])
  }

  @Test("a file without a path is shown by its numbers, and the end of a path is marked")
  func unknownFiles() throws {
    #expect(try names("file", [access("")]) == ["device 9:77 inode 1"])
    #expect(try names("dir", [access("")]) == ["device 9:77"])
    let cut = access("deep/file", marks: [BFA_MARK_TRUNCATED])
    #expect(try names("file", [cut]) == ["...deep/file"])
    #expect(try names("dir:1", [cut]) == ["...deep"])
    #expect(try names("file", [accessRecord(Common(path: []))]) == ["-"])
    #expect(try names("device", [access("/x")]) == ["9:77"])
  }

  @Test("users have names, or numbers without one")
  func users() throws {
    let records = [access("/a", uid: 0, bytes: 2), access("/a", uid: 4_000_000_001, bytes: 1)]
    #expect(try names("user", records) == ["root", "4000000001"])
  }

  @Test("rows of two and three keys have the sums of their combination")
  func combinations() throws {
    var random = SeededGenerator(state: 1)
    let records = (0..<500).map { _ in
      access(
        "/srv/\(Int.random(in: 0..<5, using: &random))/\(Int.random(in: 0..<9, using: &random))",
        comm: ["sh", "dd", "vi"].randomElement(using: &random) ?? "",
        pid: UInt32.random(in: 1..<20, using: &random),
        uid: UInt32.random(in: 0..<3, using: &random),
        bytes: UInt64.random(in: 0..<1000, using: &random))
    }
    for keys in [
      "file", "dir", "process", "comm", "user", "device", "dir,comm", "user,dir:1,comm",
      "process,file,user", "exe",
    ] {
      var options = TableOptions()
      options.keys = keys.split(separator: ",").compactMap { TableKey($0) }
      for limit in [nil, 1, 7] {
        options.rows = limit
        var tables = Tables(.accesses, options)
        let all = try tables.rows(of: records)
        let sums = (all.rows.map(\.numbers) + [all.others ?? TableNumbers()]).reduce(
          into: TableNumbers()
        ) { $0 &+= $1 }
        let bytes = records.reduce(0) { sum, record in
          sum + record.withUnsafeBytes { (try? Event(record: $0))?.access?.write_bytes ?? 0 }
        }
        #expect(sums[4] == 500 && sums[5] == bytes, "\(keys)")
        #expect(Set(all.rows.map(\.name)).count == all.rows.count, "\(keys)")
        #expect(limit.map { all.rows.count == min($0, all.rows.count) } ?? true)
      }
    }
    #expect(try names("dir,comm", records).contains("/srv/0,vi"))
  }

  @Test("calls have errors, their total time and the longest one")
  func calls() throws {
    var options = TableOptions()
    options.keys = [TableKey(.call)]
    options.sort = "time"
    var tables = Tables(.calls, options)
    let records = [(3, 100), (-2, 900), (4, 50)].map { ret, time in
      callRecord(BFA_CALL_openat, Common(types: [opened])) {
        ($0.ret, $0.duration_ns) = (Int64(ret), UInt64(time))
      }
    }
    let read = callRecord(BFA_CALL_read, Common()) { ($0.ret, $0.duration_ns) = (4096, 700) }
    let rows = try tables.rows(of: records + [read]).rows
    #expect(rows.map(\.name) == ["openat", "read"])
    #expect(
      rows.map(\.numbers) == [[3, 1, 1050, 0, 0, 0, 0, 900], [1, 0, 700, 4096, 0, 0, 0, 700]])
  }

  private func lines(
    _ records: [[UInt8]], width: Int = 0, _ change: (inout TableOptions) -> Void
  ) -> [String] {
    output(records, width: width, json: false, change)
  }

  private func output(
    _ records: [[UInt8]], width: Int = 0, json: Bool, disk: Bool = false,
    _ change: (inout TableOptions) -> Void
  ) -> [String] {
    var options = LineOptions(json: json)
    var table = TableOptions()
    table.hasTotal = true
    change(&table)
    (options.summary, options.onlySummary, options.table) = (true, true, table)
    if disk { options.subject = .requests }
    var writer = EventWriter(options: options)
    for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
    writer.appendSummary(width: width, lost: 0)
    let text = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return text.split(separator: "\n").map(String.init)
  }

  @Test("text has the total, the rows and the others")
  func text() {
    let records = [
      access("/srv/a", bytes: 30), access("/srv/b", bytes: 20), access("/srv/c", bytes: 10),
    ]
    #expect(
      lines(records) { ($0.keys, $0.rows) = ([TableKey(.file), TableKey(.comm)], 1) } == [
        "OPENS  FAILED  READS  RBYTES  WRITES  WBYTES  FILES  FILE    COMM",
        "    0       0      0       0       3      60      1  (all)",
        "    0       0      0       0       1      30      1  /srv/a  sh",
        "    0       0      0       0       2      30      1  (others)",
      ])
  }

  @Test("JSON has the same with exact numbers and keys by their names")
  func json() {
    let records = [
      access("/srv/a", bytes: 30), access("/srv/\"", bytes: 20), access("/srv/c", bytes: 10),
    ]
    let start = #"{"total":true,"opens":0,"failed_opens":0,"reads":0,"read_bytes":0,"#
    let ends = #""opens":0,"failed_opens":0,"reads":0,"read_bytes":0,"#
    #expect(
      output(records, json: true) { ($0.keys, $0.rows) = ([TableKey(.file), TableKey(.user)], 2) }
        == [
          start + #""writes":3,"write_bytes":60,"files":1}"#,
          #"{"path":"/srv/a","uid":0,"user":"root","# + ends
            + #""writes":1,"write_bytes":30,"files":1}"#,
          #"{"path_raw":[47,115,114,118,47,34],"uid":0,"user":"root","# + ends
            + #""writes":1,"write_bytes":20,"files":1}"#,
          #"{"others":true,"rows":1,"# + ends + #""writes":1,"write_bytes":10,"files":1}"#,
        ])
  }

  @Test("a terminal has units, and the ends of paths that are too long", arguments: 60...120)
  func terminal(width: Int) {
    let records = [
      access("/srv/a/rather/long/path/to/some/file.txt", bytes: 12_345_678),
      access("/srv/\u{8a9e}\u{8a9e}\u{8a9e}\u{8a9e}\u{8a9e}\u{8a9e}/x", bytes: 1),
    ]
    let lines = lines(records, width: width) { $0.keys = [TableKey(.file), TableKey(.comm)] }
    #expect(lines.allSatisfy { $0.columns <= width }, "\(lines)")
    #expect(lines[2].contains("  12M  ") && lines[2].hasSuffix("  sh"), "\(lines)")
    let isWhole = lines[2].contains("/srv/a/rather")
    #expect(width < 79 || isWhole || lines[2].contains("file.txt"), "\(lines)")
  }

  @Test("a disk's row has its requests and the bytes passed to write calls")
  func disks() {
    let common = Common(
      comm: Array("logger".utf8), tgid: 7, types: [written], marks: [BFA_MARK_FILE],
      path: Array("/srv/log".utf8))
    let device: UInt32 = 9 << 20 | 78
    let handed = accessRecord(common) {
      ($0.writes, $0.write_bytes, $0.record.device, $0.record.began_ns) = (1, 100, device, 5)
    }
    let request = diskRecord(common) {
      ($0.operation, $0.bytes) = (UInt8(BFA_DISK_WRITE.rawValue), 4096)
      ($0.record.device, $0.disk) = (device, 9 << 20)
    }
    for keys in [[TableKey(.device)], [TableKey(.file), TableKey(.device)], [TableKey(.process)]] {
      let lines = output([handed, request, handed], json: false, disk: true) { $0.keys = keys }
      #expect(lines.count == 3, "\(lines)")
      #expect(lines[2].contains(#/ 0 +0 +1 +4096 +200 +20.48 +0 /#), "\(lines)")
    }
    let json = output([handed, request], json: true, disk: true) { $0.keys = [TableKey(.device)] }
    #expect(json[1].hasPrefix(#"{"device_name":"sda","disk_reads":0,"#), "\(json)")
  }

  @Test("intervals have their own numbers, and the last table has the total")
  func intervals() {
    var options = LineOptions(json: true)
    var table = TableOptions()
    (table.keys, table.hasIntervals) = ([TableKey(.file)], true)
    (options.summary, options.onlySummary, options.table) = (true, true, table)
    var writer = EventWriter(options: options)
    for interval in 1...3 as ClosedRange<UInt64> {
      for _ in 0..<interval {
        _ = access("/srv/a", bytes: 10).withUnsafeBytes { writer.append(record: $0) }
      }
      writer.appendInterval(
        width: 0, time: interval * 1_000_000_000, length: 999_999_000 + interval * 1000)
    }
    writer.appendSummary(width: 0, lost: 0, time: 4_000_000_000)
    let text = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    let row = #""path":"/srv/a","opens":0,"failed_opens":0,"reads":0,"read_bytes":0,"#
    #expect(
      text.split(separator: "\n").map(String.init) == [
        #"{"timestamp":1.000000,"interval":1.000000,\#(row)"writes":1,"write_bytes":10,"files":1}"#,
        #"{"timestamp":2.000000,"interval":1.000001,\#(row)"writes":2,"write_bytes":20,"files":1}"#,
        #"{"timestamp":3.000000,"interval":1.000002,\#(row)"writes":3,"write_bytes":30,"files":1}"#,
        #"{"timestamp":4.000000,\#(row)"writes":6,"write_bytes":60,"files":1}"#,
      ])
  }
}
