// SPDX-License-Identifier: Apache-2.0
import Glibc
import Tracer

/// What --check prints: a line for each thing that was looked at.
enum CheckReport {
  static func print() throws(Failure) -> ExitStatus {
    let findings = Check.run() + [proc] + pipeline
    let lines = findings.map { finding in
      let kind = finding.kind.rawValue
      let padding = String(repeating: " ", count: max(1, 8 - kind.count))
      return "\(kind)\(padding)\(finding.name): \(finding.text)"
    }
    try LineOutput.print(lines.joined(separator: "\n"))
    return findings.contains { $0.kind == .failed } ? .failed : .ended
  }

  private static var proc: Check.Finding {
    ProcessTable.isOwn
      ? Check.Finding(kind: .ok, name: "/proc", text: "of this pid namespace")
      : Check.Finding(
        kind: .absent, name: "/proc",
        text: "not mounted, or of another pid namespace; without it: no --current-mount, and the "
          + "readers of standard output are not left out")
  }

  /// Who reads standard output, if a program does.
  private static var pipeline: [Check.Finding] {
    guard Pipeline.exists, ProcessTable.isOwn else { return [] }
    let readers = Pipeline.readers()
    let names = readers.pids.map { "\(ProcessTable.name(of: $0) ?? "?")(\($0))" }
    if let problem = readers.problem {
      return [
        Check.Finding(
          kind: .absent, name: "standard output",
          text: "\(problem): if its reader writes lines to a disk, use --ignore-comm")
      ]
    }
    let text =
      names.isEmpty
      ? "read by who started this process, or on another machine"
      : "read by \(names.joined(separator: ", ")): left out without --output, --pid and --comm"
    return [Check.Finding(kind: .ok, name: "standard output", text: text)]
  }
}
