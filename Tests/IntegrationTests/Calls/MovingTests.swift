// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Files whose path changes while they are used: Tests/filemoves changes and uses them.
@Suite("A path that changes", .needsRoot)
struct MovingTests {
  enum Way: String, CaseIterable, CustomTestStringConvertible {
    case slowRename = "slow-rename"
    case ringRename = "ring-rename"
    case unmount
    case namespaceEnd = "namespace-end"

    var testDescription: String { rawValue }
    /// Whether the call is still running, with certainty, when the path has changed.
    var isSlow: Bool { self == .slowRename || self == .ringRename }
  }

  @Test(
    "is the new one as soon as the kernel has changed it, during a slow call or without any",
    arguments: Way.allCases, [[], ["--syscalls"]])
  func changes(way: Way, options: [String]) throws {
    try Scratch.ownFileSystem { directory in
      let trace = Scratch.newName()
      defer { try? FileManager.default.removeItem(atPath: trace) }
      let ended = try run(
        Built.bfatrace,
        ["--json", "--all", "-f", "W", "-o", trace] + options
          + ["--", Built.filemoves, way.rawValue, directory])
      if ended.status == 77 { try skip("\(way): \(ended.errors)") }
      try #require(ended.status == 0, "\(ended.errors)")
      let truth = MovingTruth(ended.text)
      expectNone(truth.differences(from: try Line.all(inFile: trace), in: directory))
      #expect(!way.isSlow || truth.duringCall > 100, "the call was too fast: \(ended.text)")
    }
  }

  /// A FUSE server, which is not traced, makes the call on behalf of another process.
  private static let served = """
    mkdir "$1/served" "$1/seen" && bindfs "$1/served" "$1/seen" || exit 77
    FILEMOVES_SERVER="$1/seen" "$0" --json --all -f W -o "$2" $4 -- "$3" $5 "$1/$6"
    status=$?; umount --lazy "$1/seen"; exit $status
    """

  @Test(
    "is the new one as soon as a FUSE server has renamed the file, in its source and on its mount",
    arguments: ["server-rename served", "slow-rename seen"], ["", "--syscalls"])
  func server(how: String, options: String) throws {
    let words = how.split(separator: " ").map(String.init)
    try Scratch.ownFileSystem { directory in
      let trace = Scratch.newName()
      defer { try? FileManager.default.removeItem(atPath: trace) }
      let ended = try run(
        "/bin/sh",
        ["-c", Self.served, Built.bfatrace, directory, trace, Built.filemoves, options] + words)
      if ended.status == 77 { try skip("no FUSE here: \(ended.errors)") }
      try #require(ended.status == 0, "\(ended.errors)")
      let truth = MovingTruth(ended.text)
      expectNone(
        truth.differences(from: try Line.all(inFile: trace), in: "\(directory)/\(words[1])"))
      // On the FUSE mount, the name changes when the server has answered.
      #expect(truth.duringCall > 100 || words[1] == "seen", "the call was too fast: \(ended.text)")
    }
  }

  /// BFATRACE_STORM_SECONDS sets the length; `make storm` sets it.
  @Test(
    "in a storm of renames and mounts, is always one that the file has had",
    arguments: [[], ["--syscalls"]])
  func storm(options: [String]) throws {
    let asked = ProcessInfo.processInfo.environment["BFATRACE_STORM_SECONDS"]
    try Scratch.directory(on: .memory) { directory in
      let command = """
        "\(Built.bfatrace)" --all -f RWCO --ring-size 64 \(options.joined(separator: " ")) -- \
        "\(Built.filemoves)" storm \(directory) \(asked ?? "7") | \
        "\(Built.filemoves)" check \(directory)
        """
      let ended = try shell(command)
      if asked != nil { print("\(options) \(ended.text)") }
      let counts = ended.text.split { !$0.isNumber }.compactMap { Int($0) }
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
      #expect(ended.text.contains(" 0 without a path"), "\(ended.text)\(ended.errors)")
      #expect(counts.first ?? 0 > 1000, "\(ended.text)\(ended.errors)")
    }
  }
}

/// The output of filemoves: how often it wrote to its file, by the path that was true before and
/// after the write.
struct MovingTruth {
  private var sure: [ByteString: Int] = [:]
  /// Writes during which the path changed.
  private var unsure = 0
  /// Writes under a new path before the call that changed it returned.
  private(set) var duringCall = 0
  private let text: String

  init(_ text: String) {
    self.text = text
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      if words.count == 3 {
        sure[ByteString(words[2]), default: 0] += Int(words[0]) ?? 0
        duringCall += Int(words[1]) ?? 0
      } else {
        unsure += Int(words[0]) ?? 0
      }
    }
  }

  /// What is wrong with the lines of a trace, which are merged or one for each call.
  func differences(from trace: [Line], in directory: String) -> [String] {
    var shown: [ByteString?: Int] = [:]
    for line in trace {
      // A file that takes long to free is written, too, at a path outside the directory.
      let path = line.path?.description ?? directory
      let isMoved = sure[line.path ?? ByteString("")] != nil
      if !isMoved && (!path.contains(directory) || path.contains("/scattered")) { continue }
      // The process that passed the file on closes its own descriptor: the line has W, but is no
      // write.
      if line.syscall == "close" { continue }
      shown[line.path, default: 0] += line.syscall != nil ? 1 : Int(line.sums.writes)
    }
    return Set(sure.keys.map { Optional($0) }).union(shown.keys).compactMap { path in
      let (made, traced) = (path.flatMap { sure[$0] } ?? 0, shown[path] ?? 0)
      if path != nil && made...made + unsure ~= traced { return nil }
      return "\(traced) writes to \(path?.description ?? "no path"): \(text)"
    }
  }
}
