// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

@Suite("Lines of text")
struct TextLineTests {
  @Test("merged lines are as documented, byte for byte")
  func mergedLines() {
    let motd = accessRecord(Common(types: [opened, read, closed]))
    #expect(line(motd) == "head(35929): RCO /etc/motd")
    let syslog = accessRecord(
      Common(
        comm: Array("rsyslogd".utf8), tgid: 875, types: [written],
        path: Array("/var/log/syslog".utf8))
    ) {
      $0.record.uid = 104
      $0.record.gid = 111
      $0.record.time_ns = localTime(12, 34, 56) + 123_456_789
    }
    #expect(
      line(syslog, LineOptions(timestamps: .timeOfDay, user: true))
        == "12:34:56.123456 rsyslogd(875) [104:111]: W   /var/log/syslog")
  }

  @Test("lines of calls are as documented, byte for byte")
  func callLines() {
    let cache = callRecord(
      BFA_CALL_openat,
      Common(
        tgid: 35926, types: [opened],
        marks: [BFA_MARK_FD, BFA_MARK_FLAGS, BFA_MARK_MODE, BFA_MARK_DURATION],
        path: Array("/etc/ld.so.cache".utf8))
    ) {
      ($0.record.fd, $0.record.flags) = (3, 0o2000000)
      ($0.ret, $0.duration_ns) = (3, 11_999)
    }
    #expect(
      line(cache)
        == "head(35926): openat /etc/ld.so.cache fd=3 flags=02000000 mode=0 = 3 <0.000011>")
    let reading = callRecord(
      BFA_CALL_read,
      Common(tgid: 35926, marks: [BFA_MARK_FD, BFA_MARK_SIZE, BFA_MARK_DURATION])
    ) {
      ($0.record.fd, $0.size, $0.ret, $0.duration_ns) = (3, 8192, 18, 4000)
    }
    #expect(line(reading) == "head(35926): read /etc/motd fd=3 size=8192 = 18 <0.000004>")
    let failed = callRecord(
      BFA_CALL_openat,
      Common(
        comm: Array("cat".utf8), tgid: 35930, types: [opened],
        marks: [BFA_MARK_FILENAME, BFA_MARK_FLAGS, BFA_MARK_MODE, BFA_MARK_DURATION],
        path: Array("/home/me".utf8),
        filename: Array("nope".utf8))
    ) { ($0.ret, $0.duration_ns) = (-Int64(ENOENT), 7000) }
    #expect(
      line(failed)
        == "cat(35930): openat /home/me/nope flags=0 mode=0 = -1 ENOENT <0.000007>")
  }

  @Test(
    "types come in one order, padded to three",
    arguments: [
      ([], "   "), ([read], "R  "), ([written, closed], "CW "), ([opened, read, closed], "RCO"),
      ([opened, written, read, closed], "RCWO"), ([BFA_CREATED], "+  "), ([BFA_DELETED], "D  "),
      ([BFA_MOVED_TO, BFA_MOVED_FROM], "<> "),
      (
        [
          BFA_MOVED_TO, BFA_MOVED_FROM, BFA_DELETED, BFA_CREATED, opened, written, closed, read,
        ], "RCWO+D<>"
      ),
    ] as [([bfa_type], String)])
  func types(types: [bfa_type], letters: String) {
    #expect(line(accessRecord(Common(types: types))) == "head(35929): \(letters) /etc/motd")
  }

  @Test("long lines add descriptor, flags, mode and counts as far as they are known")
  func longLines() {
    let options = LineOptions(long: true)
    let change = { (access: inout bfa_access) in
      (access.record.fd, access.record.flags, access.record.mode) = (3, 0o102001, 0o644)
      (access.reads, access.read_bytes) = (2, 286)
    }
    #expect(
      line(
        accessRecord(Common(marks: [BFA_MARK_FD, BFA_MARK_FLAGS, BFA_MARK_MODE]), change), options)
        == "head(35929): R   /etc/motd fd=3 flags=0102001 mode=0644 reads=2/286 writes=0/0")
    #expect(
      line(accessRecord(Common(), change), options)
        == "head(35929): R   /etc/motd reads=2/286 writes=0/0")
  }

  @Test("offsets follow sizes, and errors without a name are shown by number")
  func callDetails() {
    let marks = [BFA_MARK_FD, BFA_MARK_SIZE, BFA_MARK_OFFSET]
    let reading = { (ret: Int64) in
      line(
        callRecord(BFA_CALL_pread64, Common(marks: marks)) {
          ($0.record.fd, $0.size, $0.offset, $0.ret) = (-1, .max, .min, ret)
        })
    }
    let start =
      "head(35929): pread64 /etc/motd fd=-1 size=18446744073709551615"
      + " offset=-9223372036854775808 = "
    #expect(reading(.max) == start + "9223372036854775807")
    #expect(reading(-Int64(EIO)) == start + "-1 EIO")
    #expect(reading(-512) == start + "-1 ERESTARTSYS")
    #expect(reading(-4000) == start + "-1 errno 4000")
    #expect(reading(.min) == start + "-1 errno 9223372036854775808")
  }

  @Test("every call has its name, and an unknown number has a question mark")
  func callNames() {
    #expect(line(callRecord(BFA_CALL_close)) == "head(35929): close /etc/motd = 0")
    #expect(line(callRecord(BFA_CALL_NONE)) == "head(35929): ? /etc/motd = 0")
    #expect(line(callRecord(bfa_call(rawValue: 60000))) == "head(35929): ? /etc/motd = 0")
  }

  @Test("an unknown path is a question mark or the file's numbers")
  func unknownPath() {
    let file = { (marks: [bfa_mark]) in
      line(
        accessRecord(Common(marks: marks, path: [])) {
          ($0.record.device, $0.record.inode) = (8 << 20 | 2, 658203)
        })
    }
    #expect(file([BFA_MARK_FILE]) == "head(35929): R   device 8:2 inode 658203")
    #expect(
      file([BFA_MARK_FILE, BFA_MARK_UNLINKED])
        == "head(35929): R   device 8:2 inode 658203 (deleted)")
    #expect(file([]) == "head(35929): R   ?")
  }

  @Test("deleted files and truncated paths are marked")
  func deletedAndTruncated() {
    #expect(
      line(accessRecord(Common(marks: [BFA_MARK_UNLINKED])))
        == "head(35929): R   /etc/motd (deleted)")
    #expect(
      line(accessRecord(Common(marks: [BFA_MARK_TRUNCATED]))) == "head(35929): R   .../etc/motd")
  }

  @Test("64-bit counters are exact", arguments: decimals)
  func extremes(value: UInt64) {
    let record = accessRecord(Common(marks: [BFA_MARK_FD])) {
      ($0.reads, $0.read_bytes, $0.writes, $0.write_bytes) = (value, value, value, value)
    }
    #expect(
      line(record, LineOptions(long: true))
        == "head(35929): R   /etc/motd fd=0 reads=\(value)/\(value) writes=\(value)/\(value)")
  }

  @Test(
    "the first number in parentheses is the pid, whatever the name",
    arguments: [
      ("x(1): RO  ", #"x\0501): RO  "#), ("(sd-pam)", "(sd-pam)"), ("a(12", "a(12"), ("a()", "a()"),
      ("(1)(2)", #"\0501)\0502)"#), ("((3)) [0:0]: ", #"(\0503)) [0:0]: "#),
      ("tmux: server", "tmux: server"),
    ])
  func name(comm: String, shown: String) {
    #expect(
      line(accessRecord(Common(comm: Array(comm.utf8)))) == "\(shown)(35929): R   /etc/motd")
  }

  @Test(
    "octal numbers have the form of C", arguments: [0, 1, 7, 8, 0o777, 0o40000, .max] as [UInt32])
  func octal(value: UInt32) {
    let record = callRecord(BFA_CALL_open, Common(marks: [BFA_MARK_FLAGS, BFA_MARK_MODE])) {
      $0.record.flags = value
    }
    let octal = (value == 0 ? "" : "0") + String(value, radix: 8)
    #expect(line(record) == "head(35929): open /etc/motd flags=\(octal) mode=0 = 0")
  }
}

/// All powers of ten, their neighbours, and the extremes.
let decimals: [UInt64] =
  sequence(first: 1 as UInt64) { $0 > UInt64.max / 10 ? nil : $0 * 10 }
  .flatMap { [$0 - 1, $0, $0 + 1] } + [1234, 98_765, .max]

/// Nanoseconds since the epoch of a local time on a day in November 2023.
func localTime(_ hour: Int32, _ minute: Int32, _ second: Int32) -> UInt64 {
  var time = tm()
  (time.tm_year, time.tm_mon, time.tm_mday, time.tm_isdst) = (123, 10, 14, -1)
  (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
  return UInt64(mktime(&time)) * 1_000_000_000
}
