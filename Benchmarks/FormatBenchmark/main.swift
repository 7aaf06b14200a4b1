// SPDX-License-Identifier: Apache-2.0
// Prints how many nanoseconds a line takes, as text and as JSON, a record that is recorded, and one
// that is added up in a table: from records in memory to bytes in memory. Needs no kernel. Build it
// with -c release.
import CBfatrace
import FileEvents
import Glibc

/// As a busy machine makes them: common paths, all counts, calls with their arguments.
func records() -> [[UInt8]] {
  let paths = [
    "/etc/ld.so.cache", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/var/log/syslog",
    "/home/me/src/project/Sources/Module/SomeSource.swift", "/usr/share/zoneinfo/Europe/Berlin",
  ]
  return paths.enumerated().flatMap { number, path in
    [access(path, pid: 1000 + number), call(path, pid: 35000 + number)]
  }
}

func common(_ path: String, pid: Int, kind: bfa_record_kind, marks: [bfa_mark]) -> bfa_record {
  var record = bfa_record()
  record.kind = UInt16(kind.rawValue)
  record.types = UInt16(BFA_READ.rawValue | BFA_CLOSED.rawValue | BFA_OPENED.rawValue)
  record.path_len = UInt16(path.utf8.count)
  record.marks = marks.reduce(BFA_MARK_FILE.rawValue | BFA_MARK_FD.rawValue) { $0 | $1.rawValue }
  record.fd = 3
  record.tgid = UInt32(pid)
  record.tid = UInt32(pid)
  record.time_ns = 4_711_123_456_789
  record.inode = 658_203
  record.device = 8 << 20 | 2
  record.flags = 0o2000000
  withUnsafeMutableBytes(of: &record.comm) { $0.copyBytes(from: Array("systemd-journal".utf8)) }
  return record
}

func access(_ path: String, pid: Int) -> [UInt8] {
  var access = bfa_access()
  access.record = common(
    path, pid: pid, kind: BFA_RECORD_ACCESS, marks: [BFA_MARK_FLAGS, BFA_MARK_MODE])
  (access.opens, access.reads, access.read_bytes, access.closes) = (1, 12, 49152, 1)
  return withUnsafeBytes(of: access) { Array($0) } + Array(path.utf8)
}

func call(_ path: String, pid: Int) -> [UInt8] {
  var call = bfa_call_record()
  call.record = common(
    path, pid: pid, kind: BFA_RECORD_CALL, marks: [BFA_MARK_SIZE, BFA_MARK_DURATION])
  call.record.call = UInt16(BFA_CALL_read.rawValue)
  (call.ret, call.size, call.duration_ns) = (4096, 8192, 1234)
  return withUnsafeBytes(of: call) { Array($0) } + Array(path.utf8)
}

/// How often a round has all records.
let repetitions = 20_000

/// Nanoseconds a record, of the best of several rounds: what disturbs only adds.
func best(of records: [[UInt8]], round: () -> Void) -> Double {
  var best = Double.infinity
  for _ in 0..<20 {
    let start = processorTime()
    round()
    best = min(best, Double(processorTime() - start) / Double(repetitions * records.count))
  }
  return best
}

/// Nanoseconds a line.
func measure(_ records: [[UInt8]], _ options: LineOptions) -> Double {
  var writer = EventWriter(options: options)
  return best(of: records) {
    for _ in 0..<repetitions {
      for record in records {
        _ = record.withUnsafeBytes { writer.append(record: $0) }
        if writer.lines.isFull { writer.lines.removeAll() }
      }
    }
  }
}

/// Nanoseconds a record that is only kept.
func measureRecording(_ records: [[UInt8]]) -> Double {
  var writer = RecordingWriter()
  return best(of: records) {
    for _ in 0..<repetitions {
      for record in records {
        record.withUnsafeBytes { writer.append(record: $0, realtimeOffset: 0) }
        if writer.frames.isFull { writer.frames.removeAll() }
      }
    }
  }
}

func processorTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds a record that goes into a table by file, of so many files that come in turn.
func measureTable(files: Int, rounds: Int) -> Double {
  var options = LineOptions()
  var table = TableOptions()
  table.keys = [TableKey(.file)]
  (options.summary, options.onlySummary, options.table) = (true, true, table)
  var writer = EventWriter(options: options)
  // Built before the clock runs, and all of the same length: a path of 34 bytes.
  var record = access("/home/me/project/of/000/000000.txt", pid: 1)
  let start = processorTime()
  for _ in 0..<rounds {
    for file in 0..<files {
      var rest = file
      for place in 0..<6 {
        record[record.count - 5 - place] = UInt8(48 + rest % 10)
        rest /= 10
      }
      record[record.count - 13] = UInt8(65 + file / 1_000_000)
      _ = record.withUnsafeBytes { writer.append(record: $0) }
    }
  }
  return Double(processorTime() - start) / Double(files * rounds)
}

let all = records()
let merged = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
let calls = all.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
for (name, records, options) in [
  ("text", merged, LineOptions()),
  ("text --long --timestamp", merged, LineOptions(long: true, timestamps: .timeOfDay)),
  ("text --syscalls", calls, LineOptions()),
  ("JSON", merged, LineOptions(json: true)),
  ("JSON --timestamp", merged, LineOptions(json: true, timestamps: .timeOfDay)),
  ("JSON --syscalls", calls, LineOptions(json: true)),
] {
  let tenths = Int(10 * measure(records, options))
  print("\(tenths / 10).\(tenths % 10) \(name)")
}
for (name, records) in [("recording", merged), ("recording --syscalls", calls)] {
  let tenths = Int(10 * measureRecording(records))
  print("\(tenths / 10).\(tenths % 10) \(name)")
}
for (files, rounds) in [(100, 20_000), (100_000, 20), (2_000_000, 2)] {
  let tenths = Int(10 * measureTable(files: files, rounds: rounds))
  print("\(tenths / 10).\(tenths % 10) a table by file, \(files) files")
}
