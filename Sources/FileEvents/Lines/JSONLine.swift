// SPDX-License-Identifier: Apache-2.0

import CBfatrace

extension LineBuffer {
  /// The members of an event's object from `comm` to the last, each with a comma in front.
  mutating func appendJSON(
    _ event: Event, _ paths: EventPaths, options: LineOptions, users: inout UserNames
  ) {
    let record = event.record
    // fatrace leaves out what is not known.
    if !options.onlyFatrace || !event.comm.isEmpty { append(key: "comm", string: event.comm) }
    append(key: "pid", UInt64(record.tgid))
    if options.user {
      appendJSONUser(record, users: &users, named: !options.onlyFatrace)
    }
    append(",\"types\":\"")
    append(letters: record.types)
    append(byte: UInt8(ascii: "\""))
    appendJSONNumbers(event, record)
    if options.onlyFatrace {
      if !paths.path.isEmpty {
        let suffix: StaticString = event.has(BFA_MARK_UNLINKED) ? " (deleted)" : ""
        append(key: "path", string: paths.path, suffix: suffix)
      }
      appendJSONProcesses(event, options: options)
      return
    }
    appendJSONPath(event, paths.path)
    if event.has(BFA_MARK_NEW_PATH) { appendJSONNewPath(event, paths.newPath) }
    if !paths.entry.isEmpty { append(key: "entry", string: paths.entry) }
    if !paths.newEntry.isEmpty { append(key: "new_entry", string: paths.newEntry) }
    if event.has(BFA_MARK_FD) { append(key: "fd", Int64(record.fd)) }
    if event.has(BFA_MARK_FLAGS) { append(key: "flags", octal: record.flags) }
    if event.has(BFA_MARK_MODE) { append(key: "mode", octal: record.mode) }
    if event.has(BFA_MARK_PROT) { append(key: "prot", octal: record.mode) }
    if let call = event.call {
      appendJSON(call, of: event)
    } else if let access = event.access {
      appendJSONCounts(access)
    }
    appendJSONProcesses(event, options: options)
    if options.parents && event.has(BFA_MARK_PARENTS_CUT) { append(",\"parents_truncated\":true") }
    let isAsked = event.has(BFA_MARK_FILENAME) || event.has(BFA_MARK_NEW_FILENAME)
    if isAsked && (event.call?.ret ?? 0) >= 0 { append(",\"resolved\":false") }
  }

  mutating func appendJSONUser(_ record: bfa_record, users: inout UserNames, named: Bool) {
    append(key: "uid", UInt64(record.uid))
    append(key: "gid", UInt64(record.gid))
    if named { users.withName(record.uid) { append(key: "user", string: $0) } }
  }

  private mutating func appendJSONNumbers(_ event: Event, _ record: bfa_record) {
    guard event.has(BFA_MARK_FILE) else { return }
    appendJSON(device: record.device)
    append(key: "inode", record.inode)
  }

  private mutating func appendJSONPath(_ event: Event, _ path: UnsafeRawBufferPointer) {
    let isTail = event.has(BFA_MARK_TRUNCATED)
    if isTail && !path.isEmpty {
      append(key: "path", string: path, prefix: "...")
    } else if !path.isEmpty {
      append(key: "path", string: path)
    }
    if event.has(BFA_MARK_UNLINKED) { append(",\"deleted\":true") }
    if isTail { append(",\"truncated\":true") }
  }

  private mutating func appendJSONNewPath(_ event: Event, _ path: UnsafeRawBufferPointer) {
    if path.isEmpty { return }
    if event.has(BFA_MARK_NEW_TRUNCATED) {
      append(key: "new_path", string: path, prefix: "...")
    } else {
      append(key: "new_path", string: path)
    }
  }

  private mutating func appendJSONCounts(_ access: bfa_access) {
    if access.opens != 0 { append(key: "opens", UInt64(access.opens)) }
    if access.reads != 0 { append(key: "reads", access.reads) }
    if access.read_bytes != 0 { append(key: "read_bytes", access.read_bytes) }
    if access.writes != 0 { append(key: "writes", access.writes) }
    if access.write_bytes != 0 { append(key: "write_bytes", access.write_bytes) }
    if access.closes != 0 { append(key: "closes", UInt64(access.closes)) }
  }

  private mutating func appendJSON(_ call: bfa_call_record, of event: Event) {
    append(key: "tid", UInt64(call.record.tid))
    if let name = bfa_call_name(UInt32(call.record.call)) {
      append(",\"syscall\":\"")
      append(cString: name)
      append(byte: UInt8(ascii: "\""))
    }
    append(key: "ret", call.ret)
    if event.has(BFA_MARK_SIZE) { append(key: "size", call.size) }
    if event.has(BFA_MARK_OFFSET) { append(key: "offset", call.offset) }
    if event.has(BFA_MARK_DURATION) { append(key: "duration_ns", call.duration_ns) }
    if call.ret < 0 {
      append(",\"errno\":\"")
      appendErrnoName(call.ret)
      append(byte: UInt8(ascii: "\""))
    }
    if event.has(BFA_MARK_FILENAME) { append(key: "filename", string: event.filename) }
    if event.has(BFA_MARK_NEW_FILENAME) { append(key: "new_filename", string: event.newFilename) }
  }

  /// Makes room for an object and appends its first members; `endObject` takes where it begins.
  mutating func beginObject(_ members: [UInt8]) -> Int {
    reserve()
    let start = count
    members.withUnsafeBytes { append($0) }
    return start
  }

  /// Every member has a comma in front; the object's first becomes its brace.
  mutating func endObject(from start: Int) {
    appendEnding()
    replaceByte(at: start, with: UInt8(ascii: "{"))
    append("}\n")
  }

  @inline(__always)
  mutating func append(key: StaticString) {
    append(",\"")
    append(key)
    append("\":")
  }

  @inline(__always)
  mutating func append(key: StaticString, _ value: UInt64) {
    append(key: key)
    append(decimal: value)
  }

  @inline(__always)
  mutating func append(key: StaticString, _ value: Int64) {
    append(key: key)
    append(decimal: value)
  }

  @inline(__always)
  mutating func append(key: StaticString, octal value: UInt32) {
    append(key: key)
    append(byte: UInt8(ascii: "\""))
    append(octal: value)
    append(byte: UInt8(ascii: "\""))
  }
}
