// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The loads of the other tests under booted kernels: traced there, compared here.
@Suite("Under another kernel", .serialized)
struct KernelTests {
  @Test(
    "the programs load with every option, and traces are as exact as here",
    arguments: ["6.1", "6.12"])
  func loads(series: String) throws {
    let guest = try Guest(series, "guest.sh", try programs)
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
    try expectClient(guest, isKnown: series != "6.1")
    try expectMachines(guest)
    try expectCommands(guest)
    try expectWakeups(guest)
  }

  /// Expects the process that waits for FUSE as the reader, if the kernel has the tracepoint for
  /// FUSE requests.
  private func expectClient(_ guest: Guest, isKnown: Bool) throws {
    let pids = try guest.words("fuse.pids").first.map { $0.compactMap { Int($0) } } ?? []
    try #require(pids.count == 2)
    let (client, daemon) = (pids[0], pids[1])
    let records = try guest.requests("fuse.trace").filter { $0.path == "/var/tmp/below/file" }
    #expect(records.map(\.bytes).reduce(0, +) == 65536, "\(records)")
    for record in records {
      #expect(record.pid == (isKnown ? client : daemon), "\(record), for \(client)")
      #expect(record.by?.pid == (isKnown ? daemon : nil), "\(record), by \(daemon)")
    }
  }

  /// Expects that what the one thread of the NFS server does has the address of the machine whose
  /// request it is at, and what two machines have written to a file that of the last one, as likely.
  private func expectMachines(_ guest: Guest) throws {
    let four = "127.0.0.1"
    let six = "::1"
    let rows = [
      ("a", "write", 1, four, nil), ("b", "write", 1, six, nil),
      ("both", "write", 2, six, "likely"),
      ("a", "read", 1, six, nil),
    ]
    let records = try guest.requests("nfs.trace")
    for (name, kind, count, client, certainty) in rows {
      let shown = records.filter {
        $0.path == "/var/tmp/export/\(name)" && $0.disk == kind
          && !["journal", "metadata"].contains($0.cause)
      }
      #expect(shown.map(\.bytes).reduce(0, +) == count << 16, "\(kind) \(name): \(records)")
      for record in shown {
        #expect(record.comm == "nfsd" && record.client == client, "\(record), for \(client)")
        #expect(record.certainty == certainty, "\(record)")
      }
    }
  }

  /// The programs that guest.sh runs.
  private var programs: [String] {
    get throws {
      let programs = [
        Built.bfatrace, Built.fileload, Built.filemoves, "/usr/sbin/dmsetup", "/usr/sbin/smartctl",
        "/usr/sbin/hdparm", "/usr/bin/sg_raw", "/usr/sbin/nvme", try StaticBinary.made.get(),
        "\(Guest.kernels)/static.sh", "/usr/bin/bindfs", "/usr/bin/setpriv",
        "/usr/sbin/blkid", "/usr/bin/lsblk",
      ]
      return Program32.isForThisMachine ? programs + [try Program32.fileload.get()] : programs
    }
  }

  /// The commands that each program sends, of those known for all disks.
  private static let commands = [
    "hdparm -C": "CHECK POWER MODE", "hdparm -I": "IDENTIFY", "hdparm -y": "STANDBY IMMEDIATE",
    "smartctl -i": "INQUIRY", "sg_raw 12": "INQUIRY", "sg_raw 00": "TEST UNIT READY",
    "sg_raw 1b 00": "STOP UNIT", "sg_raw 1b 01": "START STOP UNIT", "nvme id-ctrl": "IDENTIFY",
    "nvme smart-log": "GET LOG PAGE", "nvme flush": "FLUSH", "nvme read": "READ",
    "smartctl nvme": "IDENTIFY",
  ]

  /// The key in `commands` for a line of commands.sent.
  private func kind(_ words: [String]) -> String {
    if ["blkid", "lsblk"].contains(words[3]) { return words[3] }
    if words[1] == "nvme0n1" { return words[3] == "nvme" ? "nvme \(words[4])" : "smartctl nvme" }
    guard words[3] == "sg_raw" else { return "\(words[3]) \(words[4])" }
    let bytes = words.drop { !$0.hasPrefix("/dev") }.dropFirst()
    let code = bytes.first ?? ""
    return code == "1b" ? "sg_raw 1b \(bytes.dropFirst(4).first ?? "")" : "sg_raw \(code)"
  }

  /// Expects each command that is passed through with its name, its sender and its disk, and no
  /// request missing, as the devices themselves count.
  private func expectCommands(_ guest: Guest) throws {
    let records = try guest.requests("commands.trace")
    expectLatency(records)
    let sent = try guest.words("commands.sent")
    try #require(Set(sent.map { $0[1] }).contains("sda"))
    for words in sent {
      let own = records.filter { String($0.pid) == words[0] }
      expectNamed(own, words)
      let counted = own.filter {
        $0.deviceName == words[1]
          && (words[1] != "nvme0n1" || $0.disk == "read" || $0.command == "READ")
      }
      #expect(counted.map(\.requests).reduce(0, +) == Int(words[2]), "\(words): \(own)")
    }
  }

  /// Expects the requests of a program, by its line of commands.sent.
  private func expectNamed(_ records: [Request], _ words: [String]) {
    let shown = records.filter { $0.disk == "command" }
    let names = words[1] == "nvme0n1" ? ["nvme0", "nvme0n1"] : [words[1]]
    #expect(
      shown.allSatisfy { names.contains($0.deviceName) && $0.path == "/dev/\($0.deviceName)" },
      "\(words): \(shown)")
    let name = Self.commands[kind(words)]
    #expect(
      name == nil || shown.contains { $0.command == name }, "\(words), \(name ?? ""): \(shown)")
    if name != nil { return }
    // blkid reads, and lsblk asks the kernel alone.
    let isRead = records.contains { $0.cause == "raw" && $0.path == "/dev/\(words[1])" }
    #expect(shown.isEmpty && isRead == (words[3] == "blkid"), "\(words): \(records)")
  }

  /// Expects that a disk stays asleep when it is asked whether it sleeps, and wakes when asked what
  /// it is.
  private func expectWakeups(_ guest: Guest) throws {
    let records = try guest.requests("wakeups.trace")
    let sent = try guest.words("commands.sent")
    for disk in Set(sent.map { $0[1] }) where disk.hasPrefix("sd") {
      let identify = sent.last { $0[1] == disk && $0[4] == "-I" }
      let shown = records.filter { $0.deviceName == disk && $0.disk == "command" }
      #expect(
        shown.contains { String($0.pid) == identify?[0] && $0.command == "IDENTIFY" }, "\(shown)")
      #expect(
        shown.allSatisfy {
          $0.wakes == true && $0.idle ?? 0 >= 1 && $0.command != "CHECK POWER MODE"
        },
        "\(shown)")
    }
  }

  /// Expects control group, working directory and arguments of a process in its lines, up to its
  /// end.
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

  /// Expects a request to a stack of devices once at each of them, always with the process that
  /// made it.
  private func expectStack(_ guest: Guest) throws {
    let records = try guest.requests("stack.trace")
    let pids = try guest.words("stack.pids").first.map { $0.compactMap { Int($0) } } ?? []
    try #require(pids.count == 2)
    let kinds = [("read", pids[1]), ("write", pids[0])]
    for (before, after) in zip(try guest.words("stack.before"), try guest.words("stack.after")) {
      for (index, (kind, pid)) in kinds.enumerated() {
        let counted = (Int(after[index + 1]) ?? 0) - (Int(before[index + 1]) ?? 0)
        let shown = records.filter { $0.deviceName == after[0] && $0.disk == kind }
        #expect(shown.map(\.bytes).reduce(0, +) == counted, "\(kind) \(after[0]): \(records)")
        #expect(
          shown.allSatisfy { $0.pid == pid && $0.path == "/dev/\(after[0])" && $0.cause == "raw" },
          "\(kind) by \(pid): \(records)")
      }
    }
    for device in ["dm-0", "md_mirror", "loop0", "loop1"] {
      let written = records.filter { $0.deviceName == device && $0.disk == "write" }
      #expect(written.map(\.bytes).reduce(0, +) == 3 << 16, "\(device): \(records)")
    }
    for file in ["/var/tmp/loop0", "/var/tmp/loop1"] {
      // The file system below may write its journal meanwhile: leave that out.
      let below = records.filter {
        $0.path == file && $0.disk == "write" && !["journal", "metadata"].contains($0.cause)
      }
      #expect(below.map(\.bytes).reduce(0, +) == 3 << 16, "\(file): \(records)")
      #expect(below.allSatisfy { $0.pid == pids[0] }, "\(file) by \(pids[0]): \(records)")
    }
    expectLatency(records)
  }

  /// Expects a latency for requests to all kinds of devices. The kernel may have requests under way
  /// to the disk that it runs from when the trace ends: leave those out.
  private func expectLatency(_ records: [Request]) {
    let own = records.filter { $0.deviceName != "nvme0n1" || $0.disk == "command" }
    #expect(own.allSatisfy { $0.latency ?? 0 > 0 }, "\(own.filter { $0.latency == nil })")
    let others = records.filter { $0.deviceName == "nvme0n1" }
    #expect(others.isEmpty || others.contains { $0.latency ?? 0 > 0 }, "\(others)")
  }
}
