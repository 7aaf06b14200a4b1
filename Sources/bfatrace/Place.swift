// SPDX-License-Identifier: Apache-2.0
import FileEvents
import Glibc
import Tracer

/// The places that the options name, opened: for the kernel by descriptor, for failed opens, which
/// have no inode, by path.
struct Place {
  var tracer: TracerOptions.Place?
  var filter = PlaceFilter()

  init(_ options: FileOptions) throws(Failure) {
    if !options.dir.isEmpty {
      let directories = try Self.openAll(options.dir, for: "--dir")
      tracer = .parents(directories)
      filter = PlaceFilter(parents: directories.map(Self.path))
    } else if !options.under.isEmpty {
      let directories = try Self.openAll(options.under, for: "--under")
      tracer = .under(directories)
      filter = PlaceFilter(under: directories.map(Self.path))
    } else if options.currentMount {
      let here = try Self.openAll(["."], for: "--current-mount")[0]
      tracer = .mount(here)
      filter = Self.fileSystem(of: Self.path(here))
    }
  }

  /// Descriptors for the rest of the run.
  private static func openAll(_ paths: [String], for option: String) throws(Failure) -> [Int32] {
    var descriptors: [Int32] = []
    for path in paths {
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 {
        throw Failure(
          message:
            "\(option) \(path): \(String(cString: strerror(errno))): name an existing directory")
      }
      descriptors.append(descriptor)
    }
    return descriptors
  }

  /// Where the descriptor is, absolute and resolved.
  private static func path(_ descriptor: Int32) -> [UInt8] {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/fd/\(descriptor)", &path, path.count)
    return path.prefix(max(length, 0)).map(UInt8.init(bitPattern:))
  }

  /// Where the file system of a path is mounted, and where others are.
  private static func fileSystem(of path: [UInt8]) -> PlaceFilter {
    let table = MountTable()
    let device = table.mount(of: path)?.device
    return PlaceFilter(
      under: table.mounts.filter { $0.device == device }.map(\.point),
      except: table.mounts.filter { $0.device != device }.map(\.point))
  }
}
