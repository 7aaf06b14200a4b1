// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Glibc
import Testing

/// Counts how often this thread calls the allocator.
///
/// A hardware breakpoint (perf_event_open(2)) on the first instruction of each function that
/// allocates counts its calls. So memory that is freed at once counts, too, which the size of the
/// heap (mallinfo2(3)) does not show. Other threads, which run tests at the same time, do not
/// count. Nothing is patched or replaced, so it works with every build.
private struct AllocationCounter: ~Copyable {
  // Swift's runtime allocates by malloc and posix_memalign. Processors have four breakpoints or
  // more.
  private static let functions = ["malloc", "calloc", "realloc", "posix_memalign"]
  private let descriptors: [Int32]

  /// Nil where breakpoints may not be set, for example by /proc/sys/kernel/perf_event_paranoid or
  /// seccomp.
  init?() {
    descriptors = Self.functions.map { name in
      dlsym(nil, name).map { Self.countWhenFree(at: UInt64(UInt(bitPattern: $0))) } ?? -1
    }
    if descriptors.contains(where: { $0 < 0 }) { return nil }
  }

  deinit {
    for fd in descriptors where fd >= 0 { close(fd) }
  }

  static var isAvailable: Bool {
    let counter = AllocationCounter()
    return counter != nil
  }

  /// The number of calls since the counter was made.
  var calls: UInt64 {
    var sum: UInt64 = 0
    // Loops by index, here and below: array iterators that are not specialised allocate.
    for index in descriptors.indices {
      var calls: UInt64 = 0
      _ = Glibc.read(descriptors[index], &calls, 8)
      sum += calls
    }
    return sum
  }

  /// Waits up to ten seconds for a breakpoint: a program that another test starts holds copies of
  /// the descriptors of an earlier counter until it is executed, and with them its breakpoints.
  private static func countWhenFree(at address: UInt64) -> Int32 {
    for _ in 0..<1000 {
      let descriptor = countExecutions(of: address)
      if descriptor >= 0 || errno != ENOSPC { return descriptor }
      usleep(10_000)
    }
    return -1
  }

  /// perf_event_open(2) for this thread; C libraries have no function for it.
  private static func countExecutions(of address: UInt64) -> Int32 {
    typealias SystemCall = @convention(c) (Int, UnsafeRawPointer, Int, Int, Int, UInt) -> Int
    guard let symbol = dlsym(nil, "syscall") else { return -1 }
    #if arch(x86_64)
      let number = 298
    #else
      let number = 241
    #endif
    // The first 72 bytes of struct perf_event_attr (linux/perf_event.h).
    var attributes = [UInt64](repeating: 0, count: 9)
    attributes[0] = 5 | 72 << 32  // type: PERF_TYPE_BREAKPOINT; size
    attributes[5] = 1 << 5 | 1 << 6  // exclude_kernel, exclude_hv
    attributes[6] = 4 << 32  // bp_type: HW_BREAKPOINT_X
    attributes[7] = address
    attributes[8] = 8  // bp_len: sizeof(long)
    let closeOnExec: UInt = 8
    let call = unsafeBitCast(symbol, to: SystemCall.self)
    return Int32(call(number, attributes, 0, -1, -1, closeOnExec))
  }
}

@Suite(
  "Memory", .serialized,
  .enabled(
    if: AllocationCounter.isAvailable,
    "allocations cannot be counted: no hardware breakpoints for this user or processor"))
struct AllocationTests {
  private struct NoCounter: Error {}

  private func counter() throws(NoCounter) -> AllocationCounter {
    guard let counter = AllocationCounter() else { throw NoCounter() }
    return counter
  }

  @Test("the counter counts memory that is freed at once")
  func control() throws {
    let counter = try counter()
    let before = counter.calls
    // malloc(3) itself does not work: the optimiser drops it if its memory is not used.
    for _ in 0..<10 { free(getcwd(nil, 0)) }
    let calls = counter.calls - before
    #expect(calls >= 10)
  }

  /// Calls on two names, and a change through an unresolved name. The filter accepts four of the
  /// five.
  private static let twoNames: [[UInt8]] = {
    let asked = [
      BFA_MARK_FILENAME, BFA_MARK_NEW_PATH, BFA_MARK_NEW_FILENAME, BFA_MARK_UNPLACED,
    ]
    let moved = { (marks: [bfa_mark], path: String, newPath: String, ret: Int64) in
      let common = Common(
        types: [BFA_MOVED_FROM, BFA_MOVED_TO], marks: marks, path: Array(path.utf8),
        filename: Array("../a\n/x".utf8), newPath: Array(newPath.utf8),
        newFilename: Array("./b//файл".utf8))
      return callRecord(BFA_CALL_renameat2, common) { $0.ret = ret }
    }
    let unfollowed = Common(
      types: [BFA_CREATED], marks: [BFA_MARK_FILENAME, BFA_MARK_PARENT, BFA_MARK_UNPLACED],
      path: Array("/srv".utf8), filename: Array("long/x".utf8))
    return [
      moved([BFA_MARK_NEW_PATH], "/a\\", "/b", 0), moved(asked, "/srv/d", "/etc", -18),
      moved(asked, "/etc", "/srv", 0), moved(asked, "/etc", "/var", 0), accessRecord(unfollowed),
    ]
  }()

  @Test(
    "lines of both formats, and counts of known files, allocate nothing", arguments: [false, true])
  func lines(json: Bool) throws {
    // All records are well-formed: Swift Testing itself allocates for every error that is thrown.
    let records =
      [
        accessRecord(Common(types: [opened, read, closed], marks: [BFA_MARK_FILE, BFA_MARK_FD])),
        accessRecord(Common(path: [])),
        accessRecord(Common(path: Array("/tmp/файл\n\"\\".utf8))),
        callRecord(BFA_CALL_read, Common(marks: [BFA_MARK_SIZE, BFA_MARK_DURATION])),
        failedOpen(base: "/srv/a", filename: "../b//nope", marks: [BFA_MARK_UNPLACED]),
        failedOpen(base: "/etc", filename: "filtered", marks: [BFA_MARK_UNPLACED]),
      ] + Self.twoNames
    var options = LineOptions(json: json, long: true, timestamps: .timeOfDay, user: true)
    (options.summary, options.color) = (true, true)
    let places = PlaceFilter(under: [Array("/srv".utf8)], parents: [Array("/home".utf8)])
    var writer = EventWriter(options: options, places: places)
    let capacity = writer.lines.capacity
    var made = 0
    let write = { (rounds: Int) in
      for _ in 0..<rounds {
        for index in records.indices {
          made += records[index].withUnsafeBytes { writer.append(record: $0) } ? 1 : 0
          if writer.lines.isFull { writer.lines.removeAll() }
        }
      }
    }
    write(1)  // time zone, metadata and globals are made at their first use
    let counter = try counter()
    let before = counter.calls
    write(2000)
    let allocations = counter.calls - before
    #expect(allocations == 0)
    #expect(made == 2001 * (5 + 4))
    #expect(writer.lines.capacity == capacity)
  }
}
