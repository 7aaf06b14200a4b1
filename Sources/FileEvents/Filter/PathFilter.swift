// SPDX-License-Identifier: Apache-2.0

/// The patterns of paths that are wanted, and of those that are not.
public struct PathFilter: Sendable {
  private struct Pattern {
    /// Where its codes are in `codes`.
    let start: Int
    let count: Int
    /// Of these, so many are literal at the beginning and at the end.
    let first: Int
    let last: Int
    /// Where its sets are in `sets`, four words each.
    let firstSet: Int
    let isForName: Bool
    let isWanted: Bool
  }

  private var patterns: [Pattern] = []
  private var codes: [PathPattern.Code] = []
  private var sets: [UInt64] = []
  private var anyIsWanted = true

  public init() {}

  public var isEmpty: Bool { patterns.isEmpty }

  /// One more pattern, as bytes; of paths that are wanted, or that are not, which wins.
  public mutating func add(_ text: [UInt8], isWanted: Bool) throws(PatternError) {
    let pattern = try PathPattern(text)
    let ends = pattern.literalEnds
    patterns.append(
      Pattern(
        start: codes.count, count: pattern.codes.count, first: ends.first, last: ends.last,
        firstSet: sets.count, isForName: pattern.isForName, isWanted: isWanted))
    codes += pattern.codes
    for set in pattern.sets {
      sets += [set.words.0, set.words.1, set.words.2, set.words.3]
    }
    if isWanted { anyIsWanted = false }
  }

  /// Directories below which all wanted paths are, each with a slash at its end; none if a pattern
  /// says nothing of the directory, or all are wanted.
  public var directories: [[UInt8]] {
    var found: [[UInt8]] = []
    for pattern in patterns where pattern.isWanted {
      let fixed = codes[pattern.start..<(pattern.start + pattern.first)].map { UInt8($0) }
      guard !pattern.isForName, fixed.first == UInt8(ascii: "/"),
        let last = fixed.lastIndex(of: UInt8(ascii: "/")), last > 0
      else { return [] }
      found.append(Array(fixed[...last]))
    }
    return found
  }

  /// Whether a path is wanted; one that is not known, empty, matches nothing.
  /// - Parameter isTail: only its end is known: only a pattern that says nothing of the beginning
  ///   matches.
  func admits(_ path: UnsafeRawBufferPointer, isTail: Bool) -> Bool {
    if patterns.isEmpty { return true }
    if path.isEmpty { return anyIsWanted }
    let name = Self.lastComponent(path)
    var isAdmitted = anyIsWanted
    return codes.withUnsafeBufferPointer { codes in
      sets.withUnsafeBufferPointer { sets in
        // By index: an iterator that is not specialised, as in debug builds, allocates.
        for index in patterns.indices {
          let pattern = patterns[index]
          if pattern.isWanted && isAdmitted { continue }
          if isTail && !pattern.isForName && pattern.first > 0 { continue }
          let text = pattern.isForName ? name : path
          guard Self.matches(pattern, codes, sets, text) else { continue }
          if !pattern.isWanted { return false }
          isAdmitted = true
        }
        return isAdmitted
      }
    }
  }

  private static func lastComponent(_ path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = path.count
    while start > 0 && path[start - 1] != UInt8(ascii: "/") { start -= 1 }
    return UnsafeRawBufferPointer(rebasing: path[start...])
  }

  /// Compares what is literal first: most paths differ there.
  private static func matches(
    _ pattern: Pattern, _ codes: UnsafeBufferPointer<PathPattern.Code>,
    _ sets: UnsafeBufferPointer<UInt64>, _ text: UnsafeRawBufferPointer
  ) -> Bool {
    let end = pattern.start + pattern.count
    if pattern.first == pattern.count {
      return text.count == pattern.count && isEqual(codes, pattern.start, pattern.count, text, 0)
    }
    guard text.count >= pattern.last,
      isEqual(codes, end - pattern.last, pattern.last, text, text.count - pattern.last),
      text.count >= pattern.first, isEqual(codes, pattern.start, pattern.first, text, 0)
    else { return false }
    var match = Match(
      code: pattern.start + pattern.first, end: end, position: pattern.first,
      firstSet: pattern.firstSet)
    return match.run(codes, sets, text)
  }

  private static func isEqual(
    _ codes: UnsafeBufferPointer<PathPattern.Code>, _ start: Int, _ count: Int,
    _ text: UnsafeRawBufferPointer, _ position: Int
  ) -> Bool {
    var index = 0
    while index < count {
      if codes[start + index] != PathPattern.Code(text[position + index]) { return false }
      index += 1
    }
    return true
  }
}

/// A comparison under way. Of the stars passed, only the last one in the component and the last one
/// across components are tried again: whatever an earlier one could take, a later one can take too.
/// So the time is bounded by the length of the path times that of the pattern.
private struct Match {
  var code: Int
  let end: Int
  var position: Int
  let firstSet: Int
  /// The code after the last `*`, and the text that it matches so far; -1 if there is none.
  private var starCode = -1
  private var starEnd = 0
  private var acrossCode = -1
  private var acrossEnd = 0
  private var takesDirectories = false

  init(code: Int, end: Int, position: Int, firstSet: Int) {
    (self.code, self.end, self.position, self.firstSet) = (code, end, position, firstSet)
  }

  mutating func run(
    _ codes: UnsafeBufferPointer<PathPattern.Code>, _ sets: UnsafeBufferPointer<UInt64>,
    _ text: UnsafeRawBufferPointer
  ) -> Bool {
    while true {
      if code == end {
        if position == text.count { return true }
      } else if advance(codes[code], sets, text) {
        continue
      }
      if !goBack(codes, text) { return false }
    }
  }

  /// One code further; false if it does not match.
  private mutating func advance(
    _ element: PathPattern.Code, _ sets: UnsafeBufferPointer<UInt64>,
    _ text: UnsafeRawBufferPointer
  ) -> Bool {
    switch element {
    case PathPattern.inComponent:
      (starCode, starEnd) = (code + 1, position)
    case PathPattern.across, PathPattern.directories:
      (acrossCode, acrossEnd) = (code + 1, position)
      takesDirectories = element == PathPattern.directories
      starCode = -1
      if element == PathPattern.across && code + 1 == end { position = text.count }
    default:
      guard position < text.count, matches(element, sets, text[position]) else { return false }
      position += 1
    }
    code += 1
    return true
  }

  private func matches(
    _ element: PathPattern.Code, _ sets: UnsafeBufferPointer<UInt64>, _ byte: UInt8
  ) -> Bool {
    if element < 256 { return element == PathPattern.Code(byte) }
    if element == PathPattern.anyByte { return byte != UInt8(ascii: "/") }
    let set = firstSet + 4 * Int(element - PathPattern.firstSet)
    return sets[set + Int(byte / 64)] & (1 << UInt64(byte % 64)) != 0
  }

  /// Lets a star take more; false if none can.
  private mutating func goBack(
    _ codes: UnsafeBufferPointer<PathPattern.Code>, _ text: UnsafeRawBufferPointer
  ) -> Bool {
    let slash = UInt8(ascii: "/")
    if starCode >= 0 && starEnd < text.count && text[starEnd] != slash {
      starEnd += 1
      (code, position) = (starCode, starEnd)
      return true
    }
    guard acrossCode >= 0 else { return false }
    // A star that has come to the end of its component would come there from any later byte too.
    var skips = takesDirectories || starCode >= 0
    let wanted = acrossCode < end ? codes[acrossCode] : PathPattern.anyByte
    repeat {
      if acrossEnd >= text.count { return false }
      acrossEnd += 1
      if !skips { continue }
      // To a slash, or past one for whole components.
      let ahead = takesDirectories ? 1 : 0
      while acrossEnd < text.count && text[acrossEnd - ahead] != slash { acrossEnd += 1 }
      if takesDirectories && text[acrossEnd - 1] != slash { return false }
      skips = takesDirectories
    } while wanted < 256 && acrossEnd < text.count && PathPattern.Code(text[acrossEnd]) != wanted
    starCode = -1
    (code, position) = (acrossCode, acrossEnd)
    return true
  }
}
