// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

@Suite("Executables and ancestors")
struct ProcessTests {
  static let head = Common.Process(35929, "head", "/usr/bin/head")
  static let parents = [
    Common.Process(100, "bash", "/usr/bin/bash"), Common.Process(1, "init", "/sbin/init"),
  ]

  private func text(_ processes: [Common.Process], _ marks: [bfa_mark] = []) -> String {
    line(accessRecord(Common(marks: marks, processes: processes)))
  }

  private func json(_ processes: [Common.Process], _ marks: [bfa_mark] = []) -> String {
    line(accessRecord(Common(marks: marks, processes: processes)), LineOptions(json: true))
  }

  @Test("an executable alone")
  func executable() {
    #expect(text([Self.head]) == "head(35929): R   /etc/motd exe=/usr/bin/head")
    #expect(
      json([Self.head])
        == #"{"comm":"head","pid":35929,"types":"R","path":"/etc/motd","exe":"/usr/bin/head"}"#)
  }

  @Test("ancestors, from the parent up, without executables")
  func ancestors() {
    let bare = ([Self.head] + Self.parents).map { process in
      var process = process
      process.exe = []
      return process
    }
    #expect(
      text(bare)
        == "head(35929): R   /etc/motd, parents=(pid=100 comm=bash),(pid=1 comm=init)")
    #expect(
      json(bare).hasSuffix(
        #""path":"/etc/motd","parents":[{"pid":100,"comm":"bash"},{"pid":1,"comm":"init"}]}"#))
  }

  @Test("an executable and ancestors")
  func both() {
    let processes = [Self.head] + Self.parents
    #expect(
      text(processes)
        == "head(35929): R   /etc/motd exe=/usr/bin/head, "
        + "parents=(pid=100 comm=bash exe=/usr/bin/bash),(pid=1 comm=init exe=/sbin/init)")
    #expect(
      json(processes).hasSuffix(
        #""exe":"/usr/bin/head","parents":[{"pid":100,"comm":"bash","exe":"/usr/bin/bash"},"#
          + #"{"pid":1,"comm":"init","exe":"/sbin/init"}]}"#))
  }

  @Test("they follow all other fields of a call and of --long")
  func behind() {
    var common = Common(types: [closed], processes: [Self.head] + Self.parents.suffix(1))
    let call = callRecord(BFA_CALL_close, common) { $0.record.fd = 3 }
    #expect(
      line(call)
        == "head(35929): close /etc/motd = 0 exe=/usr/bin/head, "
        + "parents=(pid=1 comm=init exe=/sbin/init)")
    common.marks = [BFA_MARK_FD]
    let access = accessRecord(common) { $0.record.fd = 3 }
    #expect(
      line(access, LineOptions(long: true))
        == "head(35929): C   /etc/motd fd=3 reads=0/0 writes=0/0 exe=/usr/bin/head, "
        + "parents=(pid=1 comm=init exe=/sbin/init)")
  }

  @Test("they follow two names of a call")
  func names() {
    var common = Common(marks: [BFA_MARK_NEW_PATH], processes: [Self.head])
    common.newPath = Array("/new".utf8)
    let record = callRecord(BFA_CALL_rename, common)
    #expect(line(record) == "head(35929): rename /etc/motd new_path=/new = 0 exe=/usr/bin/head")
  }

  @Test("a process without a name or an executable is shown by its pid")
  func unknown() {
    let processes = [
      Common.Process(2, "", ""), Common.Process(1, "", "/x"), Common.Process(3, "a"),
    ]
    #expect(
      text(processes) == "head(35929): R   /etc/motd, parents=(pid=1 exe=/x),(pid=3 comm=a)")
    #expect(
      json(processes).hasSuffix(#""parents":[{"pid":1,"exe":"/x"},{"pid":3,"comm":"a"}]}"#))
  }

  @Test("ancestors that are left out are marked")
  func cut() {
    let processes = [Self.head] + Self.parents.prefix(1)
    #expect(text(processes, [BFA_MARK_PARENTS_CUT]).hasSuffix("exe=/usr/bin/bash),..."))
    #expect(
      json(processes, [BFA_MARK_PARENTS_CUT]).hasSuffix(
        #""exe":"/usr/bin/bash"}],"parents_truncated":true}"#))
  }

  @Test("names cannot forge an ancestor or a line, and JSON keeps their bytes")
  func hostile() {
    let processes = [
      Common.Process(9, "head", "/tmp/a\nb"),
      Common.Process(8, "x),(pid=1 comm=", "/),(/y \u{1b}["),
      Common.Process(7, "(sd-pam)", "/deleted (deleted)"),
    ]
    #expect(
      text(processes)
        == #"head(35929): R   /etc/motd exe=/tmp/a\012b, "#
        + #"parents=(pid=8 comm=x\051,(pid=1 comm= exe=/\051,(/y \033[),"#
        + "(pid=7 comm=(sd-pam) exe=/deleted (deleted))")
    #expect(
      json(processes).hasSuffix(
        #""exe_raw":[47,116,109,112,47,97,10,98],"parents":[{"pid":8,"comm":"x),(pid=1 comm=","#
          + #""exe_raw":[47,41,44,40,47,121,32,27,91]},"#
          + #"{"pid":7,"comm":"(sd-pam)","exe":"/deleted (deleted)"}]}"#))
  }

  @Test("a line has room for as many and as long as a record holds")
  func longest() throws {
    let ancestors = (0..<UInt32(BFA_ANCESTORS.rawValue)).map { _ in
      Common.Process(
        .max, String(repeating: "\u{1}", count: 15), String(repeating: "\u{2}", count: 90))
    }
    let record = accessRecord(Common(processes: [Self.head] + ancestors))
    #expect(line(record).hasPrefix("head(35929): R   /etc/motd exe="))
    #expect(line(record, LineOptions(json: true)).hasSuffix("]}]}"))
  }

  @Test("a record with a part of a process is refused")
  func broken() {
    let whole = accessRecord(Common(processes: [Self.head]))
    var tooLong = Self.head
    tooLong.exe += [0x61]
    let claimed = whole.dropLast(tooLong.exe.count + 24) + tooLong.bytes.dropLast()
    for bytes in [Array(claimed), whole] {
      let isWhole = bytes == whole
      let decoded = bytes.withUnsafeBytes { try? Event(record: $0) } != nil
      #expect(decoded == isWhole)
    }
    // The number of bytes is right, but the processes end within the first part of one.
    let half = accessRecord(Common(processes: [Self.head])) { $0.record.process_len -= 20 }
    #expect(throws: RecordError.self) {
      try half.dropLast(20).withContiguousStorageIfAvailable {
        _ = try Event(record: UnsafeRawBufferPointer($0))
      }
    }
  }
}
