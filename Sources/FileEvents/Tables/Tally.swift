// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Rows of numbers by keys of bytes: the engine of all tables.
///
/// Memory is bounded by `Limits`. Up to there all rows are exact. Beyond, the lighter half of the
/// rows is added up in `others`. A row that may have lost numbers so, because its key is found
/// again, is marked `isPartial`, and `missing` bounds what it lacks of its weight: no key that is
/// heavier than that is lost. Sums over all rows and the others stay exact.
struct Tally: ~Copyable {
  struct Limits: Sendable {
    /// 128 bytes each.
    var rows = 1 << 19
    /// Bytes of their keys.
    var keyBytes = 40 << 20
    /// Pairs of row and file, 16 bytes each, at most three quarters of the places in use.
    var pairs = 3 << 18
  }

  struct Row {
    fileprivate let hash: UInt64
    fileprivate var keyOffset: UInt32
    fileprivate let keyLength: UInt16
    /// Numbers of this key may be among the others: these are the least that they can be.
    fileprivate(set) var isPartial = false
    /// It has touched more files than are counted.
    fileprivate(set) var hasMoreFiles = false
    /// At most so much of its weight is among the others.
    fileprivate(set) var missing: UInt64 = 0
    /// The name its process had last, and when.
    fileprivate(set) var time: UInt64 = 0
    fileprivate(set) var comm: UInt128 = 0
    fileprivate(set) var numbers = TableNumbers()

    /// Up to its first NUL.
    var commBytes: [UInt8] { withUnsafeBytes(of: comm) { Array($0.prefix { $0 != 0 }) } }
  }

  /// Keys are hashed differently in each run: nobody can choose names that collide.
  private static let seed = UInt64.random(in: 0...(.max))

  let subject: Subject
  private let sort: TableColumn
  private let limits: Limits
  private var rows: UnsafeMutablePointer<Row>
  private var capacity = 256
  private(set) var count = 0
  private var keys: UnsafeMutableRawPointer
  private var keyCapacity = 16 << 10
  private var keyCount = 0
  /// One more than the number of a row, by its hash; 0: free.
  private var places: UnsafeMutablePointer<UInt32>
  private var mask = 1023
  private var files: FilePairs
  private var evicted = EvictedKeys()

  /// What rows beyond the limits have added up to.
  private(set) var others = TableNumbers()
  /// How many rows they were, those that came back counted again.
  private(set) var othersCount: UInt64 = 0
  private(set) var othersHaveMoreFiles = false
  /// No key without a row has more of the weight.
  private(set) var boundOfAbsent: UInt64 = 0

  /// - Parameter sort: what a row's weight is.
  init(_ subject: Subject, sort: TableColumn = .bytes, limits: Limits = Limits()) {
    self.subject = subject
    self.sort = sort
    self.limits = limits
    rows = .allocate(capacity: capacity)
    keys = .allocate(byteCount: keyCapacity, alignment: 1)
    places = .allocate(capacity: mask + 1)
    places.initialize(repeating: 0, count: mask + 1)
    files = FilePairs(limit: limits.pairs)
  }

  deinit {
    rows.deallocate()
    keys.deallocate()
    places.deallocate()
  }

  subscript(row: Int) -> Row { rows[row] }

  /// Borrowed until the tally changes.
  func key(of row: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: keys + Int(rows[row].keyOffset), count: Int(rows[row].keyLength))
  }

  /// Calls the body with an order of the rows by the bytes of their keys.
  func withKeys<Result>(_ body: ((Int, Int) -> Bool) -> Result) -> Result {
    let (rows, keys) = (rows, keys)
    return body { one, other in
      let lengths = (Int(rows[one].keyLength), Int(rows[other].keyLength))
      let order = memcmp(
        keys + Int(rows[one].keyOffset), keys + Int(rows[other].keyOffset),
        min(lengths.0, lengths.1))
      return order == 0 ? lengths.0 < lengths.1 : order < 0
    }
  }

  /// What it is ordered by, and kept for.
  func weight(_ numbers: TableNumbers) -> UInt64 { sort.value(numbers, subject) ?? 0 }

  /// Adds numbers to the row of a key, which is made if it does not exist.
  mutating func add(_ numbers: TableNumbers, key: UnsafeRawBufferPointer, record: bfa_record) {
    let row = row(of: key)
    subject.add(numbers, to: &rows[row].numbers)
    if record.time_ns > rows[row].time || rows[row].time == 0 {
      rows[row].time = record.time_ns
      rows[row].comm = unsafeBitCast(record.comm, to: UInt128.self)
    }
    guard subject.countsFiles && record.marks & BFA_MARK_FILE.rawValue != 0 else { return }
    addFile(device: record.device, inode: record.inode, to: row)
  }

  private mutating func addFile(device: UInt32, inode: UInt64, to row: Int) {
    switch files.insert(row: UInt32(row), device: device, inode: inode) {
    case .new: rows[row].numbers[Subject.filesSlot] &+= 1
    case .known: return
    case .full: rows[row].hasMoreFiles = true
    }
  }

  /// How many different files the rows have touched together, with those of the others if wanted.
  func files(ofRows isWanted: (Int) -> Bool, andOthers: Bool) -> UInt64 {
    files.files { $0 == FilePairs.othersRow ? andOthers : isWanted(Int($0)) }
  }

  // MARK: Rows by their keys

  /// The row of a key, if there is one.
  private func find(_ key: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while places[slot] != 0 {
      let row = Int(places[slot] &- 1)
      if rows[row].hash == hash && rows[row].keyLength == UInt16(key.count) {
        let start = UnsafeRawPointer(keys + Int(rows[row].keyOffset))
        if key.count == 0 || memcmp(start, key.baseAddress ?? start, key.count) == 0 { return row }
      }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  private mutating func row(of key: UnsafeRawBufferPointer) -> Int {
    let hash = Self.hash(key)
    if let row = find(key, hash: hash) { return row }
    makeRoom(key.count)
    let row = count
    var made = Row(hash: hash, keyOffset: UInt32(keyCount), keyLength: UInt16(key.count))
    if othersCount > 0 && evicted.contains(hash) {
      made.isPartial = true
      made.missing = boundOfAbsent
    }
    (rows + row).initialize(to: made)
    if let source = key.baseAddress {
      (keys + keyCount).copyMemory(from: source, byteCount: key.count)
    }
    keyCount &+= key.count
    count &+= 1
    place(row)
    return row
  }

  private func place(_ row: Int) {
    var slot = Int(truncatingIfNeeded: rows[row].hash) & mask
    while places[slot] != 0 { slot = (slot &+ 1) & mask }
    places[slot] = UInt32(row) &+ 1
  }

  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = seed ^ UInt64(bytes.count)
    var offset = 0
    while offset &+ 8 <= bytes.count {
      hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    var last: UInt64 = 0
    while offset < bytes.count {
      last = last << 8 | UInt64(bytes[offset])
      offset &+= 1
    }
    return mix(hash ^ last)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
  }

  // MARK: Memory

  private mutating func makeRoom(_ keyLength: Int) {
    while count == limits.rows || (keyCount + keyLength > limits.keyBytes && count > 0) { evict() }
    if count == capacity { growRows() }
    if keyCount + keyLength > keyCapacity { growKeys(keyCount + keyLength) }
    if count &* 2 > mask {
      resizePlaces(2 * (mask + 1))
      for row in 0..<count { place(row) }
    }
  }

  private mutating func growRows() {
    let larger = UnsafeMutablePointer<Row>.allocate(capacity: 2 * capacity)
    larger.moveInitialize(from: rows, count: count)
    rows.deallocate()
    rows = larger
    capacity *= 2
  }

  private mutating func growKeys(_ needed: Int) {
    keyCapacity = max(2 * keyCapacity, needed)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: keyCapacity, alignment: 1)
    larger.copyMemory(from: keys, byteCount: keyCount)
    keys.deallocate()
    keys = larger
  }

  private mutating func resizePlaces(_ size: Int) {
    places.deallocate()
    places = .allocate(capacity: size)
    places.initialize(repeating: 0, count: size)
    mask = size - 1
  }

  /// Forgets everything; keeps the memory.
  mutating func removeAll() {
    (count, keyCount, others, othersCount, boundOfAbsent) = (0, 0, TableNumbers(), 0, 0)
    othersHaveMoreFiles = false
    places.update(repeating: 0, count: mask + 1)
    files.removeAll()
    evicted.removeAll()
  }

  // MARK: Beyond the limits

  /// Adds the lighter half of the rows up in the others: of equal ones, the older.
  private mutating func evict() {
    var lighter = lighterHalf()
    let new = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
    defer { new.deallocate() }
    var (kept, keptBytes) = (0, 0)
    for row in 0..<count {
      if lighter.takes(weight(rows[row].numbers) &+ rows[row].missing) {
        addToOthers(rows[row])
        new[row] = FilePairs.othersRow
        continue
      }
      var moved = rows[row]
      let length = Int(moved.keyLength)
      memmove(keys + keptBytes, keys + Int(moved.keyOffset), length)
      moved.keyOffset = UInt32(keptBytes)
      rows[kept] = moved
      new[row] = UInt32(kept)
      kept += 1
      keptBytes += length
    }
    (count, keyCount) = (kept, keptBytes)
    files.renumber { $0 == FilePairs.othersRow ? $0 : new[Int($0)] }
    resizePlaces(mask + 1)
    for row in 0..<count { place(row) }
  }

  private func lighterHalf() -> LighterHalf {
    var weights = LighterHalf()
    for row in 0..<count { weights.count(weight(rows[row].numbers) &+ rows[row].missing) }
    weights.take((count + 1) / 2)
    return weights
  }

  private mutating func addToOthers(_ row: Row) {
    subject.add(row.numbers, to: &others)
    othersCount += 1
    if row.hasMoreFiles { othersHaveMoreFiles = true }
    evicted.insert(row.hash)
    boundOfAbsent = max(boundOfAbsent, weight(row.numbers) &+ row.missing)
  }

  // MARK: Several tallies

  /// What becomes of a key in another tally.
  enum Rewritten {
    case same
    case key([UInt8])
    case dropped
  }

  /// Adds all rows of another one, by keys that may be others there.
  mutating func merge(
    _ other: borrowing Tally,
    rewrite: (UnsafeRawBufferPointer) -> Rewritten = { _ in .same }
  ) {
    if other.othersCount > 0 { inheritOthers(of: other) }
    for row in 0..<other.count {
      let key = other.key(of: row)
      switch rewrite(key) {
      case .same: merge(other[row], key: key)
      case .key(let new): new.withUnsafeBytes { merge(other[row], key: $0) }
      case .dropped: break
      }
    }
    mergeFiles(of: other)
  }

  private mutating func merge(_ other: Row, key: UnsafeRawBufferPointer) {
    let row = row(of: key)
    var numbers = other.numbers
    if subject.countsFiles { numbers[Subject.filesSlot] = 0 }
    subject.add(numbers, to: &rows[row].numbers)
    if other.time >= rows[row].time { (rows[row].time, rows[row].comm) = (other.time, other.comm) }
    rows[row].missing &+= other.missing
    if other.isPartial { rows[row].isPartial = true }
    if other.hasMoreFiles { rows[row].hasMoreFiles = true }
  }

  /// Numbers of rows that are here may be among the others there.
  private mutating func inheritOthers(of other: borrowing Tally) {
    var numbers = other.others
    if subject.countsFiles { numbers[Subject.filesSlot] = 0 }
    subject.add(numbers, to: &others)
    othersCount += other.othersCount
    if other.othersHaveMoreFiles { othersHaveMoreFiles = true }
    for row in 0..<count where other.evicted.contains(rows[row].hash) {
      rows[row].isPartial = true
      rows[row].missing &+= other.boundOfAbsent
    }
    evicted.formUnion(other.evicted)
    boundOfAbsent &+= other.boundOfAbsent
  }

  /// Adds the files of another tally, whose keys are those of this one where files are counted.
  private mutating func mergeFiles(of other: borrowing Tally) {
    guard subject.countsFiles else { return }
    let new = (0..<other.count).map { find(other.key(of: $0), hash: other.rows[$0].hash) }
    var found: [(row: Int?, device: UInt32, inode: UInt64)] = []
    other.files.visit { pair in
      let row = pair.row == FilePairs.othersRow ? nil : new[Int(pair.row)]
      found.append((row, pair.device, pair.inode))
    }
    for (row, device, inode) in found {
      if let row {
        addFile(device: device, inode: inode, to: row)
      } else if files.insert(row: FilePairs.othersRow, device: device, inode: inode) == .full {
        othersHaveMoreFiles = true
      }
    }
  }
}

// The memory has one owner and is reached through it only, so it may move to another thread.
extension Tally: @unchecked Sendable {}

/// Tells the lighter half of many weights from the heavier one, in one pass over them: by their
/// first five bits.
private struct LighterHalf {
  private var counts = [Int](repeating: 0, count: 65 * 16)
  /// Those below are taken, and so many of this class.
  private var boundary = 0
  private var left = 0

  private static func index(_ weight: UInt64) -> Int {
    if weight < 16 { return Int(weight) }
    let shift = 59 - weight.leadingZeroBitCount
    return (shift + 1) * 16 + Int(weight >> UInt64(shift)) - 16
  }

  mutating func count(_ weight: UInt64) { counts[Self.index(weight)] += 1 }

  /// Decides which are the boundOfAbsent `wanted` of them.
  mutating func take(_ wanted: Int) {
    left = wanted
    while counts[boundary] < left {
      left -= counts[boundary]
      boundary += 1
    }
  }

  /// Whether the next of them, in the order in which they were counted, is one.
  mutating func takes(_ weight: UInt64) -> Bool {
    let index = Self.index(weight)
    if index != boundary { return index < boundary }
    if left == 0 { return false }
    left -= 1
    return true
  }
}

/// The keys of rows that were added up as others, by their hashes: a Bloom filter. It says of a key
/// in a few hundred that it was one of them though it was not, after four million.
private struct EvictedKeys {
  private static let bits: UInt64 = 1 << 26
  private var words: [UInt64] = []

  mutating func insert(_ hash: UInt64) {
    if words.isEmpty { words = [UInt64](repeating: 0, count: Int(Self.bits / 64)) }
    for bit in Self.places(hash) { words[Int(bit / 64)] |= 1 << (bit % 64) }
  }

  func contains(_ hash: UInt64) -> Bool {
    if words.isEmpty { return false }
    let (one, other, third) = Self.parts(hash)
    return has(one) && has(other) && has(third)
  }

  private func has(_ bit: UInt64) -> Bool { words[Int(bit / 64)] & 1 << (bit % 64) != 0 }

  private static func parts(_ hash: UInt64) -> (UInt64, UInt64, UInt64) {
    (hash % bits, (hash >> 20) % bits, (hash >> 39) % bits)
  }

  private static func places(_ hash: UInt64) -> [UInt64] {
    let (one, other, third) = parts(hash)
    return [one, other, third]
  }

  mutating func formUnion(_ other: EvictedKeys) {
    if words.isEmpty {
      words = other.words
    } else {
      for index in other.words.indices { words[index] |= other.words[index] }
    }
  }

  mutating func removeAll() { words = [] }
}
