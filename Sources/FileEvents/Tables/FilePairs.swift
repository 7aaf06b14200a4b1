// SPDX-License-Identifier: Apache-2.0

/// Which rows of a table have touched which files, by device and inode: how many different ones.
///
/// A hash table with open addressing, 16 bytes a place. It grows to `limit` pairs and then takes no
/// more.
struct FilePairs: ~Copyable {
  /// The row that stands for all that have none.
  static let othersRow = UInt32.max - 1

  enum Insertion { case new, known, full }

  struct Pair {
    var inode: UInt64 = 0
    var device: UInt32 = 0
    /// One more than its number; 0: the place is free.
    var place: UInt32 = 0

    var row: UInt32 { place &- 1 }
  }

  private var pairs: UnsafeMutablePointer<Pair>
  private var mask: Int
  private(set) var count = 0
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
    mask = 255
    pairs = Self.allocate(256)
  }

  deinit { pairs.deallocate() }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Pair> {
    let pairs = UnsafeMutablePointer<Pair>.allocate(capacity: capacity)
    pairs.initialize(repeating: Pair(), count: capacity)
    return pairs
  }

  mutating func insert(row: UInt32, device: UInt32, inode: UInt64) -> Insertion {
    let place = row &+ 1
    let other = UInt64(place) << 32 | UInt64(device)
    let folded = (inode ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
      by: other ^ 0xd6e8_feb8_6659_fd93)
    var slot = Int(truncatingIfNeeded: folded.high ^ folded.low) & mask
    while pairs[slot].place != 0 {
      if pairs[slot].place == place && pairs[slot].inode == inode && pairs[slot].device == device {
        return .known
      }
      slot = (slot &+ 1) & mask
    }
    if count >= limit { return .full }
    pairs[slot] = Pair(inode: inode, device: device, place: place)
    count &+= 1
    if count &* 4 > mask &* 3 { resize(to: 2 * (mask + 1)) { $0 } }
    return .new
  }

  /// Gives each pair the row that the body has for its own.
  mutating func renumber(_ newRow: (UInt32) -> UInt32) { resize(to: mask + 1, newRow) }

  private mutating func resize(to capacity: Int, _ newRow: (UInt32) -> UInt32) {
    let old = pairs
    let oldCapacity = mask + 1
    pairs = Self.allocate(capacity)
    (mask, count) = (capacity - 1, 0)
    for slot in 0..<oldCapacity where old[slot].place != 0 {
      _ = insert(row: newRow(old[slot].row), device: old[slot].device, inode: old[slot].inode)
    }
    old.deallocate()
  }

  mutating func removeAll() {
    pairs.update(repeating: Pair(), count: mask + 1)
    count = 0
  }

  func visit(_ body: (Pair) -> Void) {
    for slot in 0...mask where pairs[slot].place != 0 { body(pairs[slot]) }
  }

  /// How many different files these rows have touched together.
  func files(ofRows isWanted: (UInt32) -> Bool) -> UInt64 {
    var together = FilePairs(limit: .max)
    visit { pair in
      if isWanted(pair.row) {
        _ = together.insert(row: 0, device: pair.device, inode: pair.inode)
      }
    }
    return UInt64(together.count)
  }
}

// The memory has one owner and is reached through it only, so it may move to another thread.
extension FilePairs: @unchecked Sendable {}
