// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// A process in a record: the one that did it, or an ancestor. Borrowed, as the event is.
struct EventProcess {
  let pid: UInt32
  /// The name of the process, up to its first NUL.
  let comm: UnsafeRawBufferPointer
  /// The path of its executable, as readlink(2) of /proc/PID/exe returns it; empty if it was not
  /// asked for, has none, or is not known.
  let exe: UnsafeRawBufferPointer
  /// The path of the control group; ancestors have none, and it is empty if it was not asked for.
  var cgroup = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The working directory; ancestors have none, and it is empty if it was not asked for.
  var cwd = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The arguments, as /proc/PID/cmdline has them; ancestors have none, and they are empty if they
  /// were not asked for.
  var args = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// The processes of a record, the one itself first: `struct bfa_process`, each with what is
/// known of it.
struct EventProcesses {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  /// The next process; nil after the last one, and where the bytes are not what they should be.
  mutating func next() -> EventProcess? {
    let size = MemoryLayout<bfa_process>.size
    guard let start = rest.baseAddress, rest.count >= size else { return nil }
    let process = start.loadUnaligned(as: bfa_process.self)
    let ends = (
      exe: size + Int(process.exe_len),
      cgroup: size + Int(process.exe_len) + Int(process.cgroup_len),
      cwd: size + Int(process.exe_len) + Int(process.cgroup_len) + Int(process.cwd_len)
    )
    let end = ends.cwd + Int(process.args_len)
    guard rest.count >= end else { return nil }
    let bytes = rest
    // Stored fields of C structs always have an offset; the optimiser folds this to a constant.
    let comm = start + (MemoryLayout<bfa_process>.offset(of: \.comm) ?? 0)
    let commLength = strnlen(comm, Int(BFA_COMM_SIZE.rawValue))
    rest = UnsafeRawBufferPointer(rebasing: bytes[end...])
    return EventProcess(
      pid: process.pid, comm: UnsafeRawBufferPointer(start: comm, count: commLength),
      exe: UnsafeRawBufferPointer(rebasing: bytes[size..<ends.exe]),
      cgroup: UnsafeRawBufferPointer(rebasing: bytes[ends.exe..<ends.cgroup]),
      cwd: UnsafeRawBufferPointer(rebasing: bytes[ends.cgroup..<ends.cwd]),
      args: UnsafeRawBufferPointer(rebasing: bytes[ends.cwd..<end]))
  }

  /// Whether they are whole processes, up to the last byte.
  var areWhole: Bool {
    var processes = self
    while processes.next() != nil {}
    return processes.rest.isEmpty
  }
}

extension LineBuffer {
  /// ` exe=PATH cgroup=PATH cwd=PATH args="..."` and `, parents=(pid=1 comm=init exe=/sbin/init),...`,
  /// of what the record holds.
  mutating func appendTextProcesses(_ event: Event, options: LineOptions) {
    var processes = event.processes
    guard let process = processes.next() else { return }
    if options.exe && !process.exe.isEmpty {
      append(" exe=")
      append(escaped: process.exe)
    }
    appendText(cgroup: process.cgroup, options: options)
    if options.cwd && !process.cwd.isEmpty {
      append(" cwd=")
      append(escaped: process.cwd)
    }
    if options.args && !process.args.isEmpty {
      appendText(arguments: process.args, areCut: event.has(BFA_MARK_ARGS_CUT))
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

  mutating func appendText(cgroup: UnsafeRawBufferPointer, options: LineOptions) {
    if !options.cgroup || cgroup.isEmpty { return }
    append(" cgroup=")
    append(escaped: cgroup)
  }

  /// The members `cgroup`, and `unit` and `container` where it names one.
  mutating func appendJSON(cgroup: UnsafeRawBufferPointer, options: LineOptions) {
    if !options.cgroup || cgroup.isEmpty { return }
    append(key: "cgroup", string: cgroup)
    let names = CgroupPath(cgroup)
    if !names.unit.isEmpty { append(key: "unit", string: names.unit) }
    if !names.container.isEmpty { append(key: "container", string: names.container) }
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

  /// The members `exe` to `parents`, of what the record holds.
  mutating func appendJSONProcesses(_ event: Event, options: LineOptions) {
    var processes = event.processes
    guard let process = processes.next() else { return }
    if options.exe && !process.exe.isEmpty { append(key: "exe", string: process.exe) }
    appendJSON(cgroup: process.cgroup, options: options)
    if options.cwd && !process.cwd.isEmpty { append(key: "cwd", string: process.cwd) }
    if options.args && !process.args.isEmpty {
      appendJSON(arguments: process.args, areCut: event.has(BFA_MARK_ARGS_CUT))
    }
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
