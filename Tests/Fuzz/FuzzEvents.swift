// SPDX-License-Identifier: Apache-2.0
// The fuzz target for records: Event(record:), the lines of text and JSON, and the tables at the end.
//
// An input is one byte that chooses the options, then records, each after its length as two bytes,
// the lower one first. Tests/FileEventsTests/FuzzCorpusTests.swift makes the seeds in corpus/.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEvents(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let input = UnsafeRawBufferPointer(start: start, count: count)
  var writer = EventWriter(options: options(input[0]), capacity: 320 << 10)  // it never grows
  var rest = input[1...]
  while rest.count >= 2 {
    let length = Int(rest.removeFirst()) | Int(rest.removeFirst()) << 8
    // A copy of exactly this size: the sanitizer finds reads beyond it.
    let record = Array(rest.prefix(length))
    rest = rest.dropFirst(length)
    let before = writer.lines.count
    let isLine = record.withUnsafeBytes { writer.append(record: $0) }
    check(&writer, from: before, isOneLine: isLine)
  }
  writer.appendRequests { true }
  writer.appendSummary(width: 80, lost: 1)
  check(&writer, from: 0, isOneLine: nil)
  return 0
}

/// Bits from the lowest: JSON, long lines, times, user ids, colours, a summary, requests to disks.
private func options(_ bits: UInt8) -> LineOptions {
  var options = LineOptions(
    json: bits & 1 != 0, long: bits & 2 != 0, timestamps: bits & 4 != 0 ? .sinceEpoch : .none,
    user: bits & 8 != 0)
  options.summary = bits & 32 != 0
  if bits & 64 != 0 { options.subject = .requests }
  options.onlyFatrace = bits & 128 != 0
  return options
}

/// Checks what every reader relies on: whole lines, and no control byte.
private func check(_ writer: inout EventWriter, from start: Int, isOneLine: Bool?) {
  writer.lines.withUnsafeBytes { lines in
    let added = lines[start...]
    let newlines = added.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    if let isOneLine { precondition(newlines == (isOneLine ? 1 : 0), "not one line") }
    precondition(added.isEmpty || added.last == UInt8(ascii: "\n"), "the line has no end")
    let controls = added.contains { ($0 < 0x20 && $0 != UInt8(ascii: "\n")) || $0 == 0x7f }
    precondition(!controls, "a control character gets through")
  }
}
