// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// What the kernel and the user must allow, looked at before anything is loaded: the errors that
/// the kernel gives later do not tell one reason from another.
enum Requirements {
  static let oldestKernel = KernelVersion(major: 5, minor: 17)  // bpf_loop
  static let neededCapabilities = bit(BFA_CAP_BPF) | bit(BFA_CAP_PERFMON)
  /// Before 6.0, bpf(2) asks for it whatever the command, where unprivileged BPF is disabled.
  static let flushCapability = bit(BFA_CAP_BPF)
  static let killCapability = bit(BFA_CAP_KILL)

  static func check() throws(TracerError) {
    let running = KernelVersion.running
    if running < oldestKernel {
      throw TracerError(
        "cannot trace: kernel \(running) is too old: bfatrace needs \(oldestKernel) or later")
    }
    try checkCapabilities()
    if firstLine(of: "/sys/kernel/security/lockdown")?.contains("[confidentiality]") == true {
      throw TracerError(
        "cannot trace: the kernel is locked down (confidentiality), which forbids BPF programs to "
          + "read its memory: boot with lockdown=integrity or without Secure Boot")
    }
    if access("/sys/kernel/btf/vmlinux", R_OK) != 0 {
      throw TracerError(
        "cannot trace: no type information of the kernel in /sys/kernel/btf/vmlinux "
          + "(\(errorName(errno))): mount /sys, or use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
    }
  }

  private static func checkCapabilities() throws(TracerError) {
    let held = bfa_capabilities()
    if held & bit(BFA_CAP_SYS_ADMIN) == 0 && held & neededCapabilities != neededCapabilities {
      throw TracerError(
        "cannot trace: this needs root, or the capabilities CAP_BPF and CAP_PERFMON: "
          + "run it with sudo")
    }
  }

  private static func bit(_ capability: bfa_capability) -> UInt64 { 1 << capability.rawValue }

  private static func firstLine(of path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress, fgets(base, 256, file) != nil else { return nil }
      return String(cString: base)
    }
  }
}

/// The first two numbers of a kernel's release.
struct KernelVersion: Comparable, CustomStringConvertible {
  var major: Int
  var minor: Int

  static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

  var description: String { "\(major).\(minor)" }

  static var running: KernelVersion {
    var name = utsname()
    uname(&name)
    let release = withUnsafeBytes(of: &name.release) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let numbers = release.split { !("0"..."9").contains($0) }.prefix(2).compactMap { Int($0) }
    return KernelVersion(major: numbers.first ?? 0, minor: numbers.dropFirst().first ?? 0)
  }
}
