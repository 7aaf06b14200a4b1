// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A run of all ways on a file system, with several tracers.
struct WaysRun: Sendable {
  /// The calls and lines of each process, by the name of its way.
  private(set) var ways: [String: TracedWay] = [:]
  /// Lines that belong to no way.
  private(set) var strays: [String] = []

  static func on(_ fileSystem: Scratch.FileSystem) throws -> WaysRun {
    switch fileSystem {
    case .disk: try disk.get()
    case .memory: try memory.get()
    }
  }

  private static let disk = Result { try Scratch.directory(on: .disk) { try WaysRun(in: $0) } }
  private static let memory = Result { try Scratch.directory(on: .memory) { try WaysRun(in: $0) } }

  private let directory: String
  private let program: String

  /// - Parameter program: fileways, or a program that takes the same arguments.
  init(of program: String = Built.fileways, in directory: String) throws {
    self.directory = directory
    self.program = program
    let load = try Running(program, [directory])
    try waitUntil("\(program) is ready") {
      load.outputSoFar.contains("ready\n".utf8) || !load.process.isRunning
    }
    let tracings = try View.allCases.map { view in
      // Later tracers open the directory while the earlier ones trace: ignore them.
      let options = ["--json", "--under", directory, "--ignore-comm", "bfatrace"]
      return (view, try Tracing(options + view.options))
    }
    try? load.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    let ended = load.wait()
    try #require(ended.status == 0, "\(program): \(ended.errors)")
    for line in ended.text.split(separator: "\n") where line != "ready" {
      add(try JSONDecoder().decode(Report.self, from: Data(line.utf8)), messages: ended.errors)
    }
    // Stop all tracers before the test itself looks at the files.
    let traces = tracings.map { ($0, $1.stop()) }
    for (view, trace) in traces { try add(trace, of: view) }
  }

  /// A line of output of the program.
  private struct Report: Decodable {
    var way: String
    var pid: Int?
    var syscall: String?
    var ret: Int64?
    var status: Int32?
  }

  private mutating func add(_ report: Report, messages: String) {
    let name = URL(filePath: program).lastPathComponent
    var way =
      ways[report.way]
      ?? TracedWay(pid: 0, directory: "\(directory)/\(report.way)", comm: name)
    if let pid = report.pid { way.pid = pid }
    if let syscall = report.syscall, let ret = report.ret {
      way.made.append(MadeCall(syscall: syscall, ret: ret))
    }
    if let status = report.status { way.failure = "wait status \(status)\n\(messages)" }
    ways[report.way] = way
  }

  private mutating func add(_ trace: Trace, of view: View) throws {
    try #require(trace.ended.status == 0, "bfatrace: \(trace.ended.errors)")
    let complaints = trace.ended.complaints
    if complaints != "" { strays.append("bfatrace \(view): \(complaints)") }
    let owners = Dictionary(uniqueKeysWithValues: ways.map { ($0.value.pid, $0.key) })
    for text in trace.output.split(separator: UInt8(ascii: "\n")) {
      let line = try TracedLine(text)
      guard let way = owners[line.pid] ?? way(of: line.path), ways[way] != nil else {
        strays.append("bfatrace \(view): \(String(decoding: text, as: UTF8.self))")
        continue
      }
      ways[way]?.lines[view, default: []].append(line)
    }
  }

  /// The name of the way whose directory the path is in.
  private func way(of path: String?) -> String? {
    guard let path, path.hasPrefix(directory + "/") else { return nil }
    return path.dropFirst(directory.utf8.count + 1).split(separator: "/").first.map(String.init)
  }
}
