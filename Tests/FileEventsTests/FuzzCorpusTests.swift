// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Foundation
import Testing

/// The seeds of Tests/Fuzz: one record of each kind for each choice of options that matters.
///
/// The seeds depend on the layout of the records. After a change of bpf/bfatrace.h, `WRITE_CORPUS=1
/// swift test --filter FuzzCorpus` writes them again.
@Suite("The corpus of the fuzz target")
struct FuzzCorpusTests {
  private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fuzz/corpus")

  private static var seeds: [String: [UInt8]] {
    let parents = [
      Common.Process(7, "head", "/usr/bin/head"), Common.Process(1, "init", "/sbin/init"),
    ]
    let access = accessRecord(
      Common(types: [read, closed, opened], marks: [BFA_MARK_FILE, BFA_MARK_FD, BFA_MARK_FLAGS])
    ) {
      $0.reads = 2
      $0.opens = 1
    }
    let hostile = accessRecord(
      Common(comm: Array("a): \u{1b}[m".utf8), path: Array("/\n\\\u{85}\u{7f}".utf8) + [0xff]))
    let described = accessRecord(Common(processes: parents))
    let failed = failedOpen(base: "/home/me", filename: "../you//./nope")
    let rename = callRecord(
      BFA_CALL_rename, Common(marks: [BFA_MARK_NEW_PATH], newPath: Array("/etc/issue".utf8)))
    let disk = diskRecord(Common(marks: [BFA_MARK_FILE])) { $0.bytes = 4096 }
    let records = [
      "access": access, "hostile": hostile, "processes": described, "failed": failed,
      "rename": rename, "disk": disk, "disk-end": diskEndRecord(1, latency: 80_000),
    ]
    var seeds: [String: [UInt8]] = [:]
    for (name, record) in records {
      let framed = [UInt8(record.count & 255), UInt8(record.count >> 8)] + record
      let disks: UInt8 = name.hasPrefix("disk") ? 64 : 0
      seeds[name] = [disks | 2 | 4 | 8 | 32] + framed + framed
      seeds["\(name).json"] = [disks | 1 | 4 | 8 | 32] + framed + framed
    }
    return seeds
  }

  @Test("is made of whole records of the present layout")
  func isCurrent() throws {
    if ProcessInfo.processInfo.environment["WRITE_CORPUS"] != nil {
      for (name, bytes) in Self.seeds {
        try Data(bytes).write(to: Self.directory.appending(path: name))
      }
    }
    for (name, bytes) in Self.seeds {
      let kept = try Data(contentsOf: Self.directory.appending(path: name))
      #expect(Array(kept) == bytes, "\(name): run WRITE_CORPUS=1 swift test --filter FuzzCorpus")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
    #expect(Set(names) == Set(Self.seeds.keys))
  }
}
