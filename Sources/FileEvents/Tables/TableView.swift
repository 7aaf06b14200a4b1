// SPDX-License-Identifier: Apache-2.0

/// The rows of a tally in the order in which they are shown, and the sums of those that are not.
struct TableView {
  /// Numbers of rows.
  private(set) var rows: [Int]
  /// What is not among them, added up; nil: all are.
  private(set) var others: TableNumbers?
  private(set) var othersCount: UInt64 = 0
  private(set) var othersHaveMoreFiles = false
  /// All that was added up, if it is wanted.
  private(set) var total = TableNumbers()

  /// - Parameters:
  ///   - limit: at most so many rows.
  ///   - sort: what the largest of come first; nil: what the tally keeps rows for.
  init(_ tally: borrowing Tally, limit: Int?, hasTotal: Bool, sort: TableColumn? = nil) {
    rows = Self.sorted(tally, sort)
    if hasTotal { addUp(tally) }
    let hidden = rows.dropFirst(limit ?? rows.count)
    rows.removeLast(hidden.count)
    if !hidden.isEmpty || tally.othersCount > 0 { addOthers(hidden, tally) }
  }

  private mutating func addUp(_ tally: borrowing Tally) {
    for row in rows { tally.subject.add(tally[row].numbers, to: &total) }
    tally.subject.add(tally.others, to: &total)
    if tally.subject.countsFiles {
      total[Subject.filesSlot] = tally.files(ofRows: { _ in true }, andOthers: true)
    }
  }

  private mutating func addOthers(_ hidden: ArraySlice<Int>, _ tally: borrowing Tally) {
    var numbers = tally.others
    othersHaveMoreFiles = tally.othersHaveMoreFiles
    for row in hidden {
      tally.subject.add(tally[row].numbers, to: &numbers)
      if tally[row].hasMoreFiles { othersHaveMoreFiles = true }
    }
    if tally.subject.countsFiles {
      var isHidden = [Bool](repeating: false, count: tally.count)
      for row in hidden { isHidden[row] = true }
      numbers[Subject.filesSlot] = tally.files(
        ofRows: { isHidden[$0] }, andOthers: true)
    }
    others = numbers
    othersCount = tally.othersCount + UInt64(hidden.count)
  }

  /// The heaviest first, then those with most bytes, then those with most calls.
  private static func sorted(_ tally: borrowing Tally, _ sort: TableColumn?) -> [Int] {
    struct Order {
      let row: Int
      let weight, bytes, calls, last: UInt64
    }
    var order: [Order] = []
    order.reserveCapacity(tally.count)
    for row in 0..<tally.count {
      let numbers = tally[row].numbers
      order.append(
        Order(
          row: row,
          weight: sort.map { $0.value(numbers, tally.subject) ?? 0 } ?? tally.weight(numbers),
          bytes: tally.subject.bytes(numbers),
          calls: tally.subject.calls(numbers), last: numbers[5]))
    }
    return tally.withKeys { isKeyBefore in
      order.sort {
        let (one, other) = (
          ($0.weight, $0.bytes, $0.calls, $0.last), ($1.weight, $1.bytes, $1.calls, $1.last)
        )
        return one == other ? isKeyBefore($0.row, $1.row) : one > other
      }
      return order.map(\.row)
    }
  }
}
