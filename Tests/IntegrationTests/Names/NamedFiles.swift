// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Which arguments of a system call name files.
struct CallShape {
  /// One letter per argument: a descriptor (f), a directory with a name (d), a name (p), or
  /// something else (-).
  var arguments: String
  /// Whether the call follows the last component of a name if it is a symbolic link.
  var follows = false
  /// The flags argument, and the bit of it that reverses `follows`.
  var turnedBy: (argument: Int, bit: Int)?

  /// AT_SYMLINK_NOFOLLOW
  private static let noFollow = 0x100

  /// Whether a call with these arguments follows the last component.
  func follows(_ arguments: [Substring]) -> Bool {
    guard let (argument, bit) = turnedBy, argument < arguments.count else { return follows }
    let text = arguments[argument]
    let flags = (text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)) ?? 0
    return follows != (flags & bit != 0)
  }

  /// The calls that are compared, from strace's classes %file and %desc.
  static let all: [String: CallShape] = {
    var shapes: [String: CallShape] = [:]
    func add(_ arguments: String, _ names: String, follows: Bool = false, flagsAt: Int? = nil) {
      for name in names.split(separator: " ") {
        shapes[String(name)] = CallShape(
          arguments: arguments, follows: follows, turnedBy: flagsAt.map { ($0, noFollow) })
      }
    }
    add("p", "open creat stat access chmod chown utime utimes truncate chdir statfs", follows: true)
    add("p", "execve getxattr setxattr listxattr removexattr", follows: true)
    add("p", "lstat readlink lchown mkdir rmdir unlink mknod lgetxattr lsetxattr llistxattr")
    add("d", "openat openat2 faccessat futimesat", follows: true)
    add("d", "newfstatat utimensat", follows: true, flagsAt: 3)
    add("d", "statx", follows: true, flagsAt: 2)
    add("d", "faccessat2 fchmodat2", follows: true, flagsAt: 3)
    add("d", "fchownat", follows: true, flagsAt: 4)
    add("d", "fchmodat", follows: true)
    add("d", "readlinkat mkdirat mknodat unlinkat")
    add("pp", "rename link")
    add("dd", "renameat renameat2 linkat")
    add("-p", "symlink")
    add("-d", "symlinkat")
    add("f", "read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2 close")
    add("f", "getdents64 fsync fdatasync syncfs sync_file_range ftruncate fallocate")
    add("f", "fstat fstatfs fchmod fchown fchdir fgetxattr fsetxattr flistxattr fremovexattr")
    add("ff", "sendfile")
    add("f-f", "splice copy_file_range")
    add("ff", "tee")
    add("----f", "mmap")
    return shapes
  }()

  /// Calls of these classes that use a descriptor or a place but do not touch its file.
  static let others: Set = [
    "dup", "dup2", "dup3", "fcntl", "lseek", "ioctl", "flock", "fadvise64", "getcwd", "umask",
    "poll", "ppoll", "select", "pselect6", "pipe", "pipe2", "eventfd2", "memfd_create",
    "socket", "socketpair", "connect", "sendto", "recvfrom", "epoll_create1", "epoll_ctl",
    "epoll_wait", "close_range",
  ]
}

/// A system call and the files that it names or has open, in a form that strace's lines and
/// bfatrace's records both convert to.
struct FileNamingCall: CustomStringConvertible {
  var name: String
  /// The value returned, or the name of the error; `?` if strace did not learn it, `ok` for an
  /// address.
  var result: String
  /// For each file, the paths that are right. Links on the way to it are resolved in a call that
  /// succeeded, and not in one that failed.
  var files: [Set<String>]

  var description: String {
    let names = files.map { $0.sorted().map(\.debugDescription).joined(separator: "|") }
    return "\(name) \(names.joined(separator: ", ")) = \(result)"
  }

  func agrees(with traced: FileNamingCall) -> Bool {
    name == traced.name && (result == traced.result || result == "?")
      && files.count == traced.files.count
      && zip(files, traced.files).allSatisfy { $0.isEmpty || !$0.isDisjoint(with: $1) }
  }
}

/// The calls of one thread in strace's log, in order.
struct NamingCallLog {
  private(set) var calls: [FileNamingCall] = []
  /// Names of calls that are neither compared nor known to be about something other than files.
  private(set) var unknown: Set<String> = []
  /// The working directory, once a line has shown it.
  private var directory: String?
  /// The directory where names come and go: they can no longer be looked up after the run.
  private let changing: String

  private let line =
    /(\w+)\((.*)\) = (\?|-?\d+|0x[0-9a-f]+)(?:<([^>]*)>(?:\(deleted\))?)?(?: (E\w+) \(.*\))?/
  private let descriptor = /(-?\d+)(?:<([^>]*)>(?:\(deleted\))?)?/
  private let string = /"([^"]*)"/

  /// - Parameter changing: the directory in which the program works.
  init(text: String, changing: String) throws {
    self.changing = changing
    for entry in text.split(separator: "\n") {
      // Skip signals and the end of the thread.
      if entry.hasPrefix("--- ") || entry.hasPrefix("+++ ") { continue }
      let called = String(entry.prefix { $0 != "(" })
      guard let shape = CallShape.all[called] else {
        if !CallShape.others.contains(called) { unknown.insert(called) }
        continue
      }
      guard let match = try line.wholeMatch(in: entry) else {
        throw StraceLog.NotUnderstood(line: entry)
      }
      let (_, name, arguments, value, path, errno) = match.output
      let result = String(errno ?? (value.hasPrefix("0x") ? "ok" : value))
      try add(
        String(name), shape, Self.split(arguments), result: result,
        opened: path.map { Self.text($0) })
    }
  }

  /// The files of a call's arguments so far.
  private struct Files {
    var paths: [Set<String>] = []
    /// Whether an argument stands for no file, as a pipe does.
    var hasOther = false
  }

  private mutating func add(
    _ name: String, _ shape: CallShape, _ arguments: [Substring], result: String, opened: String?
  ) throws {
    var files = Files()
    var next = 0
    let succeeded = result == "ok" || result.first?.isNumber == true
    let follows = shape.follows(arguments)
    for kind in shape.arguments {
      defer { next += kind == "d" ? 2 : 1 }
      guard next < arguments.count else { break }
      switch kind {
      case "f": try addDescriptor(arguments[next], of: name, to: &files)
      case "d": try addName(arguments[next...], follows, succeeded, to: &files)
      case "p": files.paths.append(try named(arguments[next], from: directory, follows, succeeded))
      default: break
      }
    }
    if let opened, name.hasPrefix("open") || name == "creat" {
      guard opened.hasPrefix("/") else { return }
      files.paths = [[opened]]
    }
    if succeeded, name == "chdir" || name == "fchdir" { directory = files.paths.first?.first }
    if files.paths.isEmpty && files.hasOther { return }
    calls.append(FileNamingCall(name: name, result: result, files: Self.ordered(files.paths, name)))
  }

  /// Adds the file of a descriptor. mmap without one maps no file.
  private func addDescriptor(_ argument: Substring, of name: String, to files: inout Files) throws {
    guard let match = try descriptor.wholeMatch(in: argument) else { return }
    let path = match.output.2.map { Self.text($0) }
    if let path, path.hasPrefix("/") {
      files.paths.append([path])
    } else if path != nil || name == "mmap" {
      files.hasOther = true
    }
  }

  /// Adds the file of a directory and a name, the first two arguments.
  private mutating func addName(
    _ arguments: ArraySlice<Substring>, _ follows: Bool, _ succeeded: Bool, to files: inout Files
  ) throws {
    guard let match = try descriptor.wholeMatch(in: arguments[arguments.startIndex]) else { return }
    let base = match.output.2.map { Self.withoutDeleted(Self.text($0)) }
    if match.output.1 == "-100" { directory = base ?? directory }
    if let base, !base.hasPrefix("/") {
      // AT_EMPTY_PATH with the descriptor of a pipe or socket: there is no file to name.
      files.hasOther = true
      return
    }
    let names = try named(
      arguments[arguments.startIndex + 1], from: base, follows, succeeded)
    // Without a directory and a name, the descriptor is not open.
    if base != nil || !names.isEmpty { files.paths.append(names) }
  }

  /// The two files of a transfer come in no particular order.
  static func ordered(_ files: [Set<String>], _ name: String) -> [Set<String>] {
    CallShape.all[name]?.arguments.contains("p") == true || name.hasSuffix("at")
      || name.hasSuffix("at2") ? files : files.sorted { ($0.min() ?? "") < ($1.min() ?? "") }
  }

  /// The paths that a file passed by this name can have; empty if they are not known.
  private func named(
    _ argument: Substring, from base: String?, _ follows: Bool, _ succeeded: Bool
  ) throws -> Set<String> {
    guard let match = try string.wholeMatch(in: argument) else { return base.map { [$0] } ?? [] }
    let name = Self.text(match.output.1)
    if name.hasPrefix("/proc/self") { return [] }
    guard let base = name.hasPrefix("/") ? "" : base else { return [] }
    let asked = Self.normalized(name.isEmpty ? base : base + "/" + name)
    if !succeeded { return [asked] }
    let last = (asked as NSString).lastPathComponent
    let parent = (asked as NSString).deletingLastPathComponent
    let found =
      follows
      ? Self.resolved(asked) : Self.resolved(parent).map { Self.normalized($0 + "/" + last) }
    guard let found else { return [asked] }
    return asked.hasPrefix(changing) ? [asked, found] : [found]
  }

  private static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return bytesAsText(Array(UnsafeRawBufferPointer(start: found, count: strlen(found))))
  }

  static func normalized(_ path: String) -> String {
    var components: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
      if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
  }

  /// Splits arguments at commas, but not within a structure or an array.
  private static func split(_ arguments: Substring) -> [Substring] {
    var parts: [Substring] = []
    var depth = 0
    var start = arguments.startIndex
    for index in arguments.indices {
      switch arguments[index] {
      case "{", "[": depth += 1
      case "}", "]": depth -= 1
      case "," where depth == 0:
        parts.append(arguments[start..<index])
        start = arguments.index(index, offsetBy: 2)
      default: break
      }
    }
    return start < arguments.endIndex ? parts + [arguments[start...]] : parts
  }

  private static func text(_ hex: Substring) -> String {
    bytesAsText(hex.split(separator: "\\x").compactMap { UInt8($0, radix: 16) })
  }

  /// Makes one character of each byte: a name need not be UTF-8.
  static func bytesAsText(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  /// strace removes this suffix from the path of a descriptor, but not from that of AT_FDCWD.
  private static func withoutDeleted(_ path: String) -> String {
    path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
  }
}

extension FileNamingCall {
  /// The calls of a thread in bfatrace's records; some calls have one record for each file.
  static func all(in records: [[String: StrictJSON.Value]]) throws -> [FileNamingCall] {
    var calls: [FileNamingCall] = []
    var last: (name: String, time: StrictJSON.Value?)?
    for record in records {
      guard case .string(let name)? = record["syscall"], case .number(let ret)? = record["ret"]
      else { throw Contradiction(what: "no call", record: record) }
      guard let shape = CallShape.all[name] else { continue }
      let files = try ["path", "new_path"].compactMap { try text($0, of: record).map { Set([$0]) } }
      let isPart = (shape.arguments.count { $0 == "f" } == 2 || name == "execve")
      if isPart, let last, last.name == name, last.time == record["timestamp"] {
        // The interpreters of what execve(2) executes are not named in the call.
        if name != "execve" { calls[calls.count - 1].files += files }
      } else {
        var result = ret
        if case .string(let errno)? = record["errno"] { result = errno }
        if name == "mmap", record["errno"] == nil { result = "ok" }
        calls.append(FileNamingCall(name: name, result: result, files: files))
      }
      last = (name, record["timestamp"])
      let index = calls.count - 1
      calls[index].files = NamingCallLog.ordered(calls[index].files, name)
    }
    return calls
  }

  private static func text(_ key: String, of record: [String: StrictJSON.Value]) throws -> String? {
    switch (record[key], record[key + "_raw"]) {
    case (.string(let text)?, nil): NamingCallLog.bytesAsText(Array(text.utf8))
    case (nil, .array(let bytes)?):
      NamingCallLog.bytesAsText(
        bytes.compactMap { if case .number(let text) = $0 { UInt8(text) } else { nil } })
    case (nil, nil): nil
    default: throw Contradiction(what: "\(key) twice", record: record)
    }
  }
}
