// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A process that went a way: the calls it made, and the lines about it.
struct TracedWay: Sendable {
  var pid: Int
  /// The directory of its files.
  var directory: String
  /// The name of its program, until it executes another one.
  var comm: String
  /// The calls it made, in order.
  var made: [MadeCall] = []
  /// Why the run failed; nil if the process did what it should.
  var failure: String?
  var lines: [View: [TracedLine]] = [:]

  /// Why the way cannot be compared here; nil if it can.
  func reasonToSkip(_ way: Way) -> String? {
    guard let last = made.last, last.ret < 0 else { return nil }
    if way.calls.last(where: { !$0.isMore })?.result == "*" { return nil }
    let error = errorName(Int32(-last.ret))
    guard error == way.skipped || error == "ENOSYS" else { return nil }
    return "\(last.syscall) answers \(error)"
  }

  /// What is wrong; empty if nothing is.
  func differences(from way: Way) -> [String] {
    if let failure { return ["\(way.name): \(failure)"] }
    let wrong = wrongCalls(way)
    if !wrong.isEmpty { return ["\(way.name) itself is not as the table has it:\n" + wrong] }
    return View.allCases.compactMap { view in
      let isMerged = view == .merged || view == .mergedWithAll
      let expected = isMerged ? expectedFiles(way, view) : expectedLines(way, view)
      var reported = isMerged ? files(view) : lines[view, default: []].map(text)
      if way.hasAnyComm { reported = reported.map { $0.replacing(/comm=[^ ]+/, with: "comm=*") } }
      if expected == reported { return nil }
      return "\(way.name), bfatrace \(view.options.joined(separator: " ")):\n"
        + Self.beside(expected, reported)
    }
  }

  /// The calls that the table lacks or has with another result.
  private func wrongCalls(_ way: Way) -> String {
    let expected = way.calls.filter { !$0.isMore }.map { "\($0.call) = \($0.result)" }
    let made = zip(self.made, expected + Array(repeating: "", count: self.made.count)).map {
      $1.hasSuffix(" = *") ? "\($0.syscall) = *" : "\($0.syscall) = \(resultText($0.ret))"
    }
    return expected == made ? "" : Self.beside(expected, made)
  }

  private func expectedLines(_ way: Way, _ view: View) -> [String] {
    var index = -1
    return way.calls.compactMap { call in
      if !call.isMore { index += 1 }
      return view.shows(made[index], withLetters: call.hasLetters)
        ? call.line(made[index].ret) : nil
    }
  }

  private func expectedFiles(_ way: Way, _ view: View) -> [String] {
    let returned = made.reduce(0) { $0 + max(0, $1.ret) }
    let hasWorked = (made.last?.ret ?? 0) >= 0
    let isOther = view == .mergedWithAll && !way.mergedWithAll.isEmpty
    return (isOther ? way.mergedWithAll : way.merged)
      .filter { $0.ifWorked == nil || $0.ifWorked == hasWorked }
      .map { $0.text.replacing("/returned", with: "/\(returned)") }.sorted()
  }

  /// The line of a call, in the form of the table.
  private func text(_ line: TracedLine) -> String {
    let types = line.types.isEmpty ? "-" : line.types
    var keys = line.keys.map(shortened) + marks(line)
    if let newPath = line.newPath { keys.append("new_path=\(short(newPath))") }
    let front = [line.syscall ?? "?", types, short(line.path)]
    return sorted(front, keys) + " = \(resultText(line.ret))"
  }

  /// The sums of merged lines, file by file.
  private func files(_ view: View) -> [String] {
    let groups = Dictionary(grouping: lines[view, default: []]) { line in
      var keys = line.keys + marks(line)
      if line.hasFD { keys.append("fd") }
      return sorted([short(line.path)], keys)
    }
    return groups.map { file, lines in
      let words = file.split(separator: " ").map(String.init)
      let letters = Set(lines.flatMap(\.types))
      let types = "RCWO+D<>M".filter { letters.contains($0) }
      return sorted([types.isEmpty ? "-" : types, words[0]], words.dropFirst() + counts(lines))
    }.sorted()
  }

  private func counts(_ lines: [TracedLine]) -> [String] {
    let sums = lines.reduce(into: [:]) { sums, line in
      sums.merge(line.counts, uniquingKeysWith: +)
    }
    var texts = ["opens", "closes"].compactMap { key in sums[key].map { "\(key)=\($0)" } }
    for (calls, bytes) in [("reads", "read_bytes"), ("writes", "write_bytes")]
    where sums[calls] != nil || sums[bytes] != nil {
      texts.append("\(calls)=\(sums[calls] ?? 0)/\(sums[bytes] ?? 0)")
    }
    return texts
  }

  /// Members that the table has only where they differ from the usual.
  private func marks(_ line: TracedLine) -> [String] {
    var marks = line.faults
    if line.pid != pid { marks.append("pid=\(line.pid)-instead-of-\(pid)") }
    if line.comm != comm { marks.append("comm=\(line.comm)") }
    return marks
  }

  /// A path relative to the way's directory. A file without a name has a number in its path: it is
  /// left out.
  private func short(_ path: String?) -> String {
    guard let path else { return "-" }
    if path == directory { return "." }
    guard path.hasPrefix(directory + "/") else { return path }
    return String(path.dropFirst(directory.utf8.count + 1)).replacing(/#\d+$/, with: "#")
  }

  /// Shortens a filename, which the program may have passed from the root.
  private func shortened(_ key: String) -> String { key.replacing("=\(directory)/", with: "=@/") }

  private static func beside(_ expected: [String], _ reported: [String]) -> String {
    let marked = { (mark: String, lines: [String], others: [String]) in
      lines.map { "  \(others.contains($0) ? " " : ">") \(mark) \($0)" }
    }
    return (marked("expected", expected, reported) + marked("reported", reported, expected))
      .joined(separator: "\n")
  }
}
