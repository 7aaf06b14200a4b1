// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("What a load did", .needsRoot)
struct ScenarioTests {
  @Test(
    "is told call by call: all of it, in order, nothing else",
    arguments: Scenario.all, Scratch.FileSystem.allCases)
  func calls(scenario: Scenario, on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try scenario.traced(["--syscalls"], on: fileSystem)
    try #require(!truth.isEmpty)
    expectNone(CallComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  @Test(
    "adds up in merged lines: each call and each byte once",
    arguments: Scenario.all, Scratch.FileSystem.allCases)
  func sums(scenario: Scenario, on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try scenario.traced([], on: fileSystem)
    try #require(!truth.isEmpty)
    expectNone(SumComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }
}
