// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Requests of ioctl on btrfs", .needsRoot, .needsLoopDevices)
struct SubvolumeTests {
  private static let commands = """
    btrfs -q subvolume create a
    btrfs -q subvolume snapshot a b
    btrfs -q subvolume snapshot -r a c
    btrfs -q property set -ts c ro false
    btrfs -q subvolume delete a b
    btrfs -q subvolume create a 2> failure || true
    btrfs -q subvolume create a 2> failure || true
    """

  @Test("that make and remove subvolumes change their directory")
  func subvolumes() throws {
    try Scratch.directory { directory in
      let image = try DiskImage(in: directory, .btrfs)
      try image.mount()
      let on = image.mountPoint
      let command = ["--", "/bin/sh", "-ec", "cd on\n" + Self.commands]
      let calls = try bfatrace(["--syscalls", "--json", "--under", on] + command, in: directory)
      let requests = calls.filter { $0["syscall"]?.text == "ioctl" && $0["types"]?.text != "" }
      let shown = requests.map {
        "\($0["types"]?.text ?? "?") \($0["path"]?.text ?? "?") \($0["errno"]?.text ?? "0")"
      }
      let expected = [
        "+ \(on)/a 0", "+ \(on)/b 0", "+ \(on)/c 0", "D \(on)/a 0", "D \(on)/b 0", "+ \(on)/a 0",
      ]
      #expect(shown == expected)

      #expect(try shell("btrfs -q subvolume delete on/a on/c", in: directory).status == 0)
      let merged = try bfatrace(
        ["--json", "--filter", "+D", "--under", on] + command, in: directory)
      let letters = merged.filter { $0["comm"]?.text == "btrfs" }.map { line in
        ["types", "path", "entry"].map { line[$0]?.text ?? "?" }.joined(separator: " ")
      }
      let changed = ["+ \(on) a", "+ \(on) b", "+ \(on) c", "D \(on) a", "D \(on) b", "+ \(on) a"]
      #expect(letters == changed)
    }
  }

  private func bfatrace(
    _ arguments: [String], in directory: String
  ) throws -> [[String: StrictJSON.Value]] {
    let command = ([Built.bfatrace] + arguments).map { "'\($0)'" }.joined(separator: " ")
    let ended = try shell(command, in: directory)
    try #require(ended.status == 0, "\(ended.errors)")
    return try ended.text.split(separator: "\n").map { try StrictJSON.object($0.utf8) }
  }
}
