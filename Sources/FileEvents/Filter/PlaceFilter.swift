// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The directories that failed opens are wanted from.
///
/// A file that was not opened has no inode by which the kernel side could place it, so these
/// records, and only these, are filtered here: by the text of the path that was asked for.
public struct PlaceFilter: Sendable {
  private struct Place {
    /// Where the path is in `text`; no slash at its end, so `/` is empty.
    let start: Int
    let count: Int
    let wholeTree: Bool
    let wanted: Bool
  }

  private var text: [UInt8] = []
  private var places: [Place] = []

  /// All paths are absolute and resolved, as bytes; without any, everything is admitted.
  /// - Parameters:
  ///   - under: directories wanted with everything below them.
  ///   - except: directories that are not, with everything below them. Of several that hold a path,
  ///     the deepest decides.
  ///   - parents: directories wanted with what is directly in them.
  public init(under: [[UInt8]] = [], except: [[UInt8]] = [], parents: [[UInt8]] = []) {
    for path in under { add(path, wholeTree: true) }
    for path in except { add(path, wholeTree: true, wanted: false) }
    for path in parents { add(path, wholeTree: false) }
  }

  var isEverywhere: Bool { places.isEmpty }

  private mutating func add(_ path: [UInt8], wholeTree: Bool, wanted: Bool = true) {
    let slash = UInt8(ascii: "/")
    let end = (path.lastIndex { $0 != slash } ?? -1) + 1
    places.append(Place(start: text.count, count: end, wholeTree: wholeTree, wanted: wanted))
    text.append(contentsOf: path[..<end])
  }

  /// Whether `path`, absolute and normalised, is one of the directories or in one. A path of which
  /// nothing or only the end is known is in none.
  func admits(_ path: UnsafeRawBufferPointer, isTail: Bool) -> Bool {
    if places.isEmpty { return true }
    if path.isEmpty || isTail { return false }
    return text.withUnsafeBytes { text in
      var deepest = -1
      var wanted = false
      // By index: an iterator that is not specialised, as in debug builds, allocates.
      for index in places.indices where places[index].count > deepest {
        let place = places[index]
        let end = place.start + place.count
        let directory = UnsafeRawBufferPointer(rebasing: text[place.start..<end])
        if Self.contains(path, in: directory, wholeTree: place.wholeTree) {
          deepest = place.count
          wanted = place.wanted
        }
      }
      return wanted
    }
  }

  private static func contains(
    _ path: UnsafeRawBufferPointer, in directory: UnsafeRawBufferPointer, wholeTree: Bool
  ) -> Bool {
    let slash = UInt8(ascii: "/")
    guard path.count >= directory.count else { return false }
    if let start = directory.baseAddress, let other = path.baseAddress {
      guard memcmp(start, other, directory.count) == 0 else { return false }
    }
    if path.count == directory.count { return true }
    guard path[directory.count] == slash else { return false }
    let rest = UnsafeRawBufferPointer(rebasing: path[(directory.count + 1)...])
    return wholeTree || rest.offset(of: slash) == nil
  }
}
