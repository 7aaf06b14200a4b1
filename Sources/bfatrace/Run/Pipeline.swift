// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// The processes behind standard output, when it is a pipe, a FIFO or a socket: who reads it, and
/// who reads what these write. They touch files because of the lines: if these accesses were shown,
/// each line would make more.
enum Pipeline {
  /// What a process holds to read from a pipe, a FIFO or a socket: one of its ends.
  private struct End: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  private struct Process {
    let pid: pid_t
    /// Pipes that it reads, and its sockets.
    var ends: Set<End> = []
    var output: stat?
  }

  /// Who reads the lines.
  struct Readers {
    var pids: [pid_t] = []
    /// Why there may be more; nil if all are known.
    var problem: String?
  }

  static var exists: Bool {
    output.map { [S_IFIFO, S_IFSOCK].contains($0.st_mode & S_IFMT) } ?? false
  }

  private static var output: stat? {
    var status = stat()
    return fstat(STDOUT_FILENO, &status) == 0 ? status : nil
  }

  /// The readers that are there now. Call it as late as possible, as a shell starts one process after
  /// the other. Ancestors of this process are none: who starts it and reads its lines does other
  /// things too.
  static func readers() -> Readers {
    guard exists, let output else { return Readers() }
    guard ProcessTable.isOwn else {
      return Readers(problem: "/proc is not mounted for this pid namespace: mount it")
    }
    var others = ProcessTable.processes.filter { $0 != getpid() }.map(look(at:))
    let ancestors = ProcessTable.ancestors
    guard let first = end(behind: output) else { return peer(except: ancestors) }
    let isHeld = others.contains { $0.ends.contains(first) }
    others.removeAll { ancestors.contains($0.pid) }
    var readers = Readers()
    var ends: Set = [first]
    while let next = others.firstIndex(where: { !$0.ends.isDisjoint(with: ends) }) {
      let process = others.remove(at: next)
      readers.pids.append(process.pid)
      if let output = process.output.flatMap(end(behind:)) { ends.insert(output) }
      ends.formUnion(process.ends.compactMap(end(behindDatagramSocket:)))
    }
    if output.st_mode & S_IFMT == S_IFSOCK && !isHeld {
      readers.problem = "no process here holds the other end of the socket"
    }
    return readers
  }

  /// Where the kernel knows only who made the socket's other end.
  private static func peer(except ancestors: Set<pid_t>) -> Readers {
    let pid = bfa_peer_process(STDOUT_FILENO)
    if pid < 0 { return Readers() }  // on another machine
    if pid > 0 && pid != getpid() && !ancestors.contains(pid) { return Readers(pids: [pid]) }
    return Readers(problem: "the kernel does not tell who has the other end of the socket")
  }

  private static func look(at pid: pid_t) -> Process {
    var process = Process(pid: pid)
    for descriptor in ProcessTable.numbers(in: "/proc/\(pid)/fd") {
      let path = "/proc/\(pid)/fd/\(descriptor)"
      var link = stat()
      var file = stat()
      guard lstat(path, &link) == 0, stat(path, &file) == 0 else { continue }
      // The link's mode shows what the descriptor is open for (proc_pid_fd(5)).
      if file.st_mode & S_IFMT == S_IFSOCK
        || (file.st_mode & S_IFMT == S_IFIFO && link.st_mode & S_IRUSR != 0)
      {
        process.ends.insert(End(device: file.st_dev, inode: file.st_ino))
      }
      if descriptor == STDOUT_FILENO { process.output = file }
    }
    return process
  }

  /// What a reader of this file holds: the pipe itself, or the other end of a connected socket.
  private static func end(behind file: stat) -> End? {
    switch file.st_mode & S_IFMT {
    case S_IFIFO:
      return End(device: file.st_dev, inode: file.st_ino)
    case S_IFSOCK:
      var socket = bfa_unix_socket()
      if bfa_unix_socket(UInt32(truncatingIfNeeded: file.st_ino), &socket) == 0, socket.peer != 0 {
        return End(device: file.st_dev, inode: ino_t(socket.peer))
      }
      return InternetSockets.peer(of: file.st_ino).map { End(device: file.st_dev, inode: $0) }
    default:
      return nil
    }
  }

  /// Those that speak to a system log have such a socket: logger(1).
  private static func end(behindDatagramSocket end: End) -> End? {
    var socket = bfa_unix_socket()
    guard bfa_unix_socket(UInt32(truncatingIfNeeded: end.inode), &socket) == 0,
      socket.is_datagram != 0, socket.peer != 0
    else { return nil }
    return End(device: end.device, inode: ino_t(socket.peer))
  }
}

/// TCP sockets of this network namespace: proc_net(5).
private enum InternetSockets {
  private struct Line {
    let local, remote: Substring
    let inode: ino_t
  }

  /// The other end of a connection, if it is on this machine.
  static func peer(of inode: ino_t) -> ino_t? {
    let lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(lines(of:))
    guard let own = lines.first(where: { $0.inode == inode }) else { return nil }
    return lines.first { $0.local == own.remote && $0.remote == own.local }?.inode
  }

  private static func lines(of path: String) -> [Line] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var found: [Line] = []
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let line {
      let fields = String(cString: line).split(separator: " ")
      guard fields.count > 9, let inode = ino_t(fields[9]) else { continue }
      found.append(Line(local: address(fields[1]), remote: address(fields[2]), inode: inode))
    }
    return found
  }

  /// An address in one form for both families: an IPv4 address may be written as one of IPv6.
  private static func address(_ field: Substring) -> Substring {
    let mapped = "0000000000000000FFFF0000"
    return field.hasPrefix(mapped) ? field.dropFirst(mapped.count) : field
  }
}
