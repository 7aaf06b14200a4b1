// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A line with --cgroup, --cwd and --args.
struct Particulars: Decodable {
  let types, path: String
  let cgroup, unit, cwd: String?
  let args: [String]?
}

/// A line of --disk.
struct Request: Decodable {
  let pid, bytes, requests: Int
  let comm, disk, deviceName, cause: String
  let path, command, client, certainty: String?
  let wakes: Bool?
  let idle, latency: Double?
  let by: Process?

  struct Process: Decodable {
    let pid: Int
  }
}

/// A run of a script under another kernel: the files that it left behind. The test is skipped if
/// the kernel is not available.
struct Guest {
  static let kernels = "\(Built.root)/Tests/kernels"

  private let directory: String
  private var results: String { "\(directory)/results" }

  /// - Parameters:
  ///   - series: the series of kernels, in the form that Tests/kernels/boot takes.
  ///   - script: the script's path below Tests/kernels.
  init(_ series: String, _ script: String, _ programs: [String]) throws {
    directory = Scratch.newName()
    for attempt in 1...3 {
      let booted = try run(
        "\(Self.kernels)/boot", [series, directory, "\(Self.kernels)/\(script)"] + programs,
        environment: ["BOOT_TIMEOUT": "600"])
      if booted.status == 0 { return }
      remove()
      if booted.status == 77 { try skip("kernel \(series): \(booted.errors)") }
      // The kernel patches its code for a tracepoint by way of a breakpoint. An emulated processor
      // may reach the breakpoint after the kernel has removed it, which nothing handles: boot
      // again.
      if attempt < 3 && booted.errors.contains("Oops: int3") { continue }
      throw Failed(series: series, status: booted.status, console: booted.errors)
    }
  }

  struct Failed: Error {
    var series: String
    var status: Int32
    var console: String
  }

  func remove() { try? FileManager.default.removeItem(atPath: directory) }

  /// The names of the logs. Each process is in one log only, so the order of the logs does not
  /// matter.
  var truths: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: results).filter {
        $0.hasSuffix(".truth")
      }
    }
  }

  func lines(_ files: [String]) throws -> [Line] {
    try files.flatMap { try Line.all(inFile: "\(results)/\($0)") }
  }

  /// Makes NAME.trace of the recording NAME.rec.
  func replay(_ name: String, _ options: String...) throws {
    let ended = try run(
      Built.bfatrace,
      ["--replay", "\(results)/\(name).rec", "--json", "--output", "\(results)/\(name).trace"]
        + options)
    try #require(ended.status == 0 && ended.errors.isEmpty, "\(name): \(ended.errors)")
  }

  /// The requests in a file; the tables at its end have other members.
  func requests(_ file: String) throws -> [Request] { try decode(file, having: "disk") }

  func particulars() throws -> [Particulars] { try decode("group.trace", having: "types") }

  private func decode<Record: Decodable>(_ file: String, having key: String) throws -> [Record] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try text(file).split(separator: "\n").filter { $0.contains("\"\(key)\":") }.map {
      try decoder.decode(Record.self, from: Data($0.utf8))
    }
  }

  /// The words of each line of a file.
  func words(_ file: String) throws -> [[String]] {
    try text(file).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(results)/\(file)", encoding: .utf8)
  }
}
