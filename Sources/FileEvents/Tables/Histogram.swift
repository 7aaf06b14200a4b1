// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// How long something took: what struct bfa_histogram has counted. Nanoseconds.
public struct Histogram: Sendable {
  public static let slotCount = Int(BFA_HISTOGRAM_SLOTS)
  private static let parts = UInt64(BFA_HISTOGRAM_PARTS)

  public private(set) var slots: [UInt64]
  public private(set) var total: UInt64 = 0
  public private(set) var longest: UInt64 = 0

  public init() { slots = [UInt64](repeating: 0, count: Self.slotCount) }

  /// Adds what one processor has counted.
  public mutating func add(_ counted: bfa_histogram) {
    withUnsafeBytes(of: counted.slots) { bytes in
      for (index, count) in bytes.bindMemory(to: UInt64.self).enumerated() {
        slots[index] &+= count
      }
    }
    total &+= counted.total_ns
    longest = max(longest, counted.longest_ns)
  }

  public var count: UInt64 { slots.reduce(0, &+) }

  /// The shortest time of a slot.
  static func start(ofSlot slot: Int) -> UInt64 {
    if slot < Int(parts) { return UInt64(slot) }
    let power = UInt64(slot) / parts + 1
    return (parts + UInt64(slot) % parts) << (power - 2)
  }

  /// The time that such a part of all have not taken longer than, at the middle of its slot: right to
  /// an eighth.
  func quantile(_ part: Double) -> UInt64 {
    let wanted = (Double(count) * part).rounded(.up)
    var seen: UInt64 = 0
    for (slot, count) in slots.enumerated() where count > 0 {
      seen &+= count
      if Double(seen) >= wanted { return min(middle(ofSlot: slot), longest) }
    }
    return longest
  }

  private func middle(ofSlot slot: Int) -> UInt64 {
    let start = Self.start(ofSlot: slot)
    return slot + 1 < Self.slotCount ? start + (Self.start(ofSlot: slot + 1) - start) / 2 : longest
  }

  /// What has been counted since another one. Its longest is exact if there was no longer one before;
  /// otherwise it is the middle of its slot, and no more than all of them together.
  func since(_ before: Histogram) -> Histogram {
    var news = self
    for slot in slots.indices { news.slots[slot] &-= before.slots[slot] }
    news.total &-= before.total
    if longest == before.longest, let slot = news.slots.lastIndex(where: { $0 > 0 }) {
      news.longest = min(middle(ofSlot: slot), longest, news.total)
    }
    return news
  }

  /// Counts by powers of two: from which time on, and how many.
  var powers: [(start: UInt64, count: UInt64)] {
    let starts = stride(from: 0, to: Self.slotCount, by: Int(Self.parts))
    return starts.map { slot in
      (Self.start(ofSlot: slot), slots[slot..<(slot + Int(Self.parts))].reduce(0, &+))
    }
  }
}

/// What a histogram is of.
public enum Timed: Hashable, Sendable {
  /// By enum bfa_call.
  case call(UInt32)
  /// By the name of the disk, and enum bfa_disk_operation.
  case requests(disk: [UInt8], operation: UInt32)
}

/// Histograms by what they are of, in the order in which they are shown.
public typealias Histograms = [(of: Timed, histogram: Histogram)]

/// Those since the start, and at the end of the last interval.
struct HistogramPeriods {
  var now: Histograms = []
  private var before: [Timed: Histogram] = [:]

  /// What the interval that ends now has counted; the next one begins.
  mutating func takeInterval() -> Histograms {
    let news: Histograms = now.map { timed, histogram in
      (timed, before[timed].map { histogram.since($0) } ?? histogram)
    }
    for (timed, histogram) in now { before[timed] = histogram }
    return news.filter { $0.histogram.count > 0 }
  }
}
