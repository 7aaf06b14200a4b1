// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--check", .needsRoot)
struct CheckTests {
  private func check(_ launcher: [String] = [], _ options: [String] = []) throws -> Ended {
    let line = launcher + [Built.bfatrace, "--check"] + options
    let ended = try run("/usr/bin/timeout", ["-s", "KILL", "60"] + line)
    let kinds = ["ok      ", "absent  ", "failed  "]
    let lines = ended.text.split(separator: "\n")
    #expect(
      lines.count >= 6 && lines.allSatisfy { kinds.contains(String($0.prefix(8))) }, "\(ended)")
    #expect(ended.errors.isEmpty, "\(ended.errors)")
    return ended
  }

  /// The lines that begin with this word, without it.
  private func lines(_ kind: String, of ended: Ended) -> [String] {
    ended.text.split(separator: "\n").filter { $0.hasPrefix("\(kind) ") }.map {
      String($0.dropFirst(8))
    }
  }

  @Test("where tracing works, all is well, and the status is 0")
  func works() throws {
    let ended = try check()
    #expect(ended.status == 0 && lines("failed", of: ended).isEmpty, "\(ended.text)")
    for part in [
      "kernel: ", "capabilities: ", "lockdown: ", "BTF: ", "program sys_exit: ", "program flush: ",
      "ring buffer of", "tracing: works", "tracing with --syscalls: works",
    ] {
      #expect(lines("ok", of: ended).contains { $0.contains(part) }, "no \(part)\n\(ended.text)")
    }
    // Every program has a description.
    #expect(!ended.text.contains("?"), "\(ended.text)")
  }

  @Test("a user without privileges gets what is missing, and where to get it")
  func notRoot() throws {
    let ended = try check([
      "setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "+dac_read_search",
      "--ambient-caps", "+dac_read_search",
    ])
    #expect(ended.status == 1)
    let failed = lines("failed", of: ended)
    #expect(failed.count == 2 && failed[0].hasPrefix("capabilities: "), "\(ended.text)")
    #expect(failed[0].contains("CAP_BPF and CAP_PERFMON") && failed[0].contains("sudo"))
  }

  @Test("root of a user namespace is reported to have no privileges", .needsNamespaces)
  func userNamespace() throws {
    let ended = try check(["unshare", "--user", "--map-root-user"])
    #expect(ended.status == 1)
    #expect(
      lines("failed", of: ended).first?.hasPrefix("user namespace: ") == true, "\(ended.text)")
  }

  @Test(
    "a run that cannot trace mentions --check",
    arguments: [["setarch", "--uname-2.6"], ["unshare", "--user", "--map-root-user"]])
  func pointer(launcher: [String]) throws {
    let ended = try run("/usr/bin/env", launcher + [Built.bfatrace])
    expectComplaint(ended, status: 1, ["cannot trace: ", "bfatrace --check"])
    #expect(try check(launcher).status == 1)
  }

  /// Starts a command where the kernel's type information does not have these types.
  private func without(_ types: String...) -> [String] {
    let file = "/sys/kernel/btf/vmlinux"
    let renamed = types.map { "s/\\x00\($0)\\x00/\\x00\(String($0.dropLast()))_\\x00/g" }
    let script = """
      mount -t tmpfs none /mnt
      LC_ALL=C sed '\(renamed.joined(separator: ";"))' \(file) > /mnt/types
      mount --bind /mnt/types \(file)
      exec "$@"
      """
    return ["unshare", "--mount", "sh", "-ec", script, "sh"]
  }

  @Test("a program that does not load is named, with what is lost without it", .needsNamespaces)
  func refused() throws {
    let ended = try check(without("linux_binprm"))
    #expect(ended.status == 1)
    let failed = lines("failed", of: ended)
    #expect(failed.count == 3, "\(ended.text)")
    #expect(failed.first?.hasPrefix("program handle_names: ") == true, "\(ended.text)")
    #expect(failed.first?.contains("without it: no calls on names") == true)
    #expect(lines("ok", of: ended).contains { $0.hasPrefix("program sys_exit: loads") })
  }

  @Test("a kernel without io_uring is fine", .needsNamespaces)
  func withoutUring() throws {
    let ended = try check(without("io_kiocb"))
    #expect(ended.status == 0 && lines("failed", of: ended).isEmpty, "\(ended.text)")
  }

  /// The calls of bpf(2) in strace's log. strace makes the call with this number fail, if any.
  private func check(failing number: Int?) throws -> (ended: Ended, calls: [String]) {
    try Scratch.directory { directory in
      let log = "\(directory)/calls"
      let inject = number.map { ["-e", "inject=bpf:error=ENOENT:when=\($0)"] } ?? []
      let ended = try check(["strace", "-qq", "-e", "trace=bpf", "-o", log] + inject)
      let text = try String(contentsOfFile: log, encoding: .utf8)
      return (ended, text.split(separator: "\n").map(String.init))
    }
  }

  @Test("a tracepoint that is missing but not needed is named, with what is lost without it")
  func absent() throws {
    var failing: Int?
    // The number of calls depends on what other programs are loaded meanwhile: try several times.
    for _ in 0..<10 {
      let (ended, calls) = try check(failing: failing)
      let found = calls.firstIndex { $0.contains("name=\"io_uring_complete\"") }
      let index = try #require(found, "\(calls)")
      if index + 1 == failing {
        #expect(ended.status == 0, "\(ended.text)")
        let absent = lines("absent", of: ended)
        #expect(absent.count == 1, "\(ended.text)")
        #expect(absent.first?.hasPrefix("program io_uring_complete: ") == true, "\(ended.text)")
        #expect(absent.first?.contains("without it: no requests of io_uring") == true)
        return
      }
      failing = index + 1
    }
    Issue.record("the call was another one each time")
  }
}
