// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Testing

@testable import FileEvents

@Suite("Rows and the bound of their memory")
struct TallyTests {
  /// The key of a file in a directory of a thousand, as bytes.
  private func key(_ file: Int) -> [UInt8] { Array("/srv/\(file / 1000)/file\(file)".utf8) }

  private func add(
    _ bytes: UInt64, to tally: inout Tally, key: [UInt8], inode: UInt64? = nil
  ) {
    var record = bfa_record()
    if let inode { (record.inode, record.marks) = (inode, BFA_MARK_FILE.rawValue) }
    key.withUnsafeBytes {
      tally.add([0, 0, 0, 0, 1, bytes, 0, 0], key: $0, record: record)
    }
  }

  /// The sums of bytes and of writes, over rows and others.
  private func sums(_ tally: borrowing Tally) -> [UInt64] {
    let total = TableView(tally, limit: 10, hasTotal: true).total
    return [total[5], total[4]]
  }

  private func heaviest(_ count: Int, of tally: borrowing Tally) -> [String: UInt64] {
    let view = TableView(tally, limit: count, hasTotal: false)
    let rows = view.rows.map { row in
      (String(decoding: tally.key(of: row), as: UTF8.self), tally[row].numbers[5])
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  @Test("100,000 files are exact")
  func within() {
    var tally = Tally(.accesses)
    for file in 0..<100_000 {
      add(UInt64(file), to: &tally, key: key(file), inode: UInt64(file))
    }
    add(1, to: &tally, key: key(99_998), inode: 99_998)
    #expect(tally.count == 100_000 && tally.othersCount == 0)
    #expect(sums(tally) == [4_999_950_001, 100_001])
    #expect(
      heaviest(3, of: tally) == [
        "/srv/99/file99999": 99_999, "/srv/99/file99998": 99_999, "/srv/99/file99997": 99_997,
      ])
    let isExact = (0..<tally.count).allSatisfy {
      !tally[$0].isPartial && tally[$0].numbers[6] == 1
    }
    #expect(isExact)
  }

  /// A tenth of 2,000,000 files, with a tenth of the bound.
  @Test("with four times as many files as rows no sum is lost, and the heaviest ten are right")
  func beyond() {
    var limits = Tally.Limits()
    limits.rows /= 10
    limits.keyBytes /= 10
    var tally = Tally(.accesses, limits: limits)
    let files = 200_000
    var sum: UInt64 = 0
    var heavy: [String: UInt64] = [:]
    // Heavy files get their bytes in light pieces, beginning at different times.
    for file in 0..<files {
      let bytes = UInt64(file % 97)
      add(bytes, to: &tally, key: key(file))
      sum += bytes
      guard file % 4 == 0 else { continue }
      let number = file / 4 % 20
      guard number < 10 && file >= number * 15_000 else { continue }
      let name = "/var/log/heavy\(number)"
      add(50, to: &tally, key: Array(name.utf8))
      heavy[name, default: 0] += 50
      sum += 50
    }
    #expect(tally.othersCount > 100_000)
    #expect(sums(tally) == [sum, UInt64(files) + heavy.values.reduce(0, +) / 50])
    #expect(heaviest(10, of: tally) == heavy)
  }

  @Test("a row that comes back is marked, and states what it may lack")
  func partial() {
    var limits = Tally.Limits()
    limits.rows = 8
    var tally = Tally(.accesses, limits: limits)
    for file in 0..<8 { add(UInt64(10 + file), to: &tally, key: key(file)) }
    add(100, to: &tally, key: key(100))
    // The keys with 10 to 13 bytes are among the others.
    #expect(tally.othersCount == 4 && tally.others[5] == 10 + 11 + 12 + 13)
    add(1000, to: &tally, key: key(1))
    add(500, to: &tally, key: key(200))
    let view = TableView(tally, limit: nil, hasTotal: false)
    let rows = view.rows.map { tally[$0] }
    #expect(rows.map { $0.numbers[5] } == [1000, 500, 100, 17, 16, 15, 14])
    #expect(rows.map(\.isPartial) == [true, false, false, false, false, false, false])
    #expect(rows.map(\.missing) == [13, 0, 0, 0, 0, 0, 0])
  }

  @Test("a long key takes the place of several short ones")
  func longKeys() {
    var limits = Tally.Limits()
    limits.keyBytes = 30_000
    var tally = Tally(.accesses, limits: limits)
    for file in 0..<1000 { add(10, to: &tally, key: key(file)) }
    for file in 0..<10 {
      add(100, to: &tally, key: [UInt8](repeating: UInt8(file + 65), count: 8000))
    }
    #expect(sums(tally) == [11_000, 1010] && tally.count >= 2)
  }

  /// The sums of an exact table without a bound.
  private func oracle(_ events: [(file: Int, bytes: UInt64, inode: UInt64)])
    -> [String: (bytes: UInt64, files: Set<UInt64>)]
  {
    events.reduce(into: [:]) { rows, event in
      let name = String(decoding: key(event.file), as: UTF8.self)
      rows[name, default: (0, [])].bytes += event.bytes
      rows[name, default: (0, [])].files.insert(event.inode)
    }
  }

  @Test("never has too much, and too little by no more than it states", arguments: 0..<20)
  func bounds(seed: UInt64) {
    var random = SeededGenerator(state: seed)
    let events = (0..<3000).map { _ in
      let file = Int.random(in: 0..<40, using: &random) * Int.random(in: 0..<5, using: &random)
      return (
        file: file, bytes: UInt64.random(in: 0..<50, using: &random),
        inode: UInt64.random(in: 0..<6, using: &random)
      )
    }
    var limits = Tally.Limits()
    (limits.rows, limits.pairs) = (Int.random(in: 3..<80, using: &random), 200)
    var total = Tally(.accesses, limits: limits)
    var part = Tally(.accesses, limits: limits)
    for (index, event) in events.enumerated() {
      add(event.bytes, to: &part, key: key(event.file), inode: event.inode)
      if index % 700 == 699 {
        total.merge(part)
        part.removeAll()
      }
    }
    total.merge(part)
    let truth = oracle(events)
    #expect(sums(total) == [events.reduce(0) { $0 + $1.bytes }, 3000])
    for row in 0..<total.count {
      let name = String(decoding: total.key(of: row), as: UTF8.self)
      let (bytes, found) = (truth[name]?.bytes ?? 0, total[row])
      #expect(found.numbers[5] <= bytes && bytes <= found.numbers[5] + found.missing, "\(name)")
      if !found.isPartial && !found.hasMoreFiles {
        let files = truth[name]?.files.count ?? 0
        #expect(bytes == found.numbers[5] && found.numbers[6] == UInt64(files), "\(name)")
      }
    }
    let absent = truth.keys.filter { name in
      (0..<total.count).allSatisfy { String(decoding: total.key(of: $0), as: UTF8.self) != name }
    }
    #expect(absent.isEmpty || total.othersCount > 0)
    #expect(absent.allSatisfy { (truth[$0]?.bytes ?? 0) <= total.boundOfAbsent }, "\(absent)")
  }
}
