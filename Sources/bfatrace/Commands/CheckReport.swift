// SPDX-License-Identifier: Apache-2.0
import Tracer

/// What --check prints: a line for each thing that was looked at.
enum CheckReport {
  static func print() -> ExitStatus {
    let findings = Check.run()
    for finding in findings {
      let kind = finding.kind.rawValue
      let padding = String(repeating: " ", count: max(1, 8 - kind.count))
      Swift.print("\(kind)\(padding)\(finding.name): \(finding.text)")
    }
    return findings.contains { $0.kind == .failed } ? .failed : .ended
  }
}
