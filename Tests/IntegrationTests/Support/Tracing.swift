// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A run of bfatrace that records already and that the test ends.
final class Tracing {
  let running: Running
  /// The file with its lines.
  let output: String

  /// Lines go to a file of --output, which bfatrace creates once it records.
  /// - Parameters:
  ///   - program: bfatrace or fatrace.
  ///   - launcher: a command that starts it, such as setpriv with its options.
  init(
    _ options: [String], in directory: String? = nil, program: String = Built.bfatrace,
    launcher: [String] = []
  ) throws {
    output = Scratch.newName()
    let command = launcher + [program, "--output", output] + options
    running = try Running("/usr/bin/env", command, in: directory)
    try waitUntil("\(program) \(options) records") {
      FileManager.default.fileExists(atPath: output) || !running.process.isRunning
    }
  }

  deinit {
    if running.process.isRunning {
      signal(SIGKILL)
      _ = running.wait()
    }
    try? FileManager.default.removeItem(atPath: output)
  }

  var pid: pid_t { running.process.processIdentifier }

  /// The lines so far.
  var outputSoFar: Data { (try? Data(contentsOf: URL(filePath: output))) ?? Data() }

  /// Standard error so far.
  var errorsSoFar: Data { running.errorsSoFar }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Ends the run, which delivers everything recorded.
  func stop(_ number: Int32 = SIGINT) -> Trace {
    signal(number)
    return collect()
  }

  /// Waits for a run that ends by itself.
  func end() throws -> Trace {
    try waitUntil("bfatrace ends by itself") { !running.process.isRunning }
    return collect()
  }

  private func collect() -> Trace {
    let ended = running.wait()
    let text = outputSoFar
    return Trace(
      lines: text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) },
      ended: ended, output: text)
  }
}

extension Trace {
  /// The paths of JSON records below `directory`, relative to it. Records that only show changes of
  /// a directory's entries are left out.
  func names(in directory: String) throws -> Set<String> {
    let records = try objects().filter { record in
      let types = record["types"] as? String ?? ""
      return types.isEmpty || !types.allSatisfy { "+D<>".contains($0) }
    }
    let paths = records.compactMap { $0["path"] as? String }
    let below = paths.filter { $0.hasPrefix(directory + "/") }
    return Set(below.map { String($0.dropFirst(directory.utf8.count + 1)) })
  }

  /// The values of a key in all JSON records.
  func values<Value: Hashable>(_ key: String, as: Value.Type) throws -> Set<Value> {
    Set(try objects().compactMap { $0[key] as? Value })
  }
}
