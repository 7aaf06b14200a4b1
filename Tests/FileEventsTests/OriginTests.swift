// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Foundation
import Testing

/// Members that tell the lines of one machine from those of others.
@Suite("The origin of lines")
struct OriginTests {
  private static let time: Int64 = 1_700_000_000_123_456_789

  /// An object of every kind: lines, lost events, summaries.
  private func objects(disk: Bool, origin: Origin?) throws -> [String] {
    var options = LineOptions(json: true, timestamps: .sinceEpoch)
    options.summary = true
    if disk { options.subject = .requests }
    options.wakeups = disk ? 0 : nil
    var writer = EventWriter(options: options, realtimeOffset: Self.time)
    if let origin { writer.setOrigin(origin) }
    let record = disk ? diskRecord(Common()) { $0.bytes = 4096 } : accessRecord(Common())
    record.withUnsafeBytes { _ = writer.append(record: $0) }
    writer.appendRequests { true }
    _ = writer.appendLost(7, time: UInt64(Self.time))
    writer.appendInterval(width: 0, time: UInt64(Self.time), length: 1_000_000_000)
    writer.appendSummary(width: 0, lost: 7)
    return writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      .split(separator: "\n").map(String.init)
  }

  @Test("every object of JSON has host and boot id", arguments: [false, true])
  func everywhere(disk: Bool) throws {
    let origin = Origin(host: "web \u{e9}", bootID: "0c9e")
    let with = try objects(disk: disk, origin: origin)
    let without = try objects(disk: disk, origin: nil)
    let ending = #","host":"web \u{e9}","boot_id":"0c9e"}"#
      .replacing("\\u{e9}", with: "\u{e9}")
    #expect(with == without.map { $0.dropLast() + ending }, "\(with)")
    #expect(with.count >= 3 && with.contains { $0.contains("\"lost\":7") }, "\(with)")
    for object in with { try checkJSON(object) }
  }

  @Test("a lost record has the time if lines have it")
  func lost() throws {
    let lost = try objects(disk: false, origin: nil).filter { $0.contains("lost") }
    #expect(lost == [#"{"timestamp":1700000000.123456,"lost":7}"#])
  }

  @Test("a name that is not UTF-8 is an array of bytes, and the longest has room")
  func names() throws {
    let origin = Origin(
      host: "a\n" + String(repeating: "\u{1}", count: 300),
      bootID: String(repeating: "\u{2}", count: 300))
    let line = try objects(disk: false, origin: origin)[0]
    try checkJSON(line)
    #expect(line.contains(#""host_raw":[97,10,1,1,"#) && line.hasSuffix("2,2]}"), "\(line)")
  }
}
