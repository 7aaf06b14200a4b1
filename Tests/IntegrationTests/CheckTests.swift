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

  /// The lines of a kind, without it.
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
    // Every program is explained.
    #expect(!ended.text.contains("?"), "\(ended.text)")
  }

  @Test("another user is told what is missing, and where to get it")
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

  @Test("root of a container without privileges is none", .needsNamespaces)
  func userNamespace() throws {
    let ended = try check(["unshare", "--user", "--map-root-user"])
    #expect(ended.status == 1)
    #expect(
      lines("failed", of: ended).first?.hasPrefix("user namespace: ") == true, "\(ended.text)")
  }

  @Test(
    "a run that cannot trace points to it",
    arguments: [["setarch", "--uname-2.6"], ["unshare", "--user", "--map-root-user"]])
  func pointer(launcher: [String]) throws {
    let ended = try run("/usr/bin/env", launcher + [Built.bfatrace])
    expectComplaint(ended, status: 1, ["cannot trace: ", "bfatrace --check"])
    #expect(try check(launcher).status == 1)
  }

  /// Starts a command where the kernel's type information does not have these tracepoints.
  private func without(_ tracepoints: String...) -> [String] {
    let file = "/sys/kernel/btf/vmlinux"
    let renamed = tracepoints.map {
      "s/btf_trace_\($0)\\x00/btf_trace_\(String($0.dropLast()))_\\x00/g"
    }
    let script = """
      mount -t tmpfs none /mnt
      LC_ALL=C sed '\(renamed.joined(separator: ";"))' \(file) > /mnt/types
      mount --bind /mnt/types \(file)
      exec "$@"
      """
    return ["unshare", "--mount", "sh", "-ec", script, "sh"]
  }

  @Test("without a tracepoint that tracing does without, it says what is lost", .needsNamespaces)
  func absent() throws {
    let ended = try check(
      without("io_uring_submit_req", "io_uring_submit_sqe", "io_uring_complete"))
    #expect(ended.status == 0, "\(ended.text)")
    let absent = lines("absent", of: ended)
    #expect(absent.count == 3, "\(ended.text)")
    #expect(absent.allSatisfy { $0.contains("without it: no ") && $0.contains("io_uring") })
  }

  @Test("a program that is refused is named, with what is lost without it", .needsNamespaces)
  func refused() throws {
    let ended = try check(without("sched_process_exec"))
    #expect(ended.status == 1)
    let failed = lines("failed", of: ended)
    #expect(failed.count == 3, "\(ended.text)")
    #expect(failed.first?.hasPrefix("program sched_process_exec: ") == true, "\(ended.text)")
    #expect(failed.first?.contains("without it: no programs that are executed") == true)
    #expect(lines("ok", of: ended).contains { $0.hasPrefix("program sys_exit: loads") })
  }
}
