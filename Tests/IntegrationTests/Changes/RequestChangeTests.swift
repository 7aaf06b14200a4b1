// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--changes lists what requests of io_uring have changed", .needsRoot)
struct RequestChangeTests {
  /// The name of a way of fileways, and what it leaves below its directory.
  private static let ways = [
    ("openat-create", "created new"), ("openat-truncate", "modified file"),
    ("mkdirat", "created new"), ("symlinkat", "created new"), ("linkat", "created sub/new"),
    ("bind", "created socket"), ("unlinkat", "deleted sub/file"),
    ("unlinkat-directory", "deleted empty"), ("renameat", "moved file -> sub/moved"),
    ("renameat-replace", "modified other"), ("renameat-replace", "moved file -> other"),
    ("write", "modified file"), ("writev", "modified file"), ("write-registered", "modified file"),
    ("splice-back", "modified file"), ("fallocate", "modified file"),
    ("ftruncate", "modified file"), ("setxattr", "attributes file"),
    ("fsetxattr", "attributes file"), ("setxattr-missing", ""), ("getxattr", ""), ("statx", ""),
    ("openat", ""), ("read", ""), ("connect", ""), ("unlinkat-missing", ""),
    ("mkdirat-existing", ""), ("bind-abstract", ""),
  ]

  private struct Report: Decodable {
    var way: String
    var ret: Int64?
  }

  @Test("at once, by a worker and by a thread that polls")
  func requests() throws {
    let known = Set(Way.all.map(\.name))
    // In memory all names are known, and with them whether a rename replaces a file.
    try Scratch.directory(on: .memory) { directory in
      let all = Self.ways.flatMap { name, change in
        ["", "-async", "-sqpoll"].map { ("io_uring-\(name)\($0)", change) }
      }.filter { known.contains($0.0) }
      let load = try Running(Built.fileways, [directory] + Set(all.map(\.0)))
      try waitUntil("fileways is ready") {
        load.outputSoFar.contains("ready\n".utf8) || !load.process.isRunning
      }
      let tracing = try Tracing(["--changes", "--under", directory])
      try? load.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
      let ended = load.wait()
      let trace = tracing.stop()
      try #require(ended.status == 0 && trace.ended.status == 0, "\(ended) \(trace.ended)")
      let reports = try ended.text.split(separator: "\n").filter { $0 != "ready" }.map {
        try JSONDecoder().decode(Report.self, from: Data($0.utf8))
      }
      // The kernel may lack a request, or the file system in memory may lack attributes.
      let refused = Set(
        reports.filter { $0.ret == Int64(-EINVAL) || $0.ret == Int64(-EOPNOTSUPP) }.map(\.way))
      let made = Set(reports.map(\.way)).subtracting(refused)
      let expected = all.filter { $0.1 != "" && made.contains($0.0) }.map { way, change in
        var words = change.split(separator: " ").map(String.init)
        for index in 1..<words.count where words[index] != "->" {
          words[index] = "\(directory)/\(way)/\(words[index])"
        }
        return words.joined(separator: " ")
      }
      #expect(made.count > 40, "\(ended.text)")
      let found = Set(trace.lines)
      #expect(found.subtracting(expected) == [], "listed wrongly")
      #expect(Set(expected).subtracting(found) == [], "missing; refused: \(refused.sorted())")
      #expect(trace.lines.count == expected.count, "\(trace.lines)")
    }
  }
}
