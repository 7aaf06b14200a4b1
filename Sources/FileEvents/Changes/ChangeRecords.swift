// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

extension Changes {
  /// Adds what a call did.
  mutating func add(_ event: Event, _ paths: EventPaths) {
    guard let call = event.call else { return }
    if call.ret < 0 { return addFailure(call, event, paths) }
    let types = UInt32(call.record.types)
    if types & (BFA_CREATED.rawValue | BFA_DELETED.rawValue | Self.moves) != 0 {
      changeName(call, event, paths)
    } else if !event.has(BFA_MARK_UNLINKED) {
      use(call, types, event, paths)
    }
  }

  private static let moves = BFA_MOVED_FROM.rawValue | BFA_MOVED_TO.rawValue

  private mutating func changeName(
    _ call: bfa_call_record, _ event: Event, _ paths: EventPaths
  ) {
    // What a rename has moved may lie on the way of its names: their text leads elsewhere.
    let isUnsure = event.has(BFA_MARK_FILENAME) || event.has(BFA_MARK_NEW_FILENAME)
    let isCut = event.has(BFA_MARK_TRUNCATED) || event.has(BFA_MARK_NEW_TRUNCATED)
    let types = UInt32(call.record.types)
    let isDirectory = event.has(BFA_MARK_DIRECTORY)
    if isCut || paths.path.isEmpty || (isUnsure && types & Self.moves != 0) {
      miss()
    } else if types & Self.moves != 0 {
      rename(call, event, paths, isDirectory: isDirectory)
    } else if types & BFA_DELETED.rawValue != 0 {
      delete(paths.path)
    } else if event.has(BFA_MARK_NEW_PATH) {
      link(paths.path, to: paths.newPath)
    } else {
      create(paths.path, isDirectory: isDirectory)
    }
  }

  private mutating func rename(
    _ call: bfa_call_record, _ event: Event, _ paths: EventPaths, isDirectory: Bool
  ) {
    let flags = event.has(BFA_MARK_FLAGS) ? call.record.flags : 0
    if flags & Self.exchange != 0 {
      return exchange(
        paths.path, with: paths.newPath, isDirectory: isDirectory,
        isOtherDirectory: event.has(BFA_MARK_OTHER_DIRECTORY))
    }
    let isNew = flags & Self.noReplace != 0 || event.has(BFA_MARK_NEW_NAME)
    let target: Target = isNew ? .none : event.has(BFA_MARK_REPLACED) ? .there : .unknown
    rename(paths.path, to: paths.newPath, target: target, isDirectory: isDirectory)
    if flags & Self.whiteout != 0 { create(paths.path) }
  }

  // include/uapi/linux/fs.h
  private static let noReplace: UInt32 = 1 << 0
  private static let exchange: UInt32 = 1 << 1
  private static let whiteout: UInt32 = 1 << 2

  /// A file is read, written, mapped, executed, or has its attributes changed.
  private mutating func use(
    _ call: bfa_call_record, _ types: UInt32, _ event: Event, _ paths: EventPaths
  ) {
    let isChange =
      types & BFA_WRITTEN.rawValue != 0 && (call.ret > 0 || !Self.movesBytes(call.record.call))
    var state: ChangeTree.State = isChange ? .modified : []
    if types & BFA_MAPPED.rawValue != 0 { state.insert(.mapped) }
    if types & BFA_ATTRIBUTES.rawValue != 0 { state.insert(.attributes) }
    let isRead = types & (BFA_READ.rawValue | BFA_MAPPED.rawValue) != 0
    if state.isEmpty && !isRead { return }
    if paths.path.isEmpty || event.has(BFA_MARK_TRUNCATED) { return miss() }
    if isRead { use(paths.path, Self.isExec(call.record.call) ? .executed : .read) }
    if !state.isEmpty { mark(paths.path, state) }
  }

  /// Names that are not there, of calls that look at one.
  private mutating func addFailure(
    _ call: bfa_call_record, _ event: Event, _ paths: EventPaths
  ) {
    let types = UInt32(call.record.types)
    guard call.ret == -Int64(ENOENT),
      types & (BFA_CREATED.rawValue | BFA_DELETED.rawValue | Self.moves) == 0,
      !event.has(BFA_MARK_NEW_PATH), event.has(BFA_MARK_FILENAME), !event.filename.isEmpty
    else { return }
    let opens = types & BFA_OPENED.rawValue != 0
    if opens && call.record.flags & UInt32(O_CREAT) != 0 { return }
    if paths.path.isEmpty || event.has(BFA_MARK_TRUNCATED) { return }
    lookInVain(paths.path)
  }

  private static func isExec(_ call: UInt16) -> Bool {
    let call = UInt32(call)
    return call == BFA_CALL_execve.rawValue || call == BFA_CALL_execveat.rawValue
  }

  /// Whether the result is a number of bytes: if that is 0, nothing is written.
  private static func movesBytes(_ call: UInt16) -> Bool {
    switch bfa_call(rawValue: UInt32(call)) {
    case BFA_CALL_write, BFA_CALL_pwrite64, BFA_CALL_writev, BFA_CALL_pwritev, BFA_CALL_pwritev2,
      BFA_CALL_sendfile, BFA_CALL_sendfile64, BFA_CALL_splice, BFA_CALL_vmsplice,
      BFA_CALL_copy_file_range, BFA_CALL_io_uring_write, BFA_CALL_io_uring_writev,
      BFA_CALL_io_uring_write_fixed, BFA_CALL_io_uring_writev_fixed, BFA_CALL_io_uring_splice,
      BFA_CALL_aio_pwrite, BFA_CALL_aio_pwritev:
      true
    default: false
    }
  }
}
