// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test where root may not make namespaces, as in many containers.
  static var needsNamespaces: Self {
    .enabled(if: mayUnshare, "needs pid and mount namespaces of its own: unshare(1) fails")
  }
}

private let mayUnshare: Bool = {
  let options = ["--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "none", "/mnt"]
  return mayTrace && (try? run("/usr/bin/unshare", options))?.status == 0
}()

/// A pid namespace. Its first process is a shell that starts bfatrace and what it traces.
final class PidNamespace {
  let shell: Worker
  private let files: String

  /// - Parameter files: a directory that is not traced.
  init(files: String) throws {
    self.files = files
    shell = try Worker(launcher: ["unshare", "--pid", "--fork", "--mount-proc"])
  }

  /// The pid of the shell in the namespace of the test.
  func outerPid() throws -> pid_t {
    let children = "/proc/\(shell.pid)/task/\(shell.pid)/children"
    let text = try String(contentsOfFile: children, encoding: .ascii)
    return try #require(pid_t(text.trimmingCharacters(in: .whitespaces)), "\(text)")
  }

  /// Traces with these options while `load` runs.
  /// - Parameter endsByItself: whether the run ends without a signal.
  func trace(_ options: [String], endsByItself: Bool = false, load: () throws -> Void) throws
    -> Trace
  {
    let records = "\(files)/records.\(UUID())"
    let quoted = ([Built.bfatrace, "--output", records] + options).map { "'\($0)'" }
    try shell.run(
      """
      \(quoted.joined(separator: " ")) > /dev/null 2> \(files)/errors & tracer=$!
      until [ -e \(records) ] || ! kill -0 $tracer; do sleep 0.01; done
      """)
    try load()
    let stop = endsByItself ? "" : "kill -INT $tracer; "
    try shell.run("\(stop)wait $tracer; echo $? > \(files)/status")
    return Trace(
      lines: try lines(of: records),
      ended: Ended(
        output: Data(), errors: try lines(of: "\(files)/errors").joined(separator: "\n"),
        status: Int32(try lines(of: "\(files)/status").first ?? "") ?? -1))
  }

  private func lines(of file: String) throws -> [String] {
    try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
  }
}
