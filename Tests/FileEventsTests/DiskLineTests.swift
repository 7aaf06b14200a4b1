// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

@Suite("Lines of requests to disks")
struct DiskLineTests {
  private func lines(_ records: [[UInt8]], _ options: LineOptions = LineOptions()) -> [String] {
    var options = options
    options.disk = true
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

  @Test("those of one process, one file and one cause are one line")
  func merged() {
    #expect(
      lines([read, read]) == [
        "cat(1234): disk-read /var/lib/db bytes=1048576 requests=2 device=sda cause=read"
      ])
  }

  @Test("what is not exact says so, and who submitted it")
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

  @Test("nobody is named who is not known")
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

  @Test("JSON has the same")
  func json() {
    #expect(
      lines([atime], LineOptions(json: true)) == [
        #"{"comm":"smbd","pid":700,"types":"W","disk":"write","device":{"major":8,"minor":1},"#
          + #""inode":42,"path":"/srv/music","bytes":4096,"requests":1,"device_name":"sda","#
          + #""cause":"atime","by":{"comm":"jbd2/sda1-8","pid":210},"age":5.132000,"#
          + #""certainty":"likely"}"#
      ])
  }

  @Test("the device node itself is named after the disk, or the partition")
  func raw() {
    let partition = diskRecord(Common(path: [])) {
      ($0.cause, $0.partition) = (UInt8(BFA_CAUSE_RAW.rawValue), 1)
      withUnsafeMutableBytes(of: &$0.disk_name) { $0.copyBytes(from: "nvme0n1".utf8) }
    }
    #expect(lines([partition]).first?.contains(" /dev/nvme0n1p1 ") == true)
  }
}
