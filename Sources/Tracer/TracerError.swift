// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// Why tracing is not possible, in one line that ends with what to do about it.
public struct TracerError: Error, CustomStringConvertible {
  public let description: String
  /// The cause alone, without the words around it.
  let reason: String

  public init(_ description: String) {
    self.description = description
    reason = description
  }

  /// What the kernel or the user does not allow.
  init(cannotTrace reason: String) {
    description = "cannot trace: \(reason) (bfatrace --check tells more)"
    self.reason = reason
  }
}

/// The name of an error, "ENOENT", as the manual pages have it.
func errorName(_ number: Int32) -> String {
  bfa_errno_name(number).map { String(cString: $0) } ?? "errno \(number)"
}
