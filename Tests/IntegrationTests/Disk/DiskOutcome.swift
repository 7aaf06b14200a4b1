// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The parts of a request's record that are compared.
struct ShownRequest: CustomStringConvertible {
  let time: Double
  let pid, bytes: Int
  let disk, cause: String
  let path: String?
  let byPid: Int?
  let line: String

  init?(_ record: [String: Any], line: String) {
    guard let pid = record["pid"] as? Int, let disk = record["disk"] as? String,
      let cause = record["cause"] as? String, let bytes = record["bytes"] as? Int
    else { return nil }
    time = record["timestamp"] as? Double ?? 0
    self.pid = pid
    self.bytes = bytes
    self.disk = disk
    self.cause = cause
    path = record["path"] as? String
    byPid = (record["by"] as? [String: Any])?["pid"] as? Int
    self.line = line
  }

  /// Whether the record says that the process is not known.
  var isUnknown: Bool { pid == 0 }
  var isFlush: Bool { disk == "flush" }

  var description: String { line }
}

/// Which processes ran a cause, and when.
struct DoneCause {
  let cause: DiskCause
  /// 0 if the cause has no such process.
  let before, culprit, third: Int
  /// In seconds since the epoch; before `end`, everything is written out.
  let begin, end: Double

  /// Whether the records show the process and its files; true without records if the cause has
  /// none.
  func isShown(_ shown: [ShownRequest], in directory: String, of fileSystem: DiskImage.FileSystem)
    -> Bool
  {
    let own = shown.filter { $0.pid == culprit }
    guard let disk = cause.disk else { return own.isEmpty }
    let files = Set((cause.files.isEmpty ? cause.changed : cause.files).map(path(directory)))
    return own.contains { shown in
      shown.disk == disk && cause.causes.contains(shown.cause)
        && (isRight(shown.path, files, fileSystem) || shown.cause == "raw")
        && (!cause.isSubmittedByThird || shown.byPid == third)
    }
  }

  private func isRight(
    _ path: String?, _ files: Set<String>, _ fileSystem: DiskImage.FileSystem
  ) -> Bool {
    guard let path else { return cause.isNamelessOnBtrfs && fileSystem == .btrfs }
    return files.contains(path)
  }

  /// Whether a record has a process that did not cause it, or a file that the process did not
  /// touch.
  /// - Parameter earlier: causes whose changes may be written out only now.
  func isWrong(_ shown: ShownRequest, in directory: String, earlier: [DoneCause]) -> Bool {
    if shown.isUnknown || shown.isFlush { return false }
    // Processes that list directories, and those that sync, read metadata too.
    if shown.disk == "read" && shown.cause == "metadata" { return false }
    guard let path = shown.path else { return shown.pid != culprit && shown.pid != before }
    let own = earlier.filter { [$0.culprit, $0.before].contains(shown.pid) } + [self]
    let isOwn = [culprit, before].contains(shown.pid) || own.count > 1
    let files = own.reduce(into: Set<String>()) { $0.formUnion($1.cause.touched) }
    return !isOwn || !(shown.cause == "raw" || files.map(self.path(directory)).contains(path))
  }

  private func path(_ directory: String) -> (String) -> String {
    { $0.isEmpty ? directory : "\(directory)/\($0)" }
  }
}

extension DiskCause {
  fileprivate var touched: Set<String> { files.union(changed) }
}
