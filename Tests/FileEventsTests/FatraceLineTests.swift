// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

@Suite("Lines in the form of fatrace")
struct FatraceLineTests {
  private func options(
    json: Bool = false, timestamps: LineOptions.Timestamps = .none, user: Bool = false
  ) -> LineOptions {
    var options = LineOptions(json: json, timestamps: timestamps, user: user)
    options.onlyFatrace = true
    return options
  }

  private func access(_ common: Common = Common()) -> [UInt8] {
    var common = common
    common.marks += [
      BFA_MARK_FILE, BFA_MARK_FD, BFA_MARK_FLAGS, BFA_MARK_MODE, BFA_MARK_PARENTS_CUT,
    ]
    return accessRecord(common) { access in
      access.record.device = 8 << 20 | 2
      access.record.inode = 658_203
      access.record.uid = 1000
      access.record.gid = 100
      access.record.time_ns = 1_728_047_655_001_234_567
      access.opens = 1
      access.reads = 2
      access.read_bytes = 286
      access.closes = 1
    }
  }

  private static let processes = [
    Common.Process(35929, "head", "/usr/bin/head"), Common.Process(100, "sh", "/usr/bin/dash"),
    Common.Process(1, "init", "/sbin/init"),
  ]

  @Test("JSON has fatrace's keys, in their order, and no others")
  func json() {
    let record = access(Common(types: [read, closed, opened], processes: Self.processes))
    #expect(
      line(record, options(json: true, timestamps: .sinceEpoch, user: true))
        == #"{"timestamp":1728047655.001234,"comm":"head","pid":35929,"uid":1000,"gid":100,"#
        + #""types":"RCO","device":{"major":8,"minor":2},"inode":658203,"path":"/etc/motd","#
        + #""exe":"/usr/bin/head","parents":[{"pid":100,"comm":"sh","exe":"/usr/bin/dash"},"#
        + #"{"pid":1,"comm":"init","exe":"/sbin/init"}]}"#)
  }

  @Test("text has its fields in fatrace's order")
  func text() {
    let common = Common(types: [read, closed, opened], processes: Array(Self.processes))
    let record = accessRecord(common) { access in
      access.record.uid = 1000
      access.record.gid = 100
      access.record.time_ns = 1_728_047_655_001_234_567
    }
    #expect(
      line(record, options(timestamps: .sinceEpoch, user: true))
        == "1728047655.001234 head(35929) [1000:100]: RCO /etc/motd exe=/usr/bin/head, "
        + "parents=(pid=100 comm=sh exe=/usr/bin/dash),(pid=1 comm=init exe=/sbin/init)")
  }

  @Test("a deleted file ends in (deleted), in text and JSON")
  func deleted() {
    let record = access(Common(marks: [BFA_MARK_UNLINKED]))
    #expect(line(record, options()) == "head(35929): R   /etc/motd (deleted)")
    #expect(line(record, options(json: true)).hasSuffix(#""path":"/etc/motd (deleted)"}"#))
    let odd = access(Common(marks: [BFA_MARK_UNLINKED], path: Array("/\n".utf8)))
    #expect(
      line(odd, options(json: true)).hasSuffix(
        #""path_raw":[47,10,32,40,100,101,108,101,116,101,100,41]}"#))
  }

  @Test("unknown members are left out, and an unknown path is replaced by device and inode")
  func unknown() {
    for marks in [[], [BFA_MARK_TRUNCATED]] {
      let path = Array((marks.isEmpty ? "" : "tail/of/a/path").utf8)
      let record = access(Common(comm: [], marks: marks, path: path))
      #expect(line(record, options()) == "unknown(35929): R   device 8:2 inode 658203")
      #expect(
        line(record, options(json: true))
          == #"{"pid":35929,"types":"R","device":{"major":8,"minor":2},"inode":658203}"#)
    }
  }

  @Test("an unresolved name has no key of its own")
  func unresolved() {
    let common = Common(
      marks: [BFA_MARK_FILENAME], path: Array("/base".utf8), filename: Array("name".utf8))
    #expect(
      line(accessRecord(common), options(json: true))
        == #"{"comm":"head","pid":35929,"types":"R","path":"/base/name"}"#)
  }

  @Test("there is no line for lost events")
  func lost() {
    var writer = EventWriter(options: options(json: true))
    let hasLine = writer.appendLost(3, time: 0)
    #expect(!hasLine && writer.lines.count == 0)
  }
}
