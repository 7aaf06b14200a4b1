// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

@Suite("Under load", .needsRoot)
struct LoadTests {
  @Test("threads that share a file lose no count")
  func threads() throws {
    let (truth, trace) = try Scenario(name: "threads").traced([])
    #expect(truth.count == 9, "a sum for each thread's file, and one for the file they share")
    expectNone(SumComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  @Test("a million reads of a byte are ten lines a second, and all are counted")
  func bytes() throws {
    let (truth, trace) = try Scenario(name: "bytes").traced(["-t", "-t"])
    let lines = try Line.all(in: trace.output)
    expectNone(SumComparison.differences(truth: truth, trace: lines))
    #expect(lines.map(\.sums.reads).reduce(0, +) == 1_000_000)
    let times = try trace.objects().map { try #require($0["timestamp"] as? Double) }
    // A line has the time of its first call, and the last line covers up to a tenth of a second
    // more.
    let seconds = try #require(times.max()) - (try #require(times.min())) + 0.1
    // Three more lines: one for the creation of the file, one for a flush soon after the beginning,
    // and one because the time of a line is that of a call and not of the flush before it.
    #expect(Double(lines.count) <= 10 * seconds + 3, "\(lines.count) lines in \(seconds) s")
  }

  @Test("four threads that open, write, read and close as fast as they can: the sums are exact")
  func storm() throws {
    try Scratch.directory { directory in
      let rounds = 50_000
      let options = ["--json", "--summary-only", "--ring-size", "256", "--under", directory]
      let trace = try Trace.of(options) {
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
          for _ in 0..<rounds {
            let fd = open("\(directory)/file\(thread)", O_RDWR | O_CREAT, 0o600)
            var byte: UInt8 = 0
            if pwrite(fd, &byte, 1, 0) + pread(fd, &byte, 1, 0) != 2 || close(fd) != 0 {
              Issue.record("a call failed: \(errno)")
            }
          }
        }
      }
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, trace.description)
      let row = try #require(try trace.objects().first { $0["pid"] as? Int == Int(getpid()) })
      for key in ["opens", "reads", "read_bytes", "writes", "write_bytes"] {
        #expect(row[key] as? Int == 4 * rounds, "\(key): \(row)")
      }
    }
  }

  @Test("six threads close files at numbers that others get at once: each close has its own file")
  func closes() throws {
    try Scratch.directory { directory in
      // Children that other tests fork meanwhile inherit the descriptors: trace this process only.
      let options = [
        "--syscalls", "--filter", "C", "--json", "--ring-size", "256", "-p", "\(getpid())",
      ]
      var expected: [String: Int] = [:]
      let trace = try Trace.of(options + ["--under", directory]) {
        expected = closeByThreads(6, rounds: 20_000, in: directory)
      }
      #expect(trace.ended.status == 0 && trace.ended.errors.isEmpty, "\(trace.ended)")
      var counts: [String: Int] = [:]
      for line in trace.lines {
        let path = line.firstMatch(of: /"path":"([^"]*)"/)?.1 ?? "no path"
        let tid = line.firstMatch(of: /"tid":(\d+)/)?.1 ?? "?"
        counts["\(tid) \(path)", default: 0] += 1
      }
      #expect(counts == expected)
    }
  }

  @Test("while directories are renamed, each read is shown with a path that the file had")
  func renameStorm() throws {
    try Scratch.directory { directory in
      let storm = try RenameStorm(in: directory)
      let lines = try storm.traced(["--syscalls"]).filter { $0.syscall == "pread64" }
      storm.expectOnlyNames(of: lines)
      #expect(lines.count == RenameStorm.reads)
    }
  }

  @Test(
    "while directories are renamed, merged lines have paths that the file had, and lose no count")
  func mergedRenameStorm() throws {
    try Scratch.directory { directory in
      let storm = try RenameStorm(in: directory)
      // Drop lines without reads: they show the directories, which change.
      let lines = try storm.traced([]).filter { $0.sums != Sums() }
      storm.expectOnlyNames(of: lines)
      let reads = UInt64(RenameStorm.reads)
      let all = lines.reduce(into: Sums()) { $0 += $1.sums }
      #expect(all == Sums(opens: 1, reads: reads, readBytes: reads, closes: 1))
    }
  }
}

/// Starts threads that open a file of their own and close it at once, again and again. Returns how
/// often each thread closed each file.
private func closeByThreads(_ count: Int, rounds: Int, in directory: String) -> [String: Int] {
  let closes = Mutex<[String: Int]>([:])
  let group = DispatchGroup()
  for number in 0..<count {
    group.enter()
    Thread.detachNewThread {
      let file = "\(directory)/file\(number)"
      for _ in 0..<rounds where close(open(file, O_RDWR | O_CREAT, 0o600)) != 0 {
        Issue.record("a call failed: \(errno)")
      }
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      let tid = link?.split(separator: "/").last ?? "?"
      closes.withLock { $0["\(tid) \(file)"] = rounds }
      group.leave()
    }
  }
  group.wait()
  return closes.withLock { $0 }
}

/// A file that is read while one directory above it changes its name, and another one its name and
/// its parent. A path put together from different moments is one that the file never had.
private final class RenameStorm: Sendable {
  static let reads = batches * batchSize
  private static let batches = 30
  private static let batchSize = 1000

  private let directory: String
  private let isOver = Atomic(false)
  /// How often the directories were renamed there and back again.
  private let rounds = Atomic(0)

  init(in directory: String) throws {
    self.directory = directory
    try makeDirectories("top/from/inner", "top/to", in: directory)
    try Data("x".utf8).write(to: URL(filePath: "\(directory)/top/from/inner/file"))
  }

  /// All names that the file has at some time.
  private var names: Set<ByteString> {
    let names = ["top", "peak"].flatMap { top in
      ["from/inner", "to/moved"].map { "\(directory)/\(top)/\($0)/file" }
    }
    return Set(names.map { ByteString($0) })
  }

  func expectOnlyNames(of lines: [Line]) {
    let paths = Dictionary(grouping: lines, by: \.path)
    for (path, lines) in paths where path.map({ !names.contains($0) }) ?? true {
      Issue.record("\(lines.count) lines with path \(path?.description ?? "none")")
    }
    #expect(paths.count > 1, "the renames came between the reads")
  }

  /// Traces the reader with these options.
  func traced(_ options: [String]) throws -> [Line] {
    let trace = try Trace.of(["--json", "--under", directory] + options) { try rage() }
    try #require(trace.ended.status == 0, "\(trace.ended.errors)")
    return try Line.all(in: trace.output)
  }

  private func rage() throws {
    let file = try Calls.open("\(directory)/top/from/inner/file")
    let calm = DispatchSemaphore(value: 0)
    Thread {
      self.rename()
      calm.signal()
    }.start()
    var byte: UInt8 = 0
    var bytes = 0
    for _ in 0..<Self.batches {
      // All reads may be done before a busy machine comes to the first rename.
      waitForRenames()
      for _ in 0..<Self.batchSize { bytes += pread(file, &byte, 1, 0) }
    }
    isOver.store(true, ordering: .relaxed)
    calm.wait()
    close(file)
    try #require(bytes == Self.reads)
  }

  private func waitForRenames() {
    let before = rounds.load(ordering: .relaxed)
    while rounds.load(ordering: .relaxed) == before { usleep(100) }
  }

  /// Renames both directories there and back again until the reader is done, so that the first
  /// names are the last ones.
  private func rename() {
    let (top, peak) = ("\(directory)/top", "\(directory)/peak")
    while !isOver.load(ordering: .relaxed) {
      let failed =
        Glibc.rename("\(top)/from/inner", "\(top)/to/moved") + Glibc.rename(top, peak)
        + Glibc.rename("\(peak)/to/moved", "\(peak)/from/inner") + Glibc.rename(peak, top)
      if failed != 0 { Issue.record("rename: \(POSIXError.last)") }
      rounds.add(1, ordering: .relaxed)
    }
  }
}
