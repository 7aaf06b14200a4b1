// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The binary that `make static` builds, once for all tests.
enum StaticBinary {
  /// A copy under another name than that of the binary that the other tests run.
  static let made = Result {
    let ended = try run("/usr/bin/env", ["make", "-s", "-C", Built.root, "static"])
    try #require(ended.status == 0, "\(ended.text)\(ended.errors)")
    let copy = "\(Built.root)/.build/static/bfatrace-static"
    try? FileManager.default.removeItem(atPath: copy)
    try FileManager.default.copyItem(atPath: "\(Built.root)/.build/static/bfatrace", toPath: copy)
    return copy
  }
}

/// KernelTests runs the static binary under other kernels.
@Suite("The static binary")
struct StaticTests {
  @Test("is small, has no symbols and needs no interpreter and no library")
  func isStatic() throws {
    let binary = try StaticBinary.made.get()
    let size = try Data(contentsOf: URL(filePath: binary)).count
    #expect(size < 12_000_000, "\(size) bytes")
    let parts = try run("/usr/bin/env", ["readelf", "-lSd", "--wide", binary]).text
    #expect(parts.contains("LOAD"), "\(parts)")
    for part in ["INTERP", "NEEDED", ".symtab"] {
      #expect(!parts.contains(part), "\(part): \(parts)")
    }
  }

  @Test("traces in a root with nothing but /proc and /sys, and shows users by number", .needsRoot)
  func emptyRoot() throws {
    let binary = try StaticBinary.made.get()
    let script = "\(Built.root)/Tests/kernels/static.sh"
    let ended = try run("/usr/bin/env", ["unshare", "--mount", script, binary])
    #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
  }
}
