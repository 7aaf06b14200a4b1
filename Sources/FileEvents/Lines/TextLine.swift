// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

extension LineBuffer {
  /// A line of text from the process name to the newline; the time, if wanted, is there already.
  mutating func appendText(_ event: Event, _ paths: EventPaths, options: LineOptions) {
    let record = event.record
    if options.onlyFatrace && event.comm.isEmpty { append("unknown") }
    append(process: event.comm, pid: record.tgid)
    if options.user { append(userOf: record) }
    append(": ")
    if let call = event.call {
      appendCallName(record, colored: options.color)
      if !event.has(BFA_MARK_NO_FILE) { appendTextPath(event, paths.path, colored: options.color) }
      if event.has(BFA_MARK_NEW_PATH) {
        appendTextNewPath(event, paths.newPath, colored: options.color)
      }
      if event.has(BFA_MARK_PART) {
        append(" types=")
        append(letters: record.types)
      }
      appendTextArguments(event)
      appendText(call, of: event, colored: options.color)
    } else if let access = event.access {
      let letters = append(letters: record.types, colored: options.color)
      for _ in 0..<max(0, 3 - letters) { append(byte: UInt8(ascii: " ")) }
      appendTextPath(event, paths.path, colored: options.color)
      if options.long {
        appendTextEntries(paths)
        appendTextArguments(event)
        let counts = access.reads | access.writes
        if event.has(BFA_MARK_FD) || counts != 0 { appendTextCounts(access) }
      }
    }
    appendTextProcesses(event, options: options)
    append(byte: UInt8(ascii: "\n"))
  }

  /// In the colour of the first letter that it stands for, if any.
  private mutating func appendCallName(_ record: bfa_record, colored: Bool) {
    let isColored = colored && append(colorOfFirst: record.types)
    if let name = bfa_call_name(UInt32(record.call)) {
      append(cString: name)
    } else {
      append(byte: UInt8(ascii: "?"))
    }
    append(style: Style.plain, if: isColored)
  }

  /// A space and the path; the file's numbers, or `?`, stand for one that is not known.
  private mutating func appendTextPath(
    _ event: Event, _ path: UnsafeRawBufferPointer, colored: Bool
  ) {
    append(byte: UInt8(ascii: " "))
    if !path.isEmpty {
      if event.has(BFA_MARK_TRUNCATED) { append("...") }
      append(path: path, colored: colored)
    } else if event.has(BFA_MARK_FILE) {
      append(fileNumbersOf: event.record)
    } else {
      append(byte: UInt8(ascii: "?"))
    }
    if event.has(BFA_MARK_UNLINKED) { append(" (deleted)") }
  }

  private mutating func appendTextNewPath(
    _ event: Event, _ path: UnsafeRawBufferPointer, colored: Bool
  ) {
    append(" new_path=")
    if event.has(BFA_MARK_NEW_TRUNCATED) { append("...") }
    if path.isEmpty {
      append(byte: UInt8(ascii: "?"))
    } else {
      append(path: path, colored: colored)
    }
  }

  private mutating func appendTextEntries(_ paths: EventPaths) {
    if paths.entry.isEmpty { return }
    append(" entry=")
    append(escaped: paths.entry)
    if paths.newEntry.isEmpty { return }
    append(" new_entry=")
    append(escaped: paths.newEntry)
  }

  private mutating func append(path: UnsafeRawBufferPointer, colored: Bool) {
    if colored {
      append(coloredPath: path)
    } else {
      append(escaped: path)
    }
  }

  private mutating func appendTextArguments(_ event: Event) {
    if event.has(BFA_MARK_FD) {
      append(" fd=")
      append(decimal: event.record.fd)
    }
    if event.has(BFA_MARK_FLAGS) {
      append(" flags=")
      append(octal: event.record.flags)
    }
    if event.has(BFA_MARK_MODE) {
      append(" mode=")
      append(octal: event.record.mode)
    }
    if event.has(BFA_MARK_PROT) {
      append(" prot=")
      append(octal: event.record.mode)
    }
  }

  private mutating func appendTextCounts(_ access: bfa_access) {
    append(" reads=")
    append(decimal: access.reads)
    append(byte: UInt8(ascii: "/"))
    append(decimal: access.read_bytes)
    append(" writes=")
    append(decimal: access.writes)
    append(byte: UInt8(ascii: "/"))
    append(decimal: access.write_bytes)
  }

  private mutating func appendText(_ call: bfa_call_record, of event: Event, colored: Bool) {
    if event.has(BFA_MARK_SIZE) {
      append(" size=")
      append(decimal: call.size)
    }
    if event.has(BFA_MARK_OFFSET) {
      append(" offset=")
      append(decimal: call.offset)
    }
    append(" = ")
    if call.ret < 0 {
      append(style: Style.failure, if: colored)
      append("-1 ")
      appendErrnoName(call.ret)
      append(style: Style.plain, if: colored)
    } else if event.has(BFA_MARK_ADDRESS) {
      append(hexadecimal: UInt64(bitPattern: call.ret))
    } else {
      append(decimal: call.ret)
    }
    if event.has(BFA_MARK_DURATION) {
      append(" <")
      append(secondsOf: call.duration_ns)
      append(byte: UInt8(ascii: ">"))
    }
  }

  /// The name of the error in a negative `ret`, or `errno N` if it has none.
  mutating func appendErrnoName(_ ret: Int64) {
    if let number = Int32(exactly: ret.magnitude), let name = bfa_errno_name(number) {
      append(cString: name)
    } else {
      append("errno ")
      append(decimal: ret.magnitude)
    }
  }
}
