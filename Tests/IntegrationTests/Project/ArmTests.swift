// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The kernels for arm64: a loader in C records there, the recordings are replayed and compared
/// here.
extension KernelTests {
  @Test(
    "the programs load on arm64, and recordings from there are as exact as traces here",
    arguments: ["arm64:6.1", "arm64:6.12", "arm64:6.12-16k"])
  func arm64(series: String) throws {
    let guest = try Guest(series, "arm64/guest.sh", try ArmPrograms.files)
    defer { guest.remove() }
    try guest.replay("calls", "--syscalls")
    try guest.replay("sums")
    let truths = try guest.truths
    let calls = truths.filter { !$0.hasPrefix("counted.") }
    try #require(calls.count > 20 && calls.count < truths.count, "\(truths)")
    expectNone(
      CallComparison.differences(truth: try guest.lines(calls), trace: try lines(guest, "calls")))
    expectNone(
      SumComparison.differences(truth: try guest.lines(truths), trace: try lines(guest, "sums")))
    let pids = try guest.words("pids").compactMap { $0.first.flatMap { Int($0) } }
    try #require(pids.count == 4)
    try expectNarrow(guest, pid: pids[0])
    try expectRequests(guest, writer: pids[1], reader: pids[2], narrow: pids[3])
  }

  /// The lines of a trace, without those that the recorder causes itself.
  private func lines(_ guest: Guest, _ name: String) throws -> [Line] {
    try guest.lines(["\(name).trace"]).filter { $0.comm != ByteString("recorder") }
  }

  /// Expects the calls of a 32-bit program, up to the one that executes a 64-bit program.
  private func expectNarrow(_ guest: Guest, pid: Int) throws {
    try guest.replay("looks", "--syscalls", "--metadata")
    let directory = "/var/tmp/load"
    let calls = try guest.lines(["looks.trace"]).filter { $0.pid == pid && $0.path != nil }
      .filter { $0.path?.hasPrefix(directory) == true }
    #expect(
      calls.map(\.syscall) == ["execve", "openat", "mmap2", "close"], "32-bit calls: \(calls)")
    for call in calls where call.syscall == "mmap2" {
      // The address is above 2 GiB, and must not be taken for an error.
      #expect(
        call.ret ?? -1 >= 1 << 31 && call.path == ByteString("\(directory)/mapped"), "\(call)")
    }
    let all = try guest.lines(["looks.trace"])
    #expect(!all.contains { $0.syscall == "listxattr" }, "\(all)")
  }

  /// Expects the bytes of requests by file and process. The file of a 32-bit program is read to
  /// execute it.
  private func expectRequests(_ guest: Guest, writer: Int, reader: Int, narrow: Int) throws {
    try guest.replay("disk", "--disk")
    let records = try guest.requests("disk.trace")
    for (pid, kind) in [(writer, "write"), (reader, "read")] {
      // The journal may commit meanwhile.
      let ofFile = records.filter {
        $0.pid == pid && $0.disk == kind && $0.path == "/var/tmp/data" && $0.cause != "journal"
      }
      #expect(ofFile.map(\.bytes).reduce(0, +) == 4 << 16, "\(kind) by \(pid): \(records)")
    }
    let executed = records.filter { $0.path == "/var/tmp/load/arm32" }
    #expect(!executed.isEmpty, "\(records)")
    #expect(executed.allSatisfy { $0.pid == narrow && $0.cause == "exec" }, "\(executed)")
  }
}

/// The files that Tests/kernels/arm64/build makes, once.
private enum ArmPrograms {
  private static let directory = "\(Built.root)/.build/arm64"
  private static let built = Result {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return try run("\(Guest.kernels)/arm64/build", [directory])
  }

  static var files: [String] {
    get throws {
      let built = try built.get()
      if built.status == 77 { try skip(built.errors) }
      try #require(built.status == 0, "\(built.errors)")
      let objects = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/objects")
      return ["recorder", "fileload", "arm32"].map { "\(directory)/\($0)" }
        + objects.map { "\(directory)/objects/\($0)" }
    }
  }
}
