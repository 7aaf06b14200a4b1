// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Python with ClickHouse's engine, which `make test` installs.
private let python = "\(Built.root)/.build/fleet/bin/python3"

private let hasFleet =
  mayTrace && FileManager.default.isExecutableFile(atPath: python)
  && (try? run("/usr/bin/env", ["sh", "-c", "command -v rsyslogd ip"]))?.status == 0

@Suite("More than one machine")
struct FleetTests {
  @Test(
    "three hosts, one cut off for a while: each line is in the store once, and queries work",
    .enabled(if: hasFleet, "needs root, rsyslog, iproute2 and .build/fleet, which make test makes"))
  func threeHosts() throws {
    try Scratch.directory { directory in
      let ended = try run(
        "/usr/bin/timeout",
        ["-s", "INT", "240", python, "\(Built.root)/Tests/fleet/fleet.py", Built.bfatrace]
          + [Built.root, directory])
      #expect(ended.status == 0, "\(ended.errors)\(ended.text)")
    }
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(Built.root)/\(path)", encoding: .utf8)
  }

  /// The columns of the table, without those nested in others.
  private func columns() throws -> Set<String> {
    Set(
      try text("packaging/fleet/clickhouse.sql").matches(of: #/(?m)^ {4}(\w+) /#).map {
        String($0.1)
      })
  }

  @Test("the table has a column for each key of JSON")
  func keys() throws {
    let columns = try columns()
    #expect(columns.count > 80, "\(columns)")
    let sources = FileManager.default.enumerator(atPath: "\(Built.root)/Sources/FileEvents")
    var missing: Set<String> = []
    for case let path as String in try #require(sources) where path.hasSuffix(".swift") {
      let source = try text("Sources/FileEvents/\(path)")
      for match in source.matches(of: /key: "(\w+)"(, string:)?|,\\"(\w+)\\":/) {
        let key = String(match.1 ?? match.3 ?? "")
        // Keys of the object "device".
        if ["major", "minor"].contains(key) { continue }
        missing.formUnion(
          (match.2 == nil ? [key] : [key, "\(key)_raw"]).filter { !columns.contains($0) })
      }
    }
    #expect(missing.isEmpty, "add to packaging/fleet/clickhouse.sql: \(missing.sorted())")
  }
}
