// SPDX-License-Identifier: Apache-2.0

import CBfatrace

extension LineBuffer {
  /// The members of a row, each with a comma in front.
  mutating func appendJSON(
    _ row: Int, of tally: borrowing Tally, keys: [TableKey], names: inout TableNames
  ) {
    let found = tally[row]
    var reader = TableKeyReader(tally.key(of: row))
    for key in keys {
      if key.kind == .process {
        append(key: "comm", found.commBytes)
      }
      appendJSON(reader.value(key.kind), of: key, &names)
    }
    appendJSON(found.numbers, tally.subject)
    if found.hasMoreFiles { append(",\"more_files\":true") }
    if found.isPartial {
      append(",\"partial\":true")
      append(key: "missing", found.missing)
    }
  }

  /// The numbers of a row, each with a comma in front.
  mutating func appendJSON(_ numbers: TableNumbers, _ subject: Subject) {
    for column in subject.columns {
      guard let value = column.value(numbers, subject) else { continue }
      if case .hundredths = column.unit {
        append(key: column.key)
        append(string: column.unit.text(value, short: false))
      } else {
        append(key: column.key, value)
      }
    }
  }

  private mutating func appendJSON(
    _ value: TableValue, of key: TableKey, _ names: inout TableNames
  ) {
    switch value {
    case .pid(let pid): append(key: "pid", UInt64(pid))
    case .string(let bytes):
      if bytes.isEmpty { return }
      switch key.kind {
      case .exe: append(key: "exe", string: bytes)
      case .unit: append(key: "unit", string: bytes)
      case .container: append(key: "container", string: bytes)
      default: append(key: "comm", string: bytes)
      }
    case .path(let path, let isTail): appendJSON(path, isTail: isTail, of: key)
    case .numbers(let device, let inode):
      appendJSON(device: device)
      if let inode { append(key: "inode", inode) }
    case .user(let uid):
      append(key: "uid", UInt64(uid))
      if let name = names.user(uid) { append(key: "user", name) }
    case .call(let call):
      guard let name = bfa_call_name(call) else { return }
      append(key: "syscall", Array(String(cString: name).utf8))
    case .disk(let disk):
      if let name = names.disks[disk] { append(key: "device_name", name) }
    case .fileSystem(let device):
      if device == 0 { return }
      appendJSON(device: device)
      if let name = names.fileSystem(device) { append(key: "device_name", name) }
    case .none: return
    }
  }

  private mutating func appendJSON(_ path: UnsafeRawBufferPointer, isTail: Bool, of key: TableKey) {
    let prefix: StaticString = isTail ? "..." : ""
    if key.kind == .dir {
      append(key: "dir", string: path, prefix: prefix)
    } else {
      append(key: "path", string: path, prefix: prefix)
    }
    if isTail { append(",\"truncated\":true") }
  }

  private mutating func append(key: StaticString, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append(key: key, string: $0) }
  }
}
