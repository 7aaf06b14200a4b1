// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import Glibc

/// Names for the numbers in keys of rows: of users, file systems and disks; each is looked up once.
struct TableNames {
  private var users: UserNames
  private var fileSystems: [UInt32: [UInt8]] = [:]
  /// As below /sys/block.
  private(set) var disks: [UInt32: [UInt8]] = [:]
  /// The disk that file systems are on, the first one of several.
  private(set) var diskOfFileSystem: [UInt32: UInt32] = [:]

  init(users: UserNames = UserNames()) { self.users = users }

  /// Learns which disk a request was for.
  mutating func note(_ request: bfa_disk_record) {
    if disks[request.disk] == nil { disks[request.disk] = request.diskBytes }
    if diskOfFileSystem[request.record.device] == nil {
      diskOfFileSystem[request.record.device] = request.disk
    }
  }

  /// From the host's database; nil: it has none.
  mutating func user(_ uid: UInt32) -> [UInt8]? { users.name(uid) }

  /// The block device of a file system, as below /sys/class/block; nil: it has none.
  mutating func fileSystem(_ device: UInt32) -> [UInt8]? {
    if let known = fileSystems[device] { return known.isEmpty ? nil : known }
    let link = "/sys/dev/block/\(DeviceNumber(device))"
    let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { target in
      guard let start = target.baseAddress else { return [UInt8]() }
      let length = readlink(link, start, target.count)
      return target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }
    }
    let name = Array(path.split(separator: UInt8(ascii: "/")).last ?? [])
    fileSystems[device] = name
    return name.isEmpty ? nil : name
  }
}
