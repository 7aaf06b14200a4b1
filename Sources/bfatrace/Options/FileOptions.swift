// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Glibc

struct FileOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Only files directly in this directory.", valueName: "dir"))
  var dir: [String] = []

  @Option(help: ArgumentHelp("Only files anywhere below this directory.", valueName: "dir"))
  var under: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only the file of this name, whichever inode has it; it need not exist yet.",
      valueName: "file"))
  var file: [String] = []

  @Option(help: ArgumentHelp("Nothing below this directory.", valueName: "dir"))
  var ignoreUnder: [String] = []

  @Option(
    help: ArgumentHelp("Only paths that match; * stops at /, ** does not.", valueName: "glob"))
  var path: [String] = []

  @Option(help: ArgumentHelp("Only paths that do not match.", valueName: "glob"))
  var exclude: [String] = []

  @Flag(help: "Only the file system of the current directory.")
  var currentMount = false

  @Flag(help: "Also virtual file systems and device nodes.")
  var all = false

  func validate() throws {
    let places = [!dir.isEmpty, !under.isEmpty, !file.isEmpty, currentMount].filter { $0 }
    if places.count > 1 {
      throw ValidationError(
        "--dir, --under, --file and --current-mount exclude each other: choose one")
    }
  }
}

extension FileOptions {
  /// The patterns of --path and --exclude.
  func pathFilter() throws(Failure) -> PathFilter {
    var filter = PathFilter()
    for pattern in path { try Self.add(pattern, to: &filter, isWanted: true, of: "--path") }
    for pattern in exclude { try Self.add(pattern, to: &filter, isWanted: false, of: "--exclude") }
    return filter
  }

  private static func add(
    _ pattern: String, to filter: inout PathFilter, isWanted: Bool, of option: String
  ) throws(Failure) {
    do {
      try filter.add(try absolute(pattern), isWanted: isWanted)
    } catch let error as PatternError {
      let reason =
        switch error {
        case .isEmpty: "an empty pattern matches nothing: use '*' for everything"
        case .endsInBackslash: "the backslash at the end has nothing to quote: write \\\\"
        }
      throw Failure(message: "\(option) '\(pattern)': \(reason)")
    } catch {
      throw Failure(
        message: "\(option) '\(pattern)': the working directory has no path: give an absolute one")
    }
  }

  private struct NoDirectory: Error {}

  /// A pattern with a slash that does not begin with one starts at the working directory.
  private static func absolute(_ pattern: String) throws -> [UInt8] {
    let bytes = Array(pattern.utf8)
    let slash = UInt8(ascii: "/")
    guard bytes.contains(slash), bytes.first != slash, !bytes.starts(with: "**".utf8) else {
      return bytes
    }
    guard let directory = getcwd(nil, 0) else { throw NoDirectory() }
    defer { free(directory) }
    let above = UnsafeRawBufferPointer(start: directory, count: strlen(directory))
    // What is special in a pattern is not meant in the directory's name.
    let quoted = above.flatMap { "*?[\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    let rest = bytes.starts(with: "./".utf8) ? bytes.dropFirst(2) : bytes[...]
    return (quoted == [slash] ? [] : quoted) + [slash] + rest
  }
}
