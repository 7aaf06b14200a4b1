// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What is listed at the end.
public struct ChangeOptions: Sendable {
  /// What is left of all changes.
  public var changes = false
  /// What was read or executed, and was there before; perhaps what was looked up in vain.
  public var inputs = false
  /// Counts for each directory, cut to so many components, instead of names; `.max`: not cut.
  public var directories: Int?

  public init() {}

  func lists(_ kind: Change.Kind) -> Bool { kind.isInput ? inputs : changes }

  var kinds: [Change.Kind] { Change.Kind.allCases.filter(lists) }
}

/// Writes changes as lines: of text, of JSON, or of counts by directory.
struct ChangeLines {
  let options: ChangeOptions
  let json: Bool
  let colored: Bool
  /// What each object begins with.
  let members: [UInt8]

  /// - Parameter temporary: how many files were created and deleted again.
  func append(_ changes: [Change], temporary: UInt64, to lines: inout LineBuffer) {
    append(changes, to: &lines)
    if options.changes && temporary > 0 { append(temporary: temporary, to: &lines) }
  }

  private func append(temporary count: UInt64, to lines: inout LineBuffer) {
    if json {
      let start = lines.beginObject(members)
      lines.append(key: "temporary", count)
      lines.endObject(from: start)
    } else {
      lines.reserve()
      lines.append("temporary ")
      lines.append(decimal: count)
      lines.append("\n")
    }
  }

  private func append(_ changes: [Change], to lines: inout LineBuffer) {
    if let components = options.directories {
      appendCounts(changes, components, to: &lines)
      return
    }
    for change in changes {
      lines.reserve()
      if json { appendJSON(change, to: &lines) } else { appendText(change, to: &lines) }
    }
  }

  private func appendText(_ change: Change, to lines: inout LineBuffer) {
    lines.append(style: change.kind.style, if: colored)
    lines.append(change.kind.word)
    lines.append(" ")
    change.path.withUnsafeBytes { lines.append(escaped: $0) }
    if change.kind == .moved {
      lines.append(" -> ")
      change.newPath.withUnsafeBytes { lines.append(escaped: $0) }
    }
    lines.append(style: Style.plain, if: colored)
    if change.isLikely { lines.append(" certainty=likely") }
    lines.append("\n")
  }

  private func appendJSON(_ change: Change, to lines: inout LineBuffer) {
    let start = lines.beginObject(members)
    if change.kind.isInput { lines.append(key: "input") } else { lines.append(key: "change") }
    lines.append("\"")
    lines.append(change.kind.word)
    lines.append("\"")
    change.path.withUnsafeBytes { lines.append(key: "path", string: $0) }
    if change.kind == .moved {
      change.newPath.withUnsafeBytes { lines.append(key: "new_path", string: $0) }
    }
    if change.isLikely { lines.append(",\"certainty\":\"likely\"") }
    lines.endObject(from: start)
  }

  // MARK: By directory

  private func appendCounts(
    _ changes: [Change], _ components: Int, to lines: inout LineBuffer
  ) {
    var counts: [[UInt8]: [UInt64]] = [:]
    for change in changes {
      let directory = Self.directory(of: change.path, components)
      counts[directory, default: .init(repeating: 0, count: Change.Kind.allCases.count)][
        change.kind.rawValue] += 1
    }
    if !json { appendHeader(to: &lines) }
    for (directory, counts) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      lines.reserve()
      if json {
        appendJSON(directory, counts, to: &lines)
      } else {
        appendText(directory, counts, to: &lines)
      }
    }
  }

  private func appendHeader(to lines: inout LineBuffer) {
    lines.reserve()
    lines.append(style: Style.bold, if: colored)
    for kind in options.kinds {
      lines.append(cString: String(describing: kind).uppercased())
      lines.append(" ")
    }
    lines.append("DIR")
    lines.append(style: Style.plain, if: colored)
    lines.append("\n")
  }

  private func appendText(
    _ directory: [UInt8], _ counts: [UInt64], to lines: inout LineBuffer
  ) {
    for kind in options.kinds {
      let number = String(counts[kind.rawValue])
      let width = kind.word.utf8CodeUnitCount
      lines.append(cString: String(repeating: " ", count: max(0, width - number.utf8.count)))
      lines.append(cString: number)
      lines.append(" ")
    }
    directory.withUnsafeBytes { lines.append(escaped: $0) }
    lines.append("\n")
  }

  private func appendJSON(
    _ directory: [UInt8], _ counts: [UInt64], to lines: inout LineBuffer
  ) {
    let start = lines.beginObject(members)
    directory.withUnsafeBytes { lines.append(key: "dir", string: $0) }
    for kind in options.kinds {
      lines.append(",\"")
      lines.append(kind.word)
      lines.append("\":")
      lines.append(decimal: counts[kind.rawValue])
    }
    lines.endObject(from: start)
  }

  /// The directory that holds a path, or an ancestor of it.
  static func directory(of path: [UInt8], _ components: Int) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    var end = path.lastIndex(of: slash) ?? 0
    var seen = 0
    for index in path.indices where index > 0 && index < end && path[index] == slash {
      seen += 1
      if seen == components {
        end = index
        break
      }
    }
    return end == 0 ? [slash] : Array(path[..<end])
  }
}

extension Change.Kind {
  /// Colours as those of git.
  fileprivate var style: StaticString {
    switch self {
    case .created: "\u{1b}[32m"
    case .deleted, .missing: "\u{1b}[31m"
    case .modified: "\u{1b}[33m"
    case .moved: "\u{1b}[36m"
    case .attributes: "\u{1b}[35m"
    case .read, .executed: ""
    }
  }
}
