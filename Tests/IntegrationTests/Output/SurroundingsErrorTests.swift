// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Surroundings in which tracing is not possible, or only just", .needsRoot)
struct SurroundingsErrorTests {
  /// A user with only these capabilities. CAP_DAC_READ_SEARCH is added, so that bfatrace and its
  /// libraries are found wherever they were built.
  private static func nobody(_ capabilities: String...) -> [String] {
    let set = (capabilities + ["dac_read_search"]).map { "+" + $0 }.joined(separator: ",")
    return [
      "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", set,
      "--ambient-caps", set,
    ]
  }

  /// Root without these capabilities.
  private static func root(without capabilities: String...) -> [String] {
    let set = capabilities.map { "-" + $0 }.joined(separator: ",")
    return ["setpriv", "--inh-caps", set, "--bounding-set", set]
  }

  /// Runs bfatrace through the launcher, and expects a complaint of one line that has all of these
  /// parts.
  private func expectRefusal(
    _ launcher: [String], _ options: [String] = [], _ parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let ended = try run(
      "/usr/bin/timeout", ["-s", "KILL", "20"] + launcher + [Built.bfatrace] + options)
    expectComplaint(ended, status: 1, parts, sourceLocation: sourceLocation)
  }

  @Test("a user without privileges")
  func notRoot() throws {
    try expectRefusal(Self.nobody(), [], "root", "CAP_BPF and CAP_PERFMON", "sudo")
  }

  @Test("a user or root with one of the two capabilities")
  func oneCapability() throws {
    for launcher in [
      Self.nobody("bpf"), Self.nobody("perfmon"),
      Self.root(without: "bpf", "sys_admin"), Self.root(without: "perfmon", "sys_admin"),
      Self.root(without: "bpf", "perfmon", "sys_admin"),
    ] {
      try expectRefusal(launcher, [], "CAP_BPF and CAP_PERFMON")
    }
  }

  @Test("CAP_BPF and CAP_PERFMON are enough", arguments: [[], ["--syscalls"], ["-F", "-c", "sh"]])
  func twoCapabilities(options: [String]) throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(
        ["--json", "--under", directory] + options, launcher: Self.nobody("bpf", "perfmon"))
      try shell(": > \(directory)/file; ( : > \(directory)/child )")
      let trace = tracing.stop()
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      #expect(try trace.names(in: directory) == ["file", "child"], trace.description)
    }
  }

  @Test("root without CAP_BPF and CAP_PERFMON has CAP_SYS_ADMIN, which stands for both")
  func sysAdmin() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(
        ["--json", "--under", directory], launcher: Self.root(without: "bpf", "perfmon"))
      try Calls.write("\(directory)/file")
      let trace = tracing.stop()
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      #expect(try trace.names(in: directory) == ["file"], trace.description)
    }
  }

  @Test("a place for the output where the user may not write")
  func unwritable() throws {
    try Scratch.directory { directory in
      let path = "\(directory)/trace"
      try expectRefusal(
        Self.nobody("bpf", "perfmon"), ["-o", path], "--output \(path)", "Permission denied",
        "another place")
    }
  }

  @Test("CAP_BPF and CAP_PERFMON are enough to trace processes of other users by their pid")
  func otherUsers() throws {
    try Scratch.directory { directory in
      let tracing = try Tracing(
        ["--json", "--under", directory, "-p", "\(getpid())"],
        launcher: Self.nobody("bpf", "perfmon"))
      try Calls.write("\(directory)/file")
      let trace = tracing.stop()
      #expect(try trace.names(in: directory) == ["file"], trace.description)
      #expect(trace.ended.status == 0, trace.description)
    }
  }

  @Test("a kernel that is too old")
  func oldKernel() throws {
    try expectRefusal(
      ["setarch", "--uname-2.6"], [], "kernel 2.6", "too old", "5.17 or later")
  }

  /// A launcher in a mount namespace of its own, where a shell command runs first.
  private func prepared(_ command: String) -> [String] {
    ["unshare", "-m", "sh", "-e", "-c", command + #"; exec "$@""#, "sh"]
  }

  @Test("a kernel without type information")
  func noBTF() throws {
    try expectRefusal(
      prepared("mount -t tmpfs none /sys/kernel/btf"), [], "/sys/kernel/btf/vmlinux",
      "CONFIG_DEBUG_INFO_BTF")
  }

  @Test("a system without /sys")
  func noSys() throws {
    try expectRefusal(
      prepared("mount -t tmpfs none /sys"), [], "/sys/kernel/btf/vmlinux", "mount /sys")
  }

  @Test("lockdown for confidentiality, but not for integrity")
  func lockdown() throws {
    func mode(_ line: String) -> [String] {
      prepared(
        "mount -t tmpfs none /sys/kernel/security; echo '\(line)' > /sys/kernel/security/lockdown")
    }
    try expectRefusal(
      mode("none integrity [confidentiality]"), [], "confidentiality", "lockdown=integrity")
    try Scratch.directory { directory in
      let tracing = try Tracing(
        ["--json", "--under", directory], launcher: mode("none [integrity] confidentiality"))
      try Calls.write("\(directory)/file")
      let trace = tracing.stop()
      #expect(trace.ended.status == 0 && trace.ended.complaints.isEmpty, trace.description)
      #expect(try trace.names(in: directory) == ["file"], trace.description)
    }
  }
}
