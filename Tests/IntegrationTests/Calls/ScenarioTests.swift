// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("What a load did", .needsRoot)
struct ScenarioTests {
  @Test(
    "is shown call by call: all of it, in order, nothing else",
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
    expectNone(
      SumComparison.differences(
        truth: truth, trace: try Line.all(in: trace.output),
        openBefore: scenario.name == "inherited"))
  }

  @Test(
    "is shown exactly in each of many runs of processes that share descriptors and end",
    arguments: [["--syscalls"], []])
  func repeated(options: [String]) throws {
    try Scratch.directory(on: .memory) { directory in
      let tracing = try Tracing(["--json", "--under", directory] + options)
      let racing = ["killed", "exit", "exec", "clone_files", "fork", "scm_rights"]
      let truth = try (0..<40).flatMap { round in
        try racing.flatMap { try Scenario(name: $0).run(in: "\(directory)/\($0).\(round)") }
      }
      let trace = tracing.stop()
      try #require(trace.ended.status == 0, "bfatrace: \(trace.ended.errors)")
      let lines = try Line.all(in: trace.output)
      expectNone(
        options.isEmpty
          ? SumComparison.differences(truth: truth, trace: lines)
          : CallComparison.differences(truth: truth, trace: lines))
    }
  }
}

/// A load that logs what it does: a scenario of fileload.
struct Scenario: CustomTestStringConvertible, Sendable {
  var name: String

  var testDescription: String { name }

  /// Scenarios whose log has sums instead of calls.
  private static let sums = ["threads", "bytes"]

  /// Scenarios whose log has a line for each call.
  static let all: [Scenario] = {
    let list = try? IntegrationTests.run(Built.fileload, ["--list"])
    let names = list?.text.split(separator: "\n").map(String.init) ?? []
    precondition(names.count > sums.count, "\(Built.fileload) --list prints no scenarios")
    return names.filter { !sums.contains($0) }.map { Scenario(name: $0) }
  }()

  /// Runs the load under bfatrace with these options. Returns the log of the load and the trace.
  func traced(
    _ options: [String], on fileSystem: Scratch.FileSystem = .disk
  ) throws -> (truth: [Line], trace: Trace) {
    let truth = Scratch.newName()
    defer { try? FileManager.default.removeItem(atPath: truth) }
    return try Scratch.directory(on: fileSystem) { directory in
      let (ended, trace) = try trace(in: directory, truth: truth, options: options)
      try requireSuccess(ended)
      try #require(trace.ended.status == 0, "bfatrace: \(trace.ended.errors)")
      #expect(trace.ended.complaints == "")
      return (try Line.all(inFile: truth), trace)
    }
  }

  /// Runs the load, without a trace, in a directory that does not exist yet. Returns its log.
  func run(in directory: String) throws -> [Line] {
    let truth = Scratch.newName()
    defer { try? FileManager.default.removeItem(atPath: truth) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    try requireSuccess(Running(Built.fileload, [name, directory, truth]).wait())
    return try Line.all(inFile: truth)
  }

  private func requireSuccess(_ ended: Ended) throws {
    if ended.status == 77 { try skip("\(name): \(ended.errors)") }
    try #require(ended.status == 0, "fileload \(name): \(ended.errors)")
  }

  private func trace(
    in directory: String, truth: String, options: [String]
  ) throws -> (load: Ended, trace: Trace) {
    let options = ["--json", "--under", directory] + options
    let start = { try Running(Built.fileload, [name, directory, truth]) }
    guard name == "inherited" else {
      let tracing = try Tracing(options)
      return (try start().wait(), tracing.stop())
    }
    // The load opens files before the trace starts, says so, and waits for the test to let it go
    // on.
    let load = try start()
    try waitUntil("fileload \(name) is ready") {
      !load.outputSoFar.isEmpty || !load.process.isRunning
    }
    let tracing = try Tracing(options)
    if load.process.isRunning { load.input.fileHandleForWriting.write(Data("\n".utf8)) }
    return (load.wait(), tracing.stop())
  }
}

/// Skips a test for lack of something that it needs. In CI, where everything is installed, that is
/// a failure.
func skip(_ reason: String) throws -> Never {
  if ProcessInfo.processInfo.environment["CI"] == "true" { throw Missing(reason: reason) }
  try Test.cancel("\(reason)")
}

struct Missing: Error { var reason: String }

/// Records up to five differences as issues of their own, and the number of the others.
func expectNone(_ differences: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  for difference in differences.prefix(5) {
    Issue.record("\(difference)", sourceLocation: sourceLocation)
  }
  if differences.count > 5 {
    Issue.record("and \(differences.count - 5) more", sourceLocation: sourceLocation)
  }
}
