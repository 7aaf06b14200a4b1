// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// What to trace. All of it is applied in the kernel.
public struct TracerOptions {
  public var subject = Subject.accesses

  /// A restriction to files in certain places. The descriptors stay open as long as the
  /// tracer lives: they keep what the kernel compares. All but the last are of directories.
  public enum Place {
    /// Files directly in one of these.
    case parents([Int32])
    /// Files anywhere below one of these.
    case under([Int32])
    /// The files of these names in these directories, whatever inodes have the names.
    case files([NamedFile])
    /// Files on the file systems of these.
    case fileSystems([Int32])
  }

  /// Control groups, with those below them; of each kind that is not empty, one must hold.
  public struct Cgroups: Sendable {
    /// By their names, as systemd gives them to units.
    public var units: [[UInt8]] = []
    /// By how the ids of containers in their names begin.
    public var containers: [[UInt8]] = []
    /// By their paths in the hierarchy, without a slash at the end: the root is empty.
    public var paths: [[UInt8]] = []
    /// By their directories, which count as paths of the moment.
    public var directories: [Int32] = []

    public init() {}

    public var isEverywhere: Bool { scopes == 0 }

    var scopes: UInt8 {
      var scopes: UInt32 = 0
      if !units.isEmpty { scopes |= BFA_IN_UNIT.rawValue }
      if !containers.isEmpty { scopes |= BFA_IN_CONTAINER.rawValue }
      if !paths.isEmpty || !directories.isEmpty { scopes |= BFA_UNDER_CGROUP.rawValue }
      return UInt8(scopes)
    }
  }

  /// A name, NUL-terminated, in a directory.
  public struct NamedFile {
    public var directory: Int32
    public var name: [CChar]

    public init(directory: Int32, name: [CChar]) {
      (self.directory, self.name) = (directory, name)
    }
  }

  /// Thread groups to trace; empty, and no command: all.
  public var pids: [pid_t] = []
  /// Also this one, and all that descend from it from now on.
  public var command: pid_t?
  public var ignoredPids: [pid_t] = []
  /// Names of processes to trace, at most 15 bytes each, of those above; empty: all.
  public var comms: [[UInt8]] = []
  public var ignoredComms: [[UInt8]] = []
  /// Also the children that a process in `pids` or `comms` starts from now on.
  public var follow = false
  /// Only processes with this effective user.
  public var uid: uid_t?
  /// Only processes in these control groups.
  public var cgroups = Cgroups()
  public var place: Place?
  /// Nothing below these directories, whose descriptors stay open as those of `place`.
  public var ignoredDirectories: [Int32] = []
  /// Only paths that begin so, each with a slash at its end; empty: all. Names that a failed call
  /// asked for are not judged. Beyond `BFA_PREFIXES`, no path is.
  public var prefixes: [[UInt8]] = []
  /// Also virtual file systems and device nodes.
  public var all = false
  /// Records with any of these letters, `bfa_type` or-ed.
  public var types: UInt16 = .max
  /// Also calls that look at a file without opening it; without merged records.
  public var metadata = false
  /// A change of one of a file's times alone is an access to it, as fanotify has it; of merged records.
  public var times = false
  /// More processes to ignore may be given to `Tracer.attach(ignoring:)`.
  public var ignoresMore = false
  /// A record for each failed open beside the merged ones, or in vain for the inputs.
  public var failedOpens = false
  /// Only calls that failed; of `calls`.
  public var onlyFailed = false
  /// Only calls that took at least this long; of `calls`.
  public var slowerNanoseconds: UInt64 = 0
  /// Memory for records that wait for `drain`: a power of two, at least the size of a page.
  public var ringBytes = UInt32(BFA_RING_BYTES.rawValue)

  /// A record for each change of a directory, with the name of the entry, beside merged ones.
  public var entries = false
  /// For the open files that are known.
  public var room = Room.ofMachine
  /// How long calls take is counted instead of making records of them; of `calls`.
  public var histogram = false
  /// No call is handled quickly: what the general way reports, the quick way must report too.
  public var onlyGeneral = false
  /// Records with the executable of their process.
  public var exe = false
  /// Records with the ancestors of their process.
  public var parents = false

  /// Records with the control group of their process.
  public var cgroup = false
  /// Records with the working directory of their process; not of requests.
  public var cwd = false
  /// Records with the arguments of their process; not of requests.
  public var args = false

  public init() {}

  /// These processes and places, but with what is handed to write calls instead of requests to block
  /// devices.
  public var ofWriteCalls: TracerOptions {
    var options = self
    options.subject = .accesses
    options.types = types & UInt16(BFA_WRITTEN.rawValue)
    options.failedOpens = false
    return options
  }
}
