// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The directories that are wanted, as text.
///
/// The kernel side places files by inode, and names that lead nowhere by the files on their way. It
/// cannot follow every symbolic link: records of such names, and only these, are filtered here, by
/// the path that was asked for.
public struct PlaceFilter: Sendable {
  private struct Place {
    /// Where the path is in `text`; no slash at its end, so `/` is empty.
    let start: Int
    let count: Int
    let extent: Extent
    let wanted: Bool
  }

  private enum Extent {
    case wholeTree
    /// With what is directly in it.
    case directory
    case file
  }

  private var text: [UInt8] = []
  private var places: [Place] = []
  /// Wins over `places`.
  private var ignored: [Place] = []
  /// Files are wanted: a directory's change counts where its entry is.
  private(set) var judgesEntries = false

  /// All paths are absolute and resolved, as bytes; without any, everything is admitted.
  /// - Parameters:
  ///   - under: directories wanted with everything below them.
  ///   - except: directories that are not, with everything below them. Of several that hold a path,
  ///     the deepest decides.
  ///   - parents: directories wanted with what is directly in them.
  ///   - files: names of files that are wanted.
  public init(
    under: [[UInt8]] = [], except: [[UInt8]] = [], parents: [[UInt8]] = [], files: [[UInt8]] = []
  ) {
    places += under.map { place($0, .wholeTree) }
    places += except.map { place($0, .wholeTree, wanted: false) }
    places += parents.map { place($0, .directory) }
    places += files.map { place($0, .file) }
    judgesEntries = !files.isEmpty
  }

  var isEverywhere: Bool { places.isEmpty && ignored.isEmpty }

  /// Nothing below this directory, absolute and resolved, whatever else is wanted.
  public mutating func ignore(under path: [UInt8]) {
    ignored.append(place(path, .wholeTree, wanted: false))
  }

  private mutating func place(_ path: [UInt8], _ extent: Extent, wanted: Bool = true) -> Place {
    let slash = UInt8(ascii: "/")
    let end = (path.lastIndex { $0 != slash } ?? -1) + 1
    let place = Place(start: text.count, count: end, extent: extent, wanted: wanted)
    text.append(contentsOf: path[..<end])
    return place
  }

  /// Whether `path`, absolute and normalised, is one of the directories or in one. A path of which
  /// nothing or only the end is known is in none.
  func admits(_ path: UnsafeRawBufferPointer, isTail: Bool) -> Bool {
    if places.isEmpty && ignored.isEmpty { return true }
    if path.isEmpty || isTail { return places.isEmpty }
    // By index: an iterator that is not specialised, as in debug builds, allocates.
    for index in ignored.indices where contains(path, in: ignored[index]) { return false }
    var deepest = -1
    var wanted = places.isEmpty
    for index in places.indices where places[index].count > deepest {
      let place = places[index]
      if contains(path, in: place) {
        deepest = place.count
        wanted = place.wanted
      }
    }
    return wanted
  }

  private func contains(_ path: UnsafeRawBufferPointer, in place: Place) -> Bool {
    text.withUnsafeBytes { text in
      let directory = text[place.start..<(place.start + place.count)]
      return Self.contains(
        path, in: UnsafeRawBufferPointer(rebasing: directory), place.extent)
    }
  }

  private static func contains(
    _ path: UnsafeRawBufferPointer, in directory: UnsafeRawBufferPointer, _ extent: Extent
  ) -> Bool {
    let slash = UInt8(ascii: "/")
    guard path.count >= directory.count else { return false }
    if let start = directory.baseAddress, let other = path.baseAddress {
      guard memcmp(start, other, directory.count) == 0 else { return false }
    }
    if path.count == directory.count { return true }
    guard extent != .file && path[directory.count] == slash else { return false }
    let rest = UnsafeRawBufferPointer(rebasing: path[(directory.count + 1)...])
    return extent == .wholeTree || rest.offset(of: slash) == nil
  }
}
