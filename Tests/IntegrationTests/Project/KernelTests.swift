// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The loads of the other tests under kernels that are booted for it: traced there, judged here.
@Suite("Under another kernel", .serialized)
struct KernelTests {
  @Test(
    "the programs load with every option, and traces are as exact as here",
    arguments: ["6.1", "6.12"])
  func loads(series: String) throws {
    let guest = try Guest(series)
    defer { guest.remove() }
    let calls = try guest.truths.filter { !$0.hasPrefix("counted.") }
    try #require(calls.count > Scenario.all.count, "both file systems, and fileload32")
    expectNone(
      CallComparison.differences(
        truth: try guest.lines(calls), trace: try guest.lines(["calls.trace"])))
    expectNone(
      SumComparison.differences(
        truth: try guest.lines(guest.truths), trace: try guest.lines(["sums.trace"]),
        openBefore: true))
    expectNone(
      MovingTruth(try guest.text("moves.text"))
        .differences(from: try guest.lines(["moves.trace"]), in: "/var/tmp"))
    try expectStack(guest)
  }

  /// A request to a stack of devices is told at each of them, as what it is there: never twice, and
  /// always of the one who made it.
  private func expectStack(_ guest: Guest) throws {
    let records = try guest.requests()
    let pids = try guest.words("stack.pids").first.map { $0.compactMap { Int($0) } } ?? []
    try #require(pids.count == 2)
    let kinds = [("read", pids[1]), ("write", pids[0])]
    for (before, after) in zip(try guest.words("stack.before"), try guest.words("stack.after")) {
      for (index, (kind, pid)) in kinds.enumerated() {
        let counted = (Int(after[index + 1]) ?? 0) - (Int(before[index + 1]) ?? 0)
        let told = records.filter { $0.deviceName == after[0] && $0.disk == kind }
        #expect(told.map(\.bytes).reduce(0, +) == counted, "\(kind) \(after[0]): \(records)")
        #expect(
          told.allSatisfy { $0.pid == pid && $0.path == "/dev/\(after[0])" && $0.cause == "raw" },
          "\(kind) by \(pid): \(records)")
      }
    }
    for device in ["dm-0", "md_mirror", "loop0", "loop1"] {
      let written = records.filter { $0.deviceName == device && $0.disk == "write" }
      #expect(written.map(\.bytes).reduce(0, +) == 3 << 16, "\(device): \(records)")
    }
    for file in ["/var/tmp/loop0", "/var/tmp/loop1"] {
      // The file system below may write its journal meanwhile.
      let below = records.filter {
        $0.path == file && $0.disk == "write" && !["journal", "metadata"].contains($0.cause)
      }
      #expect(below.map(\.bytes).reduce(0, +) == 3 << 16, "\(file): \(records)")
      #expect(below.allSatisfy { $0.pid == pids[0] }, "\(file) by \(pids[0]): \(records)")
    }
  }
}

/// A line of --disk.
private struct Request: Decodable {
  let pid, bytes: Int
  let disk, deviceName, cause: String
  let path: String?
}

/// What a run of guest.sh, which says what there is, has left behind.
private struct Guest {
  private let directory: String
  private var results: String { "\(directory)/results" }

  init(_ series: String) throws {
    directory = Scratch.newName()
    let kernels = "\(Built.root)/Tests/kernels"
    var programs = [Built.bfatrace, Built.fileload, Built.filemoves, "/usr/sbin/dmsetup"]
    if Program32.isForThisMachine { programs.append(try Program32.fileload.get()) }
    for attempt in 1...3 {
      let booted = try run(
        "\(kernels)/boot", [series, directory, "\(kernels)/guest.sh"] + programs,
        environment: ["BOOT_TIMEOUT": "600"])
      if booted.status == 0 { return }
      remove()
      if booted.status == 77 { try skip("kernel \(series): \(booted.errors)") }
      // The kernel changes its code for a tracepoint while it runs, by way of a breakpoint: an
      // emulated processor may come to that when it has been taken back, and nobody handles it.
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

  /// The names of the logs. Processes do not share one, so their order does not matter.
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

  func requests() throws -> [Request] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try text("stack.trace").split(separator: "\n").map {
      try decoder.decode(Request.self, from: Data($0.utf8))
    }
  }

  /// Of each line of a file.
  func words(_ file: String) throws -> [[String]] {
    try text(file).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(results)/\(file)", encoding: .utf8)
  }
}
