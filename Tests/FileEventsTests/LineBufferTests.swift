// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Foundation
import Testing

/// The bytes that another thread reads from a pipe; `finished` is signalled at the end.
private final class Received: @unchecked Sendable {
  var bytes: [UInt8] = []
  let finished = DispatchSemaphore(value: 0)
}

@Suite("The buffer of lines")
struct LineBufferTests {
  private func fill(_ writer: inout EventWriter, lines: Int) {
    for number in 0..<lines {
      let record = accessRecord { $0.record.inode = UInt64(number) }
      _ = record.withUnsafeBytes { writer.append(record: $0) }
    }
  }

  @Test("it has room for one line of the greatest length, and grows when it is not written")
  func growth() {
    var writer = EventWriter(capacity: 0)
    #expect(writer.lines.isFull == false)
    let first = writer.lines.capacity
    fill(&writer, lines: 10_000)
    #expect(writer.lines.count == 10_000 * "head(35929): R   /etc/motd\n".utf8.count)
    #expect(writer.lines.capacity > first)
    writer.lines.removeAll()
    #expect(writer.lines.count == 0)
    #expect(writer.lines.isFull == false)
  }

  @Test("it never grows if it is emptied whenever it is full")
  func steadyState() {
    let longest = [UInt8](repeating: 255, count: 4095)
    let marks = [
      BFA_MARK_FILE, BFA_MARK_UNLINKED, BFA_MARK_TRUNCATED, BFA_MARK_FLAGS, BFA_MARK_MODE,
      BFA_MARK_FD,
      BFA_MARK_FILENAME, BFA_MARK_SIZE, BFA_MARK_OFFSET, BFA_MARK_DURATION,
    ]
    let common = Common(
      comm: [UInt8](repeating: 255, count: 16), marks: marks, path: longest, filename: longest)
    let record = callRecord(BFA_CALL_close_range, common) {
      ($0.ret, $0.size, $0.offset, $0.duration_ns) = (.min, .max, .min, .max)
      ($0.record.inode, $0.record.device, $0.record.fd) = (.max, .max, .min)
    }
    for json in [false, true] {
      let options = LineOptions(json: json, long: true, timestamps: .sinceEpoch, user: true)
      var writer = EventWriter(options: options, capacity: 0)
      let capacity = writer.lines.capacity
      for _ in 0..<10 {
        _ = record.withUnsafeBytes { writer.append(record: $0) }
        #expect(writer.lines.count > 32_000)
        #expect(writer.lines.isFull == true)
        writer.lines.removeAll()
      }
      #expect(writer.lines.capacity == capacity)
    }
  }

  @Test("it has room for a call on two names whose bytes take the most characters")
  func longestLine() throws {
    // A byte of 100 or more takes four characters in JSON, and one that is no character takes four
    // in text.
    let longest = Array("/".utf8) + [UInt8](repeating: 255, count: 4094)
    let marks = [
      BFA_MARK_FILE, BFA_MARK_UNLINKED, BFA_MARK_FLAGS, BFA_MARK_MODE, BFA_MARK_PROT, BFA_MARK_FD,
      BFA_MARK_FILENAME, BFA_MARK_SIZE, BFA_MARK_OFFSET, BFA_MARK_DURATION, BFA_MARK_NEW_PATH,
      BFA_MARK_NEW_FILENAME, BFA_MARK_PART, BFA_MARK_TRUNCATED, BFA_MARK_NEW_TRUNCATED,
    ]
    let common = Common(
      comm: [UInt8](repeating: 255, count: 16), types: [BFA_ALL_TYPES], marks: marks,
      path: longest, filename: longest, newPath: longest, newFilename: longest)
    let record = callRecord(BFA_CALL_sync_file_range, common) {
      ($0.ret, $0.size, $0.offset, $0.duration_ns) = (.min, .max, .min, .max)
      ($0.record.inode, $0.record.device, $0.record.fd) = (.max, .max, .min)
      ($0.record.flags, $0.record.mode, $0.record.tid, $0.record.tgid) = (.max, .max, .max, .max)
      ($0.record.uid, $0.record.gid, $0.record.time_ns) = (.max, .max, .max)
    }
    let successful = callRecord(BFA_CALL_sync_file_range, common) { $0.ret = .max }
    for (json, least) in [(false, 4 * 4 * 4094), (true, 6 * 4 * 4094)] {
      let options = LineOptions(json: json, long: true, timestamps: .sinceEpoch, user: true)
      var writer = EventWriter(options: options, capacity: 0)
      let capacity = writer.lines.capacity
      for record in [record, successful] {
        let made = record.withUnsafeBytes { writer.append(record: $0) }
        #expect(made && writer.malformed == 0)
        #expect(writer.lines.count > least && writer.lines.count <= capacity)
        let line = writer.lines.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
        if json { try checkJSON(line) }
        writer.lines.removeAll()
      }
      #expect(writer.lines.capacity == capacity)
    }
  }

  @Test(
    "writing goes on after signals, partial writes and full pipes",
    arguments: [0, O_NONBLOCK])
  func writing(flags: Int32) throws {
    var ends: (reader: Int32, writer: Int32) = (-1, -1)
    let made = withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) }
    try #require(made == 0)
    _ = fcntl(ends.writer, F_SETFL, flags)
    // A handler without SA_RESTART: SIGURG interrupts write(2) and poll(2).
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGURG, &action, nil)

    var writer = EventWriter()
    fill(&writer, lines: 20_000)
    let expected = writer.lines.withUnsafeBytes { Array($0) }
    let received = Received()
    let (reader, writingThread) = (ends.reader, pthread_self())
    Thread.detachNewThread {
      var chunk = [UInt8](repeating: 0, count: 10_000)
      for round in 0... {
        if round < 5 {
          usleep(2000)
          pthread_kill(writingThread, SIGURG)
        }
        let count = Glibc.read(reader, &chunk, chunk.count)
        if count <= 0 { break }
        received.bytes += chunk[..<count]
      }
      received.finished.signal()
    }
    try writer.lines.write(to: ends.writer)
    #expect(writer.lines.count == 0)
    close(ends.writer)
    received.finished.wait()
    close(reader)
    #expect(received.bytes == expected)
  }

  @Test("an error has errno, and the rest of the bytes is kept")
  func writeErrors() {
    for (path, expected) in [("/dev/full", ENOSPC), ("", EBADF)] {
      let fd = path.isEmpty ? -1 : open(path, O_WRONLY)
      var writer = EventWriter()
      fill(&writer, lines: 3)
      let count = writer.lines.count
      var failure: Int32 = 0
      do throws(WriteError) {
        try writer.lines.write(to: fd)
      } catch {
        failure = error.errno
      }
      #expect(failure == expected)
      #expect(writer.lines.count == count)
      if fd >= 0 { close(fd) }
    }
  }

  @Test("an empty buffer writes nothing and fails on no descriptor")
  func nothing() throws {
    var writer = EventWriter()
    try writer.lines.write(to: -1)
  }
}
