// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite(
  "The calls of a 32-bit program", .needsRoot,
  .enabled(if: Program32.isForThisMachine, "fileload32 makes the calls of i386"))
struct Compat32Tests {
  @Test(
    "are shown call by call, with the numbers and arguments of 32-bit programs",
    arguments: Scratch.FileSystem.allCases)
  func calls(on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try traced(["--syscalls"], on: fileSystem)
    expectNone(CallComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  @Test("add up in merged lines", arguments: Scratch.FileSystem.allCases)
  func sums(on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try traced([], on: fileSystem)
    expectNone(SumComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  private func traced(
    _ options: [String], on fileSystem: Scratch.FileSystem
  ) throws -> (truth: [Line], trace: Trace) {
    let program = try Program32.fileload.get()
    if let reason = Program32.refused(program) { try skip(reason) }
    return try Scratch.directory(on: fileSystem) { directory in
      let tracing = try Tracing(["--json", "--under", directory] + options)
      let load = try run(program, [directory])
      let trace = tracing.stop()
      try #require(load.status == 0, "fileload32: \(load.errors)")
      try #require(trace.ended.status == 0, "bfatrace: \(trace.ended.errors)")
      let truth = try Line.all(in: load.output)
      try #require(!truth.isEmpty)
      return (truth, trace)
    }
  }
}
