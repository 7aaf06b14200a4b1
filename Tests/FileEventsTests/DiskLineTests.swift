// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

@Suite("Lines of requests to disks")
struct DiskLineTests {
  private func lines(_ records: [[UInt8]], _ options: LineOptions = LineOptions()) -> [String] {
    var options = options
    options.subject = .requests
    var writer = EventWriter(options: options)
    for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
    writer.appendRequests { true }
    writer.appendSummary(width: 0, lost: 0)
    let bytes = writer.lines.withUnsafeBytes { Array($0) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private var read: [UInt8] {
    diskRecord(Common(comm: Array("cat".utf8), tgid: 1234, path: Array("/var/lib/db".utf8))) {
      ($0.bytes, $0.cause) = (524_288, UInt8(BFA_CAUSE_READ.rawValue))
    }
  }

  private var atime: [UInt8] {
    diskRecord(
      Common(
        comm: Array("smbd".utf8), tgid: 700, types: [written], marks: [BFA_MARK_FILE],
        path: Array("/srv/music".utf8))
    ) {
      ($0.bytes, $0.cause) = (4096, UInt8(BFA_CAUSE_ATIME.rawValue))
      $0.operation = UInt8(BFA_DISK_WRITE.rawValue)
      $0.certainty = UInt8(BFA_LIKELY.rawValue)
      ($0.record.device, $0.record.inode) = (8 << 20 | 1, 42)
      ($0.age_ns, $0.idle_ns, $0.by_tgid) = (5_132_000_000, 1_391_160_000_000, 210)
      withUnsafeMutableBytes(of: &$0.by_comm) { $0.copyBytes(from: "jbd2/sda1-8".utf8) }
    }
  }

  @Test("requests of one process, file and cause are one line")
  func merged() {
    #expect(
      lines([read, read]) == [
        "cat(1234): disk-read /var/lib/db bytes=1048576 requests=2 device=sda cause=read"
      ])
  }

  private func begun(_ request: UInt64, at second: UInt64, pid: UInt32 = 1) -> [UInt8] {
    diskRecord(Common(comm: Array("cat".utf8), tgid: pid, path: Array("/a".utf8))) {
      ($0.bytes, $0.cause, $0.request) = (512, UInt8(BFA_CAUSE_READ.rawValue), request)
      $0.record.time_ns = second * 1_000_000_000
    }
  }

  @Test("a line waits for the end of its requests, and has the longest latency")
  func latency() {
    var options = LineOptions()
    options.subject = .requests
    options.summary = true
    options.table = TableOptions()
    var writer = EventWriter(options: options)
    func take(all: Bool = false, _ records: [[UInt8]] = []) -> [String] {
      for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
      writer.appendRequests(all: all) { true }
      let bytes = writer.lines.withUnsafeBytes { Array($0) }
      writer.lines.removeAll()
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
    let text = "cat(1): disk-read /a bytes="
    #expect(take([begun(1, at: 1), begun(2, at: 1), diskEndRecord(2, latency: 4_249_000)]) == [])
    // One request ends in two parts. A request that comes later does not join a line that waits.
    #expect(take([diskEndRecord(1, latency: 81_000, done: 256), begun(3, at: 2)]) == [])
    #expect(
      take([diskEndRecord(1, latency: 80_000, done: 256)]) == [
        text + "1024 requests=2 device=sda cause=read latency=0.004249"
      ])
    #expect(take() == [])
    // A line does not wait for ever, and a request that ends after its line is not shown again.
    #expect(
      take([begun(4, at: 33), diskEndRecord(4, latency: 1_000_000_000)]) == [
        text + "512 requests=1 device=sda cause=read",
        text + "512 requests=1 device=sda cause=read latency=1.000000",
      ])
    #expect(take([diskEndRecord(3, latency: 2_000_000_000), begun(5, at: 34)]) == [])
    #expect(take(all: true) == [text + "512 requests=1 device=sda cause=read"])
    writer.appendSummary(width: 0, lost: 0)
    let table = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    #expect(table.contains("LATENCY") && table.contains("2.000000"), "\(table)")
  }

  @Test("an uncertain process is marked, and the submitter is shown")
  func likely() {
    var options = LineOptions()
    options.wakeups = 60_000_000_000
    let text = lines([atime], options)
    #expect(
      text.first
        == "smbd(700): disk-write /srv/music bytes=4096 requests=1 device=sda cause=atime age=5.1 "
        + "by=jbd2/sda1-8(210) certainty=likely idle=1391.2")
    let row = "        1    1391.2  sda         atime      smbd  /srv/music"
    #expect(text.contains(row), "\(text)")
  }

  @Test("an unknown process has no name")
  func unknown() {
    let flush = diskRecord(Common(comm: [], tgid: 0, path: [])) {
      $0.operation = UInt8(BFA_DISK_FLUSH.rawValue)
      ($0.cause, $0.certainty) = (UInt8(BFA_CAUSE_FLUSH.rawValue), UInt8(BFA_NOBODY.rawValue))
      $0.record.device = 8 << 20 | 1
    }
    #expect(
      lines([flush]) == [
        "unknown(0): disk-flush device 8:1 bytes=0 requests=1 device=sda cause=flush "
          + "certainty=unknown"
      ])
  }

  @Test("JSON has the same members")
  func json() {
    #expect(
      lines([atime], LineOptions(json: true)) == [
        #"{"comm":"smbd","pid":700,"types":"W","disk":"write","device":{"major":8,"minor":1},"#
          + #""inode":42,"path":"/srv/music","bytes":4096,"requests":1,"device_name":"sda","#
          + #""cause":"atime","by":{"comm":"jbd2/sda1-8","pid":210},"age":5.132000,"#
          + #""certainty":"likely"}"#
      ])
  }

  @Test(
    "the machine that a file server works for has its address",
    arguments: [
      ("192.0.2.7", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7]),
      ("2001:db8::1", [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
      ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ] as [(String, [UInt8])])
  func client(address: String, bytes: [UInt8]) {
    let records = [bytes, bytes, [UInt8](repeating: 0, count: 16)].map { bytes in
      diskRecord(Common(comm: Array("nfsd".utf8), tgid: 9, path: Array("/a".utf8))) {
        ($0.bytes, $0.cause) = (512, UInt8(BFA_CAUSE_READ.rawValue))
        withUnsafeMutableBytes(of: &$0.client) { $0.copyBytes(from: bytes) }
      }
    }
    #expect(
      lines(records) == [
        "nfsd(9): disk-read /a bytes=1024 requests=2 device=sda cause=read client=\(address)",
        "nfsd(9): disk-read /a bytes=512 requests=1 device=sda cause=read",
      ])
    let json = lines([records[0]], LineOptions(json: true)).first
    #expect(json?.hasSuffix(#","cause":"read","client":"\#(address)"}"#) == true, "\(json ?? "")")
  }

  @Test("requests to a device node have its path, of the disk or the partition")
  func raw() {
    let partition = diskRecord(Common(path: [])) {
      ($0.cause, $0.partition) = (UInt8(BFA_CAUSE_RAW.rawValue), 1)
      withUnsafeMutableBytes(of: &$0.disk_name) { $0.copyBytes(from: "nvme0n1".utf8) }
    }
    #expect(lines([partition]).first?.contains(" /dev/nvme0n1p1 ") == true)
  }

  private func command(
    _ set: bfa_command_set, _ code: UInt16, wakes: UInt8 = 1,
    _ change: (inout bfa_disk_record) -> Void = { _ in }
  ) -> [UInt8] {
    diskRecord(
      Common(comm: Array("smartctl".utf8), tgid: 411, types: [written], path: [])
    ) {
      ($0.operation, $0.cause) = (
        UInt8(BFA_DISK_COMMAND.rawValue), UInt8(BFA_CAUSE_COMMAND.rawValue)
      )
      ($0.command_set, $0.command, $0.may_wake) = (UInt8(set.rawValue), code, wakes)
      ($0.disk, $0.record.device) = (8 << 20, 8 << 20)
      change(&$0)
    }
  }

  @Test(
    "commands have their names",
    arguments: [
      (BFA_SET_ATA, 0xb0, "SMART"), (BFA_SET_ATA, 0xe5, #""CHECK POWER MODE""#),
      (BFA_SET_ATA, 0xd3, #""ATA 0xd3""#), (BFA_SET_SCSI, 0, #""TEST UNIT READY""#),
      (BFA_SET_SCSI, 0x11b, #""STOP UNIT""#), (BFA_SET_NVME_ADMIN, 6, "IDENTIFY"),
      (BFA_SET_NVME_IO, 0, "FLUSH"), (BFA_SET_UNKNOWN, 0, "unknown"),
    ] as [(bfa_command_set, UInt16, String)])
  func names(set: bfa_command_set, code: UInt16, name: String) {
    #expect(
      lines([command(set, code)]) == [
        "smartctl(411): disk-command /dev/sda bytes=0 requests=1 device=sda cause=command "
          + "command=\(name)"
      ])
  }

  @Test("a command that leaves a disk asleep does not count as a wake-up")
  func sleepers() {
    var options = LineOptions()
    options.wakeups = 60_000_000_000
    options.onlySummary = true
    let smart = command(BFA_SET_ATA, 0xb0) { $0.idle_ns = 61_000_000_000 }
    let check = command(BFA_SET_ATA, 0xe5, wakes: 0) { $0.idle_ns = 61_000_000_000 }
    let text = lines([smart, check, smart], options)
    #expect(
      text == [
        "  WAKEUPS   LONGEST  DISK        CAUSE      PROCESS  FILE",
        "        2      61.0  sda         (all)",
        "        2      61.0  sda         command    smartctl  /dev/sda command=SMART",
      ])
    let shown = lines([check])
    #expect(shown.first?.hasSuffix(#" command="CHECK POWER MODE" wakes=no"#) == true, "\(shown)")
  }

  @Test("a device that is no disk has a name, and no number")
  func controllers() {
    let nvme = command(BFA_SET_NVME_ADMIN, 2, wakes: 0) {
      ($0.disk, $0.record.device, $0.bytes) = (0, 0, 512)
      withUnsafeMutableBytes(of: &$0.disk_name) { $0.copyBytes(from: "nvme0".utf8) }
    }
    let tape = command(BFA_SET_SCSI, 0x12, wakes: 0) {
      ($0.disk, $0.record.device) = (0, 0)
      withUnsafeMutableBytes(of: &$0.disk_name) { $0.copyBytes(from: "0:0:1:0".utf8) }
    }
    #expect(
      lines([nvme, tape], LineOptions(json: true)) == [
        #"{"comm":"smartctl","pid":411,"types":"W","disk":"command","path":"/dev/nvme0","bytes":512,"#
          + #""requests":1,"device_name":"nvme0","cause":"command","command":"GET LOG PAGE","#
          + #""wakes":false}"#,
        #"{"comm":"smartctl","pid":411,"types":"W","disk":"command","path":"/dev/bsg/0:0:1:0","#
          + #""bytes":0,"requests":1,"device_name":"0:0:1:0","cause":"command","command":"INQUIRY","#
          + #""wakes":false}"#,
      ])
  }
}
