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
  }
}

/// What a run of guest.sh, which says what there is, has left behind.
private struct Guest {
  private let directory: String
  private var results: String { "\(directory)/results" }

  init(_ series: String) throws {
    directory = Scratch.newName()
    let kernels = "\(Built.root)/Tests/kernels"
    var programs = [Built.bfatrace, Built.fileload]
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
}
