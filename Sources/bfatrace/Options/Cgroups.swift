// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc
import Tracer

/// The control groups that processes are chosen by: what exists now, and what is waited for.
struct Cgroups {
  private(set) var tracer = TracerOptions.Cgroups()

  /// Reports each group that does not exist yet. The descriptors stay open for the rest of the run.
  init(_ options: ProcessOptions) throws(Failure) {
    tracer.units = options.unit.map { Array($0.utf8) }
    tracer.containers = options.container.map { Array($0.utf8) }
    if options.underCgroup.isEmpty && tracer.isEverywhere { return }
    try Self.checkVersion()
    let root = Self.root
    for name in options.underCgroup { try add(name, root) }
    guard let root else { return }
    var missing = Self.rules(options)
    Self.visit(root, path: []) { path in
      missing.removeAll { rule in path.withUnsafeBytes { rule.filter.admits($0) } }
      return !missing.isEmpty
    }
    for rule in missing { Self.tellMissing(rule.name, rule.what) }
  }

  private typealias Rule = (name: String, what: String, filter: CgroupFilter)

  private static func rules(_ options: ProcessOptions) -> [Rule] {
    let units = options.unit.map { unit in
      var filter = CgroupFilter()
      filter.units = [Array(unit.utf8)]
      return ("--unit \(unit)", "unit", filter) as Rule
    }
    return units
      + options.container.map { id in
        var filter = CgroupFilter()
        filter.containers = [Array(id.utf8)]
        return ("--container \(id)", "container", filter)
      }
  }

  private static func tellMissing(_ name: String, _ what: String) {
    complain("\(name): there is no such \(what) now: waiting for it")
  }

  /// A directory of the file system, or a path below its root.
  private mutating func add(_ name: String, _ root: [UInt8]?) throws(Failure) {
    let path = Self.path(name, root)
    let names = [Array(name.utf8)] + (root.map { [$0 + path] } ?? [])
    for name in names {
      let descriptor = Glibc.open(
        name.map(CChar.init(bitPattern:)) + [0], O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 { continue }
      if bfa_is_cgroup(descriptor) != 0 {
        tracer.directories.append(descriptor)
        return
      }
      close(descriptor)
    }
    guard name.hasPrefix("/") else {
      throw Failure(
        message: "--under-cgroup \(name): this is no directory of control groups of version 2: "
          + "see /proc/PID/cgroup")
    }
    if path.count > Int(BFA_PREFIX_BYTES.rawValue) - 2 {
      throw Failure(message: "--under-cgroup \(name): a path has at most 254 bytes")
    }
    tracer.paths.append(path)
    Self.tellMissing("--under-cgroup \(name)", "group")
  }

  /// Below the root, without a slash at its end; the root is empty.
  private static func path(_ name: String, _ root: [UInt8]?) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    let bytes = Array(name.utf8)
    let path = Array(bytes[..<((bytes.lastIndex { $0 != slash } ?? -1) + 1)])
    guard let root, MountTable.contains(root, path) else { return path }
    return Array(path[root.count...])
  }

  /// The rules for a recording, which may be of another machine: the text of paths counts.
  static func filter(_ options: ProcessOptions) -> CgroupFilter {
    var filter = CgroupFilter()
    filter.units = options.unit.map { Array($0.utf8) }
    filter.containers = options.container.map { Array($0.utf8) }
    filter.paths = options.underCgroup.map { path($0, root) }
    return filter
  }

  /// A kernel without the hierarchy of version 2 has all processes in its root.
  private static func checkVersion() throws(Failure) {
    guard let file = fopen("/proc/self/cgroup", "re") else { return }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let line {
      if strncmp(line, "0::", 3) == 0 { return }
    }
    throw Failure(
      message: "--unit, --container and --under-cgroup need control groups of version 2: boot with "
        + "systemd.unified_cgroup_hierarchy=1")
  }

  /// Where the hierarchy is mounted; nil: nowhere, or it is not known.
  private static var root: [UInt8]? {
    guard let table = try? MountTable(for: "--unit") else { return nil }
    return table.mounts.first { $0.type == "cgroup2" }?.point
  }

  /// Calls the body with the path of each group, as long as it returns true.
  @discardableResult
  private static func visit(_ root: [UInt8], path: [UInt8], _ body: ([UInt8]) -> Bool) -> Bool {
    guard body(path) else { return false }
    guard let directory = opendir((root + path).map(CChar.init(bitPattern:)) + [0]) else {
      return true
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      guard Int32(entry.pointee.d_type) == Int32(DT_DIR) else { continue }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name == Array(".".utf8) || name == Array("..".utf8) { continue }
      if !visit(root, path: path + [UInt8(ascii: "/")] + name, body) { return false }
    }
    return true
  }
}
