// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Testing

@testable import FileEvents

@Suite("Histograms")
struct HistogramTests {
  /// Counts times as the kernel side does.
  private func histogram(_ times: [UInt64]) -> Histogram {
    var counted = bfa_histogram()
    withUnsafeMutableBytes(of: &counted.slots) { bytes in
      let slots = bytes.bindMemory(to: UInt64.self)
      for time in times { slots[Self.slot(of: time)] += 1 }
    }
    counted.total_ns = times.reduce(0, +)
    counted.longest_ns = times.max() ?? 0
    var histogram = Histogram()
    histogram.add(counted)
    return histogram
  }

  private static func slot(of time: UInt64) -> Int {
    if time < 4 { return Int(time) }
    let power = 63 - time.leadingZeroBitCount
    return min(4 * (power - 1) + Int(time >> (power - 2)) & 3, Histogram.slotCount - 1)
  }

  @Test("slots are adjacent, four in a power of two")
  func slots() {
    for slot in 0..<Histogram.slotCount {
      let start = Histogram.start(ofSlot: slot)
      #expect(Self.slot(of: start) == slot)
      #expect(slot == 0 || Self.slot(of: start - 1) == slot - 1)
    }
    #expect(Self.slot(of: .max) == Histogram.slotCount - 1)
  }

  @Test("quantiles are right to an eighth, the longest is exact")
  func quantiles() {
    let times = (0..<1000).map { UInt64($0 * $0 + 7) }
    let made = histogram(times)
    #expect(made.count == 1000 && made.total == times.reduce(0, +) && made.longest == times[999])
    for part in [0.01, 0.5, 0.99, 1] {
      let (found, exact) = (made.quantile(part), times[Int(part * 1000) - 1])
      #expect(max(found, exact) - min(found, exact) <= exact / 8, "\(part): \(found) \(exact)")
    }
    #expect(histogram([]).quantile(0.5) == 0)
    #expect(histogram([.max >> 2]).quantile(0.5) == .max >> 2)
  }

  @Test("an interval has its own counts, and its longest time to an eighth")
  func intervals() {
    let (first, second): ([UInt64], [UInt64]) = ([10, 5000], [100, 200])
    let news = histogram(first + second).since(histogram(first))
    #expect(news.count == 2 && news.total == 300)
    #expect(news.longest >= 175 && news.longest <= 225)
    #expect(histogram(first + [9999]).since(histogram(first)).longest == 9999)
    #expect(histogram([5120, 9000]).since(histogram([9000])).longest == 5120)
  }

  @Test("text has a bar for each power of two, and names are escaped")
  func text() {
    var lines = LineBuffer(capacity: 1 << 16)
    let timed = Timed.requests(disk: Array("a\u{1b}[m".utf8), operation: BFA_DISK_READ.rawValue)
    lines.append([(timed, histogram([1500, 1600, 5000]))], colored: false)
    lines.append([(.call(UInt32(BFA_CALL_read.rawValue)), histogram([2_345_678]))], colored: false)
    let text = lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      .split(separator: "\n").map(String.init)
    let stars = { String(repeating: "*", count: $0).padding(to: 40) }
    let header = "         nsecs                   : count     distribution"
    #expect(
      text == [
        "a\\033[m read: 3 requests, median 1.66 us, 99 % 4.60 us, longest 5.00 us, in all 8.10 us",
        header,
        "          1024 -> 2047           : 2         |\(stars(40))|",
        "          2048 -> 4095           : 0         |\(stars(0))|",
        "          4096 -> 8191           : 1         |\(stars(20))|",
        "read: 1 call, median 2.34 ms, 99 % 2.34 ms, longest 2.34 ms, in all 2.34 ms",
        header,
        "       2097152 -> 4194303        : 1         |\(stars(40))|",
      ], "\(text)")
  }

  @Test("the object has pairs of time and number")
  func json() {
    var lines = LineBuffer(capacity: 1 << 16)
    let timed = Timed.requests(disk: Array("sda".utf8), operation: BFA_DISK_WRITE.rawValue)
    lines.appendJSON(timed, histogram([1500, 1600, 5000]))
    let text = lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    #expect(
      text == #","device_name":"sda","disk":"write","requests":3,"time_ns":8100,"median_ns":1664,"#
        + #""p99_ns":4608,"longest_ns":5000,"histogram":[[1024,2],[4096,1]]"#, "\(text)")
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
