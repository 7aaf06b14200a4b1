// SPDX-License-Identifier: Apache-2.0
import Testing

/// A comparison that misreads lines, or reads none, would find no difference in anything.
@Suite("The comparison with strace")
struct DifferentialHarnessTests {
  @Test(
    "understands strace's lines",
    arguments: [
      (
        #"openat(-100<\x2f\x61>, "\x62\x0a", 0x80241, 0640) = 3<\x2f\x61\x2f\x62\x0a>"#,
        #"openat "/a/b\n" fd=3 flags=2001101 mode=640 = 3"#
      ),
      (
        #"openat(-100<\x2f\x61>, "\x2e\x2e\x2f\x62", 0) = -1 ENOENT (No such file or directory)"#,
        #"openat "/b" filename="../b" flags=0 = ENOENT"#
      ),
      (
        #"openat2(5<\x2f\x61>(deleted), "\x62", {flags=0x42, mode=0600, resolve=0x8}, 24) = "#
          + "-1 EXDEV (Invalid cross-device link)",
        #"openat2 "/a/b" filename="b" flags=102 mode=600 = EXDEV"#
      ),
      (
        #"creat("\x2f\x61", 0604) = 4<\x2f\x61>(deleted)"#,
        #"creat "/a" (deleted) fd=4 flags=1101 mode=604 = 4"#
      ),
      ("openat(77, NULL, 0) = -1 EFAULT (Bad address)", "openat flags=0 = EFAULT"),
      (
        #"pread64(3<\x2f\x61>(deleted), ""..., 784, 64) = 784"#,
        #"pread64 "/a" (deleted) fd=3 size=784 offset=64 = 784"#
      ),
      (
        #"pwritev2(3<\x2f\x61>, [{iov_base=""..., iov_len=3}, {iov_base="", iov_len=7}], 2, 9, 0x4)"#
          + " = 10",
        #"pwritev2 "/a" fd=3 size=10 offset=9 = 10"#
      ),
      (
        #"read(0<\x2f\x61>, 0x7f6f07e7e000, 512) = ? ERESTARTSYS"#
          + " (To be restarted if SA_RESTART is set)",
        #"read "/a" fd=0 size=512 = ERESTARTSYS"#
      ),
      (#"read(0<\x2f\x61>,  <unfinished ...>) = ?"#, #"read "/a" fd=0 = ?"#),
      ("close(-1) = -1 EBADF (Bad file descriptor)", "close fd=-1 = EBADF"),
    ])
  func strace(line: String, call: String) throws {
    let log = try StraceLog(text: "--- SIGCHLD {} ---\n\(line)\n+++ exited with 0 +++\n")
    #expect(log.calls.map(\.call.description) == [call])
  }

  @Test("leaves out pipes and sockets, and throws on a line that it does not understand")
  func others() throws {
    let pipe = #"read(3<\x70\x69\x70\x65\x3a\x5b\x31\x5d>, "", 1) = 0"#
    #expect(try StraceLog(text: pipe).calls.isEmpty)
    #expect(throws: StraceLog.NotUnderstood.self) { try StraceLog(text: "read(3, ") }
  }

  @Test("sees a call that is missing, surplus or different")
  func differences() throws {
    let log = try StraceLog(
      text: #"""
        read(3<\x2f\x61>, ""..., 8) = 8
        close(3<\x2f\x61>) = 0
        """#)
    let calls = log.calls.map(\.call)
    func agrees(_ traced: [FileCall]) -> Bool {
      var comparison = Comparison()
      comparison.add(tid: 1, logged: log.calls, traced: traced)
      return comparison.differences.isEmpty
    }
    #expect(agrees(calls))
    #expect(!agrees([]))
    #expect(!agrees([calls[0]]))
    #expect(!agrees(calls + [calls[1]]))
    #expect(!agrees(calls.reversed()))
    let changes: [(inout FileCall) -> Void] = [
      { $0.name = "write" }, { $0.fd = 4 }, { $0.result = "7" }, { $0.path = [] },
      { $0.deleted = true }, { $0.size = 9 }, { $0.offset = 0 }, { $0.flags = 0 },
    ]
    for change in changes {
      var changed = calls
      change(&changed[0])
      #expect(!agrees(changed))
    }
  }

  @Test("accepts the JSON that is promised")
  func strictJSON() throws {
    let object = try StrictJSON.object(#"{"a":{},"b":[0,-12,1.5],"c":"ü","d":true,"e":null}"#.utf8)
    #expect(object["a"] == .object([:]))
    #expect(object["b"] == .array([.number("0"), .number("-12"), .number("1.5")]))
    #expect(object["c"] == .string("ü"))
    #expect(object["d"] == .bool(true))
    #expect(object["e"] == .null)
  }

  @Test(
    "rejects all other JSON",
    arguments: [
      "", "1", "{", #"{"a":1"#, #"{"a":1}}"#, #"{"a":1,}"#, #"{"a":1,"a":1}"#, #"{"a" :1}"#,
      #"{"a":01}"#, #"{"a":1.}"#, #"{"a":-}"#, #"{"a":1e1}"#, #"{"a":"\n"}"#, "{\"a\":\"\t\"}",
      #"{a:1}"#, #"{"a":tru}"#, #"{"a":"b}"#, #"{"a":[1,]}"#, #"{"b":{"a":1,"a":2}}"#,
    ])
  func malformed(line: String) {
    #expect(throws: StrictJSON.Malformed.self) { try StrictJSON.object(line.utf8) }
  }

  @Test("rejects what is not UTF-8")
  func notUTF8() {
    #expect(throws: StrictJSON.Malformed.self) {
      try StrictJSON.object(Array(#"{"a":""#.utf8) + [0xff] + Array(#""}"#.utf8))
    }
  }
}
