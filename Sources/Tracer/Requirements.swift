// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// Something that the kernel or the user must allow.
struct Requirement {
  let name: String
  /// What is there.
  let state: String
  /// What is wrong with it, and what to do; nil if nothing is.
  let problem: String?
}

/// What is checked before anything is loaded: the errors that the kernel returns later do not say
/// which of these is missing.
enum Requirements {
  static let oldestKernel = KernelVersion(major: 5, minor: 17)  // bpf_loop
  static let neededCapabilities = bit(BFA_CAP_BPF) | bit(BFA_CAP_PERFMON)
  /// Before 6.0, bpf(2) asks for it whatever the command, where unprivileged BPF is disabled.
  static let flushCapability = bit(BFA_CAP_BPF)
  static let killCapability = bit(BFA_CAP_KILL)

  static let kernelTypes = "/sys/kernel/btf/vmlinux"
  /// Which BTF there is besides the kernel's own, that of modules: BPF_BTF_GET_NEXT_ID.
  static var mayListTypes: Bool { bfa_capabilities() & bit(BFA_CAP_SYS_ADMIN) != 0 }

  static var all: [Requirement] { [kernel, capabilities, userNamespace, lockdown, types] }

  static func check() throws(TracerError) {
    for case let problem? in all.map(\.problem) { throw TracerError(cannotTrace: problem) }
  }

  private static var kernel: Requirement {
    let running = KernelVersion.running
    return Requirement(
      name: "kernel", state: "\(running); \(oldestKernel) or later is needed",
      problem: running >= oldestKernel
        ? nil : "kernel \(running) is too old: bfatrace needs \(oldestKernel) or later")
  }

  private static var capabilities: Requirement {
    let held = bfa_capabilities()
    let areThere =
      held & bit(BFA_CAP_SYS_ADMIN) != 0 || held & neededCapabilities == neededCapabilities
    return Requirement(
      name: "capabilities", state: "CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN",
      problem: areThere
        ? nil
        : "this needs root, or the capabilities CAP_BPF and CAP_PERFMON: run it with sudo")
  }

  /// Capabilities of another one are none to bpf(2).
  private static var userNamespace: Requirement {
    let all = ["0", "0", "4294967295"][...]
    let map = firstLine(of: "/proc/self/uid_map")?.split { $0 == " " || $0 == "\n" }
    return Requirement(
      name: "user namespace", state: "the initial one",
      problem: map == nil || map?.elementsEqual(all, by: ==) == true
        ? nil
        : "the capabilities are those of a user namespace, as in a container, and do not count "
          + "outside of it: run it as root of the host")
  }

  private static var lockdown: Requirement {
    let modes = firstLine(of: "/sys/kernel/security/lockdown")
    let mode = modes?.split { "[]".contains($0) }.dropFirst(modes?.first == "[" ? 0 : 1).first
    return Requirement(
      name: "lockdown", state: mode.map(String.init) ?? "not in this kernel, or not mounted",
      problem: mode != "confidentiality"
        ? nil
        : "the kernel is locked down (confidentiality), which forbids BPF programs to "
          + "read its memory: boot with lockdown=integrity or without Secure Boot")
  }

  private static var types: Requirement {
    let path = kernelTypes
    let isThere = access(path, R_OK) == 0
    return Requirement(
      name: "BTF", state: path,
      problem: isThere
        ? nil
        : "no type information of the kernel in \(path) (\(errorName(errno))): "
          + "mount /sys, or use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
  }

  /// How many may ever be there; libbpf reads it from /sys.
  static var processors: UInt32 {
    get throws(TracerError) {
      let count = libbpf_num_possible_cpus()
      guard count > 0 else {
        throw TracerError(
          cannotTrace:
            "cannot read /sys/devices/system/cpu/possible (\(errorName(-count))): mount /sys")
      }
      return UInt32(count)
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

extension Tracer {
  /// Whether the types of the kernel's modules are known, among them drivers of disks.
  public static var knowsModules: Bool {
    if Requirements.mayListTypes { return true }
    var types = glob_t()
    defer { globfree(&types) }
    return glob("/sys/kernel/btf/*", 0, nil, &types) == 0 && types.gl_pathc == 1
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
