// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The processes behind standard output, when it is a pipe: who reads it, and who reads what these
/// write. What they do with files, they do because of the lines: shown, each line would make more.
enum Pipeline {
  /// A pipe or FIFO.
  private struct Pipe: Hashable {
    let device: dev_t
    let inode: ino_t

    init?(_ status: stat) {
      guard status.st_mode & S_IFMT == S_IFIFO else { return nil }
      (device, inode) = (status.st_dev, status.st_ino)
    }
  }

  private struct Process {
    let pid: pid_t
    var reads: Set<Pipe> = []
    var output: Pipe?
  }

  static var exists: Bool { output != nil }

  private static var output: Pipe? {
    var status = stat()
    return fstat(STDOUT_FILENO, &status) == 0 ? Pipe(status) : nil
  }

  /// Those that are there: to be asked as late as can be, as a shell starts one after the other.
  /// Not the ancestors of this process: who starts it and reads its lines does other things too.
  static func processes() -> [pid_t] {
    guard let output else { return [] }
    var others = numbers(in: "/proc").filter { $0 != getpid() }.map(look(at:))
    let ancestors = ancestors()
    others.removeAll { ancestors.contains($0.pid) }
    var found: [pid_t] = []
    var pipes: Set = [output]
    while let next = others.firstIndex(where: { !$0.reads.isDisjoint(with: pipes) }) {
      let process = others.remove(at: next)
      found.append(process.pid)
      if let output = process.output { pipes.insert(output) }
    }
    return found
  }

  private static func look(at pid: pid_t) -> Process {
    var process = Process(pid: pid)
    for descriptor in numbers(in: "/proc/\(pid)/fd") {
      let path = "/proc/\(pid)/fd/\(descriptor)"
      var link = stat()
      var file = stat()
      guard lstat(path, &link) == 0, stat(path, &file) == 0, let pipe = Pipe(file) else { continue }
      // The link's mode tells what the descriptor is open for (proc_pid_fd(5)).
      if link.st_mode & S_IRUSR != 0 { process.reads.insert(pipe) }
      if descriptor == STDOUT_FILENO { process.output = pipe }
    }
    return process
  }

  private static func ancestors() -> Set<pid_t> {
    var found: Set<pid_t> = []
    var pid = getppid()
    while pid > 0, found.insert(pid).inserted { pid = parent(of: pid) }
    return found
  }

  private static func parent(of pid: pid_t) -> pid_t {
    guard let file = fopen("/proc/\(pid)/stat", "re") else { return 0 }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = fread(&bytes, 1, bytes.count, file)
    // Behind the name, which may hold anything: state and parent.
    guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return 0 }
    let fields = String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? pid_t(fields[1]) ?? 0 : 0
  }

  /// Entries of a directory that are numbers.
  private static func numbers(in path: String) -> [Int32] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var numbers: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let number = Int32(name) { numbers.append(number) }
    }
    return numbers
  }
}
