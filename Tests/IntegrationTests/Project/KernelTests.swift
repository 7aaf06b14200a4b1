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
    try expectGroup(guest)
    try expectStack(guest)
    try expectCommands(guest)
    try expectWakeups(guest)
  }

  /// What each program sends, of what is known of all disks.
  private static let commands = [
    "hdparm -C": "CHECK POWER MODE", "hdparm -I": "IDENTIFY", "hdparm -y": "STANDBY IMMEDIATE",
    "smartctl -i": "INQUIRY", "sg_raw 12": "INQUIRY", "sg_raw 00": "TEST UNIT READY",
    "sg_raw 1b 00": "STOP UNIT", "sg_raw 1b 01": "START STOP UNIT", "nvme id-ctrl": "IDENTIFY",
    "nvme smart-log": "GET LOG PAGE", "nvme flush": "FLUSH", "smartctl nvme": "IDENTIFY",
  ]

  /// The key in `commands` of a line of commands.sent.
  private func kind(_ words: [String]) -> String {
    if words[1] == "nvme0n1" { return words[3] == "nvme" ? "nvme \(words[4])" : "smartctl nvme" }
    guard words[3] == "sg_raw" else { return "\(words[3]) \(words[4])" }
    let bytes = words.drop { !$0.hasPrefix("/dev") }.dropFirst()
    let code = bytes.first ?? ""
    return code == "1b" ? "sg_raw 1b \(bytes.dropFirst(4).first ?? "")" : "sg_raw \(code)"
  }

  /// Commands that are passed through have their names, their senders and their disks; and none is
  /// missing, as SCSI disks count all requests.
  private func expectCommands(_ guest: Guest) throws {
    let records = try guest.requests("commands.trace")
    let sent = try guest.words("commands.sent")
    try #require(Set(sent.map { $0[1] }).contains("sda"))
    for words in sent {
      let told = records.filter { String($0.pid) == words[0] && $0.disk == "command" }
      let isNVMe = words[1] == "nvme0n1"
      let names = isNVMe ? ["nvme0", "nvme0n1"] : [words[1]]
      #expect(
        told.allSatisfy { names.contains($0.deviceName) && $0.path == "/dev/\($0.deviceName)" },
        "\(words): \(told)")
      let name = Self.commands[kind(words)]
      #expect(told.contains { $0.command == name }, "\(words), \(name ?? "?"): \(told)")
      let ofDisk = records.filter { String($0.pid) == words[0] && $0.deviceName == words[1] }
      let count = isNVMe ? 0 : ofDisk.map(\.requests).reduce(0, +)
      #expect(isNVMe || count == Int(words[2]), "\(words): \(told)")
    }
  }

  /// A disk that is asked whether it sleeps goes on sleeping; asked what it is, it wakes.
  private func expectWakeups(_ guest: Guest) throws {
    let records = try guest.requests("wakeups.trace")
    let sent = try guest.words("commands.sent")
    for disk in Set(sent.map { $0[1] }) where disk.hasPrefix("sd") {
      let identify = sent.last { $0[1] == disk && $0[4] == "-I" }
      let told = records.filter { $0.deviceName == disk && $0.disk == "command" }
      #expect(
        told.contains { String($0.pid) == identify?[0] && $0.command == "IDENTIFY" }, "\(told)")
      #expect(
        told.allSatisfy {
          $0.wakes == true && $0.idle ?? 0 >= 1 && $0.command != "CHECK POWER MODE"
        },
        "\(told)")
    }
  }

  /// Scope and particulars of a process in a control group, up to its end.
  private func expectGroup(_ guest: Guest) throws {
    let directory = "/var/tmp/load/a directory"
    let records = try guest.particulars()
    #expect(records.contains { $0.types.contains("O") && $0.path == "\(directory)/held" })
    #expect(records.contains { $0.types == "CW" && $0.path == "\(directory)/held" })
    for record in records {
      #expect(record.cgroup == "/new.service" && record.unit == "new.service", "\(record)")
      #expect(record.cwd == directory && record.args?.suffix(2) == ["it's", "held"], "\(record)")
    }
  }

  /// A request to a stack of devices is told at each of them, as what it is there: never twice, and
  /// always of the one who made it.
  private func expectStack(_ guest: Guest) throws {
    let records = try guest.requests("stack.trace")
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

/// A line with --cgroup, --cwd and --args.
private struct Particulars: Decodable {
  let types, path: String
  let cgroup, unit, cwd: String?
  let args: [String]?
}

/// A line of --disk.
private struct Request: Decodable {
  let pid, bytes, requests: Int
  let disk, deviceName, cause: String
  let path, command: String?
  let wakes: Bool?
  let idle: Double?
}

/// What a run of guest.sh, which says what there is, has left behind.
private struct Guest {
  private let directory: String
  private var results: String { "\(directory)/results" }

  init(_ series: String) throws {
    directory = Scratch.newName()
    let kernels = "\(Built.root)/Tests/kernels"
    var programs = [
      Built.bfatrace, Built.fileload, Built.filemoves, "/usr/sbin/dmsetup", "/usr/sbin/smartctl",
      "/usr/sbin/hdparm", "/usr/bin/sg_raw", "/usr/sbin/nvme",
    ]
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

  /// Tables at the end have other members.
  func requests(_ file: String) throws -> [Request] { try decode(file, having: "disk") }

  func particulars() throws -> [Particulars] { try decode("group.trace", having: "types") }

  private func decode<Record: Decodable>(_ file: String, having key: String) throws -> [Record] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try text(file).split(separator: "\n").filter { $0.contains("\"\(key)\":") }.map {
      try decoder.decode(Record.self, from: Data($0.utf8))
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
