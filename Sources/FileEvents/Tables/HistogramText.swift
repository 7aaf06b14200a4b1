// SPDX-License-Identifier: Apache-2.0

import CBfatrace

extension LineBuffer {
  private static let barWidth: UInt64 = 40

  /// A title, and a bar for each power of two from the first to the last that has any.
  mutating func append(_ histograms: Histograms, colored: Bool) {
    for (index, (timed, histogram)) in histograms.enumerated() {
      reserve()
      if index > 0 { append("\n") }
      append(style: Style.bold, if: colored)
      append(titleOf: timed)
      append(titleOf: histogram, ofCalls: timed.isCall)
      append(style: Style.plain, if: colored)
      append("\n         nsecs                   : count     distribution\n")
      appendBars(histogram)
    }
  }

  private mutating func append(titleOf timed: Timed) {
    switch timed {
    case .call(let call):
      if let name = bfa_call_name(call) { append(cString: name) }
    case .requests(let disk, let operation):
      disk.withUnsafeBytes { append(escaped: $0) }
      append(" ")
      append(DiskOperation.name(operation))
    }
    append(": ")
  }

  private mutating func append(titleOf histogram: Histogram, ofCalls: Bool) {
    let count = histogram.count
    append(decimal: count)
    append(ofCalls ? " call" : " request")
    if count != 1 { append("s") }
    append(", median ")
    append(time: histogram.quantile(0.5))
    append(", 99 % ")
    append(time: histogram.quantile(0.99))
    append(", longest ")
    append(time: histogram.longest)
    append(", in all ")
    append(time: histogram.total)
  }

  private mutating func appendBars(_ histogram: Histogram) {
    let powers = histogram.powers
    let most = powers.map(\.count).max() ?? 0
    guard let first = powers.firstIndex(where: { $0.count > 0 }),
      let last = powers.lastIndex(where: { $0.count > 0 })
    else { return }
    for index in first...last {
      reserve()
      append(right: powers[index].start, width: 14)
      append(" -> ")
      let isLast = index + 1 == powers.count
      let end = isLast ? histogram.longest : powers[index + 1].start - 1
      append(left: end, width: 14)
      append(" : ")
      append(left: powers[index].count, width: 10)
      append("|")
      // What there is has a star.
      let stars =
        (powers[index].count.multipliedReportingOverflow(by: Self.barWidth).partialValue
          + most - 1) / max(most, 1)
      for star in 0..<Self.barWidth { append(byte: UInt8(ascii: star < stars ? "*" : " ")) }
      append("|\n")
    }
  }

  private mutating func append(left number: UInt64, width: Int) {
    let start = count
    append(decimal: number)
    while count - start < width { append(byte: UInt8(ascii: " ")) }
  }

  private mutating func append(right number: UInt64, width: Int) {
    for _ in 0..<max(0, width - String(number).utf8.count) { append(byte: UInt8(ascii: " ")) }
    append(decimal: number)
  }

  /// In the unit that leaves one to three digits in front of the point, and three in all.
  private mutating func append(time nanoseconds: UInt64) {
    let units: [(StaticString, UInt64)] = [
      (" s", 1_000_000_000), (" ms", 1_000_000), (" us", 1000),
    ]
    guard let (unit, size) = units.first(where: { nanoseconds >= $0.1 }) else {
      append(decimal: nanoseconds)
      append(" ns")
      return
    }
    append(decimal: nanoseconds / size)
    let digits = nanoseconds / size >= 100 ? 0 : nanoseconds / size >= 10 ? 1 : 2
    if digits > 0 {
      append(byte: UInt8(ascii: "."))
      append(decimal: nanoseconds % size / (size / (digits == 1 ? 10 : 100)), digits: digits)
    }
    append(unit)
  }
}

extension Timed {
  fileprivate var isCall: Bool {
    if case .call = self { return true }
    return false
  }
}

extension LineBuffer {
  /// The members of the object of a histogram, each with a comma in front.
  mutating func appendJSON(_ timed: Timed, _ histogram: Histogram) {
    switch timed {
    case .call(let call):
      append(",\"syscall\":\"")
      if let name = bfa_call_name(call) { append(cString: name) }
      append("\"")
      append(key: "calls", histogram.count)
    case .requests(let disk, let operation):
      disk.withUnsafeBytes { append(key: "device_name", string: $0) }
      append(",\"disk\":\"")
      append(DiskOperation.name(operation))
      append("\"")
      append(key: "requests", histogram.count)
    }
    append(key: "time_ns", histogram.total)
    append(key: "median_ns", histogram.quantile(0.5))
    append(key: "p99_ns", histogram.quantile(0.99))
    append(key: "longest_ns", histogram.longest)
    append(key: "histogram")
    append(byte: UInt8(ascii: "["))
    var isFirst = true
    for (start, count) in histogram.powers where count > 0 {
      if !isFirst { append(byte: UInt8(ascii: ",")) }
      isFirst = false
      append(byte: UInt8(ascii: "["))
      append(decimal: start)
      append(byte: UInt8(ascii: ","))
      append(decimal: count)
      append(byte: UInt8(ascii: "]"))
    }
    append(byte: UInt8(ascii: "]"))
  }
}
