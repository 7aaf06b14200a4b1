// SPDX-License-Identifier: Apache-2.0

/// Where events happened, for who collects lines of more than one machine.
public struct Origin: Equatable, Sendable {
  public var host: String
  /// The id of the boot, within which pids and device numbers are unique; empty if it is not known.
  public var bootID: String

  public init(host: String, bootID: String) { (self.host, self.bootID) = (host, bootID) }

  /// No name is longer: HOST_NAME_MAX is 64, a name in the DNS has 253.
  public static let longestName = 253

  /// The last members of each object, each with a comma in front.
  var members: [UInt8] {
    var buffer = LineBuffer(capacity: 0)
    buffer.reserve()
    Array(host.utf8.prefix(Self.longestName)).withUnsafeBytes {
      buffer.append(key: "host", string: $0)
    }
    if !bootID.isEmpty {
      Array(bootID.utf8.prefix(Self.longestName)).withUnsafeBytes {
        buffer.append(key: "boot_id", string: $0)
      }
    }
    return buffer.withUnsafeBytes { Array($0) }
  }
}
