// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// A process in a record: the one that did it, or an ancestor. Borrowed, as the event is.
struct EventProcess {
  let pid: UInt32
  /// Up to its first NUL.
  let comm: UnsafeRawBufferPointer
  /// The path of its executable, as readlink(2) of /proc/PID/exe tells it; empty if it was not
  /// asked for, has none, or is not known.
  let exe: UnsafeRawBufferPointer
}

/// The processes of a record, the one itself first: `struct bfa_process`, each with its path.
struct EventProcesses {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  /// Nil behind the last one, and where the bytes are not what they should be.
  mutating func next() -> EventProcess? {
    let size = MemoryLayout<bfa_process>.size
    guard let start = rest.baseAddress, rest.count >= size else { return nil }
    let process = start.loadUnaligned(as: bfa_process.self)
    let length = Int(process.exe_len)
    guard rest.count - size >= length else { return nil }
    // Stored fields of C structs always have an offset; the optimiser folds this to a constant.
    let comm = start + (MemoryLayout<bfa_process>.offset(of: \.comm) ?? 0)
    let commLength = strnlen(comm, Int(BFA_COMM_SIZE.rawValue))
    rest = UnsafeRawBufferPointer(rebasing: rest[(size + length)...])
    return EventProcess(
      pid: process.pid, comm: UnsafeRawBufferPointer(start: comm, count: commLength),
      exe: UnsafeRawBufferPointer(start: start + size, count: length))
  }

  /// Whether they are whole processes, up to the last byte.
  var areWhole: Bool {
    var processes = self
    while processes.next() != nil {}
    return processes.rest.isEmpty
  }
}

extension LineBuffer {
  /// ` exe=PATH` and `, parents=(pid=1 comm=init exe=/sbin/init),...`, of what the record holds.
  mutating func appendTextProcesses(_ event: Event, options: LineOptions) {
    var processes = event.processes
    guard let process = processes.next() else { return }
    if options.exe && !process.exe.isEmpty {
      append(" exe=")
      append(escaped: process.exe)
    }
    if !options.parents { return }
    var isFirst = true
    while let parent = processes.next() {
      append(isFirst ? ", parents=(pid=" : ",(pid=")
      isFirst = false
      append(decimal: parent.pid)
      if !parent.comm.isEmpty {
        append(" comm=")
        append(listed: parent.comm)
      }
      if options.exe && !parent.exe.isEmpty {
        append(" exe=")
        append(listed: parent.exe)
      }
      append(byte: UInt8(ascii: ")"))
    }
    if event.has(BFA_MARK_PARENTS_CUT) { append(",...") }
  }

  /// A name cannot pass for one more ancestor: what would, `),(`, is escaped too.
  private mutating func append(listed bytes: UnsafeRawBufferPointer) {
    var run = 0
    for offset in bytes.indices.dropLast(2)
    where bytes[offset] == UInt8(ascii: ")") && bytes[offset + 1] == UInt8(ascii: ",")
      && bytes[offset + 2] == UInt8(ascii: "(")
    {
      append(escaped: UnsafeRawBufferPointer(rebasing: bytes[run..<offset]))
      append(octalEscapesOf: UnsafeRawBufferPointer(rebasing: bytes[offset...offset]))
      run = offset + 1
    }
    append(escaped: UnsafeRawBufferPointer(rebasing: bytes[run...]))
  }

  /// The members `exe` and `parents`, of what the record holds.
  mutating func appendJSONProcesses(_ event: Event, options: LineOptions) {
    var processes = event.processes
    guard let process = processes.next() else { return }
    if options.exe && !process.exe.isEmpty { append(key: "exe", string: process.exe) }
    if !options.parents { return }
    var isFirst = true
    while let parent = processes.next() {
      append(isFirst ? ",\"parents\":[{\"pid\":" : ",{\"pid\":")
      isFirst = false
      append(decimal: parent.pid)
      if !parent.comm.isEmpty { append(key: "comm", string: parent.comm) }
      if options.exe && !parent.exe.isEmpty { append(key: "exe", string: parent.exe) }
      append(byte: UInt8(ascii: "}"))
    }
    if !isFirst { append(byte: UInt8(ascii: "]")) }
  }
}
