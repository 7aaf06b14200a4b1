// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Names of users from the host's database, each looked up once: that may take long.
struct UserNames {
  /// Numbers are those of this host; on another one, they may be other people's.
  private let areOfHost: Bool
  private var indices: [UInt32: Int] = [:]
  private var names: [[UInt8]] = []

  init(areOfHost: Bool = true) { self.areOfHost = areOfHost }

  /// Calls the body with the name, borrowed, if there is one.
  mutating func withName(_ uid: UInt32, _ body: (UnsafeRawBufferPointer) -> Void) {
    let index = index(uid)
    if names[index].isEmpty { return }
    names[index].withUnsafeBytes(body)
  }

  /// Nil: it has none.
  mutating func name(_ uid: UInt32) -> [UInt8]? {
    let name = names[index(uid)]
    return name.isEmpty ? nil : name
  }

  private mutating func index(_ uid: UInt32) -> Int {
    if let known = indices[uid] { return known }
    let entry = areOfHost ? getpwuid(uid)?.pointee : nil
    names.append(entry.flatMap { $0.pw_name }.map { Array(String(cString: $0).utf8) } ?? [])
    indices[uid] = names.count - 1
    return names.count - 1
  }
}
