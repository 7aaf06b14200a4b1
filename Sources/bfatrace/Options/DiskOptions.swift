// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import FileEvents
import Glibc
import Tracer

struct DiskOptions: ParsableArguments {
  @Flag(help: "Requests to disks instead of accesses: who caused them, for which file, and why.")
  var disk = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only requests to a disk that was idle for this time, 60 or 10m; implies --disk.",
      valueName: "seconds"),
    transform: Value.seconds)
  var wakeups: UInt64?

  @Option(
    help: ArgumentHelp(
      "Only this disk: sda, or a path on it; implies --disk.", valueName: "disk"))
  var device: String?

  @Flag(
    help: "Print how long requests to disks took, or calls with --syscalls, in place of lines.")
  var histogram = false

  /// Options that only requests can answer imply --disk.
  var areRequests: Bool { disk || wakeups != nil || device != nil }

  /// What they mean to the tracer.
  /// - Parameter forSummary: all requests are added up, whichever have lines.
  func tracerOptions(forSummary: Bool) throws(Failure) -> TracerOptions.Disk {
    var options = TracerOptions.Disk()
    options.idleNanoseconds = forSummary ? 0 : wakeups ?? 0
    if let device { options.device = try BlockDevice.disk(device) }
    return options
  }
}

/// Disks by what people call them.
enum BlockDevice {
  /// The whole disk of a name below /sys/class/block, of a device node, or of a file's file system.
  /// - Returns: the kernel's dev_t, major << 20 | minor.
  static func disk(_ name: String) throws(Failure) -> UInt32 {
    guard let directory = directory(name) ?? directory(ofPath: name) else {
      let remedy = exists("/sys/dev/block") ? "see `lsblk`" : "mount /sys"
      throw Failure(message: "--device \(name): there is no such disk: \(remedy)")
    }
    let disk = exists("\(directory)/partition") ? "\(directory)/.." : directory
    guard let number = number(in: "\(disk)/dev") else {
      throw Failure(message: "--device \(name): cannot read \(disk)/dev: mount /sys")
    }
    return number
  }

  private static func directory(_ name: String) -> String? {
    guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else { return nil }
    return resolved("/sys/class/block/\(name)")
  }

  private static func directory(ofPath path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFBLK { return directory(of: status.st_rdev) }
    if let directory = directory(of: status.st_dev) { return directory }
    // A number of the file system's own: what is mounted there is the device.
    guard let path = resolved(path),
      let mount = try? MountTable(for: "--device").mount(of: Array(path.utf8)),
      stat(mount.sourcePath, &status) == 0, status.st_mode & S_IFMT == S_IFBLK
    else { return nil }
    return directory(of: status.st_rdev)
  }

  private static func directory(of device: dev_t) -> String? {
    resolved("/sys/dev/block/\(DeviceNumber(bfa_kernel_device(UInt64(device))))")
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func number(in path: String) -> UInt32? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var line = [UInt8](repeating: 0, count: 32)
    let count = fread(&line, 1, line.count, file)
    let numbers = String(decoding: line.prefix(count), as: UTF8.self)
      .split { $0 == ":" || $0 == "\n" }.compactMap { UInt32($0) }
    return numbers.count == 2 ? numbers[0] << 20 | numbers[1] : nil
  }
}
