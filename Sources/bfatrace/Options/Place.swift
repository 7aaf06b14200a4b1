// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import FileEvents
import Glibc
import Tracer

/// A restriction to places, opened: the kernel side takes descriptors, and user space the paths, for
/// names that the kernel side cannot follow. The descriptors stay open for the rest of the run.
struct Place {
  var tracer: TracerOptions.Place?
  /// Directories below which nothing is wanted.
  var ignored: [Int32] = []
  var filter = PlaceFilter()

  /// No restriction.
  init() {}

  init(_ options: FileOptions) throws(Failure) {
    if !options.dir.isEmpty {
      self.init(parents: try Self.openAll(options.dir, for: "--dir"))
    } else if !options.under.isEmpty {
      let directories = try Self.openAll(options.under, for: "--under")
      self.init()
      tracer = .under(directories)
      filter = PlaceFilter(under: directories.map(Self.path))
    } else if !options.file.isEmpty {
      try self.init(files: options.file)
    } else if options.currentMount {
      try self.init(currentMountFor: "--current-mount")
    } else {
      self.init()
    }
    try ignore(options.ignoreUnder, besides: options.dir + options.under)
  }

  private mutating func ignore(_ names: [String], besides places: [String]) throws(Failure) {
    ignored = try Self.openAll(names, for: "--ignore-under")
    let paths = ignored.map(Self.path)
    for path in paths { filter.ignore(under: path) }
    for (name, descriptor) in zip(places, wanted) {
      let wanted = Self.path(descriptor)
      let above = paths.firstIndex { MountTable.contains($0, wanted) }
      guard let above else { continue }
      throw Failure(
        message: "\(name) is below --ignore-under \(names[above]): nothing is left of it")
    }
  }

  /// Descriptors of the directories that are wanted, as they were named.
  private var wanted: [Int32] {
    switch tracer {
    case .parents(let directories), .under(let directories): directories
    case .files, .fileSystems, nil: []
    }
  }

  /// Files directly in these directories.
  init(parents directories: [Int32]) {
    tracer = .parents(directories)
    filter = PlaceFilter(parents: directories.map(Self.path))
  }

  /// The files of these names; of a symbolic link also the file that it leads to now.
  private init(files: [String]) throws(Failure) {
    var named: [TracerOptions.NamedFile] = []
    var paths: [[UInt8]] = []
    // Many files may be in one directory.
    var known: [[UInt8]: (descriptor: Int32, path: [UInt8])] = [:]
    for file in files {
      for name in [Array(file.utf8)] + Self.targets(file) {
        let (above, last) = try Self.split(name, for: "--file \(file)")
        if known[above] == nil {
          known[above] = try Self.directory(above, for: "--file \(file)")
        }
        guard let directory = known[above] else { continue }
        named.append(
          .init(directory: directory.descriptor, name: last.map(CChar.init(bitPattern:)) + [0]))
        paths.append(directory.path + [UInt8(ascii: "/")] + last)
      }
    }
    tracer = .files(named)
    filter = PlaceFilter(files: paths)
  }

  private static func targets(_ link: String) -> [[UInt8]] {
    var status = stat()
    guard lstat(link, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let target = realpath(link, nil)
    else { return [] }
    defer { free(target) }
    return [UnsafeRawBufferPointer(start: target, count: strlen(target)).map { $0 }]
  }

  /// The directory, and the last component.
  private static func split(_ path: [UInt8], for option: String) throws(Failure) -> (
    above: [UInt8], last: [UInt8]
  ) {
    let slash = UInt8(ascii: "/")
    let start = (path.lastIndex(of: slash) ?? -1) + 1
    let last = Array(path[start...])
    if last.isEmpty || last == Array(".".utf8) || last == Array("..".utf8)
      || last.count > Int(BFA_NAME_MAX.rawValue)
    {
      throw Failure(message: "\(option): this is no name of a file: give one that ends in it")
    }
    return (start == 0 ? Array(".".utf8) : Array(path[..<start]), last)
  }

  /// A descriptor of the directory, and its path, empty for the root.
  private static func directory(_ name: [UInt8], for option: String) throws(Failure) -> (
    descriptor: Int32, path: [UInt8]
  ) {
    let descriptor = Glibc.open(
      name.map(CChar.init(bitPattern:)) + [0], O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 {
      throw failure(errno, for: option, orElse: "the file need not exist, its directory must")
    }
    let path = Self.path(descriptor)
    return (descriptor, path == [UInt8(ascii: "/")] ? [] : path)
  }

  /// The file system of the current directory.
  init(currentMountFor option: String) throws(Failure) {
    let here = try Self.open(".", for: option)
    let table = try MountTable(for: option)
    tracer = .fileSystems([here])
    filter = Self.filter(table, devices: [table.mount(of: Self.path(here))?.device])
  }

  /// The file systems that these mounts show.
  init(fileSystemsOf mounts: [MountTable.Mount], in table: MountTable) {
    var descriptors: [Device: Int32] = [:]
    for mount in mounts where descriptors[mount.device] == nil {
      // Without a right to read it, and of a file that something is mounted on.
      let flags = Int32(BFA_O_PATH.rawValue) | O_CLOEXEC
      let descriptor = Glibc.open(mount.point.map(CChar.init(bitPattern:)) + [0], flags)
      if descriptor >= 0 {
        descriptors[mount.device] = descriptor
      } else {
        let path = String(decoding: mount.point, as: UTF8.self)
        complain("\(path): \(String(cString: strerror(errno))): its file system is not watched")
      }
    }
    tracer = .fileSystems(Array(descriptors.values))
    filter = Self.filter(table, devices: Set(descriptors.keys))
  }

  private typealias Device = Substring

  /// A descriptor of an existing directory.
  static func open(_ path: UnsafePointer<CChar>, for option: String) throws(Failure) -> Int32 {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 {
      throw failure(
        errno, for: "\(option) \(String(cString: path))", orElse: "name an existing directory")
    }
    return descriptor
  }

  /// Each place has a descriptor.
  private static func failure(
    _ error: Int32, for name: String, orElse remedy: String
  ) -> Failure {
    let remedy = error == EMFILE ? "name fewer, or allow more open files: ulimit -n" : remedy
    return Failure(message: "\(name): \(String(cString: strerror(error))): \(remedy)")
  }

  private static func openAll(_ paths: [String], for option: String) throws(Failure) -> [Int32] {
    var descriptors: [Int32] = []
    for path in paths { descriptors.append(try open(path, for: option)) }
    return descriptors
  }

  /// Where the directory is, absolute and resolved; what is no path, and holds none, if it has been
  /// removed. By way of the working directory, which needs no /proc.
  private static func path(_ descriptor: Int32) -> [UInt8] {
    let here = Glibc.open(".", Int32(BFA_O_PATH.rawValue) | O_CLOEXEC)
    defer {
      fchdir(here)
      close(here)
    }
    guard fchdir(descriptor) == 0, let path = getcwd(nil, 0) else { return [UInt8(ascii: "?")] }
    defer { free(path) }
    return UnsafeRawBufferPointer(start: path, count: strlen(path)).map { $0 }
  }

  /// Where file systems are mounted, and where others are.
  private static func filter(_ table: MountTable, devices: Set<Device?>) -> PlaceFilter {
    PlaceFilter(
      under: table.mounts.filter { devices.contains($0.device) }.map(\.point),
      except: table.mounts.filter { !devices.contains($0.device) }.map(\.point))
  }
}
