// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Compares a trace of a `NameProgram` with what its calls did.
struct NameComparison {
  let calls: [NameProgram.Call]
  /// The tree of the program: the trace may show names outside of it as passed, which left a mount
  /// upwards.
  let directory: String
  /// Whether all names must be resolved, other than those known to be unresolvable.
  let isExact: Bool
  private(set) var differences: [String] = []
  /// The number of names that are shown as passed in calls that worked.
  private(set) var unresolved = 0

  /// - Parameters:
  ///   - trace: a trace with --metadata, which marks names that are shown as passed.
  ///   - isExact: false if other names, too, may be unresolved, but not wrong.
  init(
    _ calls: [NameProgram.Call], _ trace: Trace, in directory: String, isExact: Bool = true
  ) throws {
    self.calls = calls
    self.directory = directory
    self.isExact = isExact
    var records: [String: [[String: Any]]] = [:]
    var mark = ""
    for object in try trace.objects() {
      if let name = object["filename"] as? String, name.hasPrefix("@") {
        mark = name
      } else {
        records[mark, default: []].append(object)
      }
    }
    for (number, call) in calls.enumerated() {
      let found = records["@\(number)"] ?? []
      if found.count == 1 {
        compare(call, found[0])
      } else {
        differences.append("\(found.count) records of \(call): \(found)")
      }
    }
  }

  private mutating func compare(_ call: NameProgram.Call, _ record: [String: Any]) {
    var wrong: [String] = []
    let isUnresolved = record["resolved"] as? Bool == false
    let isAsked = record["filename"] != nil || record["new_filename"] != nil
    if record["ret"] as? Int != call.ret { wrong.append("ret") }
    if isUnresolved != (isAsked && call.ret >= 0) { wrong.append("resolved") }
    if isUnresolved {
      unresolved += 1
    }
    let isExact = isExact && call.moving != true
    let path = Name(
      expected: call.path, asked: call.pathAsked, filename: call.filename,
      isFollowed: isExact && call.isFollowed(0))
    wrong += differences(path, record, "path", "filename", call)
    if let asked = call.newPathAsked, let filename = call.newFilename {
      let newPath = Name(
        expected: call.newPath, asked: asked, filename: filename,
        isFollowed: isExact && call.isFollowed(1))
      wrong += differences(newPath, record, "new_path", "new_filename", call)
    }
    if call.letters == [""] && !isAsked && Self.identity(record) != call.identity {
      wrong.append("device and inode")
    }
    if !wrong.isEmpty {
      differences.append("\(wrong.joined(separator: ", ")): \(call)\n  \(record)")
    }
  }

  private struct Name {
    let expected: String?
    let asked: String
    let filename: String
    let isFollowed: Bool
  }

  private func differences(
    _ name: Name, _ record: [String: Any], _ key: String, _ filenameKey: String,
    _ call: NameProgram.Call
  ) -> [String] {
    let path = record[key] as? String
    guard let filename = record[filenameKey] as? String else {
      if call.ret < 0 { return ["no \(filenameKey)"] }
      return path == name.expected || isOutside(name.expected, path) ? [] : [key]
    }
    var wrong: [String] = []
    if call.ret >= 0 && name.isFollowed { wrong.append("\(key) not followed") }
    if filename != name.filename { wrong.append(filenameKey) }
    // If the call has changed what the names mean, a relative one starts elsewhere.
    if path != name.asked && call.moving != true && !isOutside(name.asked, path) {
      wrong.append("\(key) as asked")
    }
    return wrong
  }

  private func isOutside(_ expected: String?, _ path: String?) -> Bool {
    path == nil && !(expected?.hasPrefix(directory) ?? false)
  }

  static func identity(_ record: [String: Any]) -> [UInt64]? {
    guard let device = record["device"] as? [String: UInt64], let major = device["major"],
      let minor = device["minor"], let inode = record["inode"] as? UInt64
    else { return nil }
    return [major, minor, inode]
  }
}

/// The letters of directories in merged lines, by path and identity.
struct DirectoryLetters: Equatable {
  struct Directory: Hashable {
    var path: String
    /// Nil if the name was not resolved.
    var identity: [UInt64]?
  }

  private(set) var letters: [Directory: Set<Character>] = [:]

  private mutating func add(_ added: some Sequence<Character>, to directory: Directory) {
    letters[directory, default: []].formUnion(added)
  }

  /// The directories that merged lines must have.
  init(of calls: [NameProgram.Call]) {
    for call in calls where call.ret >= 0 {
      let names = [(call.path, call.identity), (call.newPath, call.newIdentity)]
      let asked = [call.pathAsked, call.newPathAsked]
      for (index, added) in (call.letters ?? []).enumerated() where !added.isEmpty {
        let isFollowed = call.isFollowed(index)
        let path = (isFollowed ? names[index].0 : asked[index]) ?? "?"
        let identity = isFollowed ? names[index].1 : nil
        let directory = (path as NSString).deletingLastPathComponent
        add(added, to: Directory(path: directory, identity: identity))
      }
    }
  }

  /// The directories that merged lines have.
  init(in trace: Trace) throws {
    for object in try trace.objects() {
      let types = (object["types"] as? String ?? "").filter { "+D<>".contains($0) }
      if types.isEmpty { continue }
      let path = object["path"] as? String ?? "?"
      add(types, to: Directory(path: path, identity: NameComparison.identity(object)))
    }
  }

  /// The directories that `other` lacks with these letters; unresolved ones are not wrong.
  func notIn(_ other: DirectoryLetters) -> [Directory] {
    letters.filter { directory, found in
      directory.identity != nil && !found.isSubset(of: other.letters[directory] ?? [])
    }.map(\.key)
  }
}
