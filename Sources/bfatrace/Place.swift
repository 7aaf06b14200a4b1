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
      filter = PlaceFilter(under: [Self.mountPoint(of: Self.path(here))])
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

  /// The highest directory above `path` on the same device.
  private static func mountPoint(of path: [UInt8]) -> [UInt8] {
    var place = path
    while place.count > 1, let slash = place.lastIndex(of: UInt8(ascii: "/")) {
      let above = slash == 0 ? [UInt8(ascii: "/")] : Array(place[..<slash])
      if device(of: above) != device(of: path) { break }
      place = above
    }
    return place
  }

  private static func device(of path: [UInt8]) -> dev_t? {
    var status = stat()
    let terminated = path.map(CChar.init(bitPattern:)) + [0]
    return stat(terminated, &status) == 0 ? status.st_dev : nil
  }
}
