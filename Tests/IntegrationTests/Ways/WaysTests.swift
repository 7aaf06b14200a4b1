// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("A way to touch a file", .needsRoot)
struct WaysTests {
  @Test(
    "is shown as the table says, call by call and merged",
    arguments: Way.all, Scratch.FileSystem.allCases)
  func way(_ way: Way, on fileSystem: Scratch.FileSystem) throws {
    let run = try WaysRun.on(fileSystem)
    guard let traced = run.ways[way.name] else {
      #expect(throws: Never.self, "fileways has no \(way.name)") { try way.requireForeign() }
      return
    }
    if let reason = traced.reasonToSkip(way) { try skip("\(way.name): \(reason)") }
    expectNone(traced.differences(from: way))
  }

  @Test("is in the table once, and the table has no others")
  func complete() throws {
    let listed = try run(Built.fileways, ["--list"]).text.split(separator: "\n").map(String.init)
    let expected = Way.all.map(\.name)
    #expect(Set(listed).count == listed.count && Set(expected).count == expected.count)
    #expect(Set(listed).subtracting(expected) == [])
  }

  @Test("leaves no line that belongs to no way", arguments: Scratch.FileSystem.allCases)
  func strays(on fileSystem: Scratch.FileSystem) throws {
    expectNone(try WaysRun.on(fileSystem).strays)
  }
}

extension Way {
  /// Fails unless the architecture lacks the call: only then may there be no way.
  fileprivate func requireForeign() throws {
    #if arch(x86_64)
      throw Missing(reason: "fileways has no \(name)")
    #endif
  }
}
