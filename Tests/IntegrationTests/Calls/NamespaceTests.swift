// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("In namespaces and on stacked file systems", .needsRoot, .needsNamespaces)
struct NamespaceTests {
  @Test("a tracer in a pid namespace shows the pids of that namespace")
  func pids() throws {
    try Scratch.directory { directory in
      try Scratch.directory { files in
        let namespace = try PidNamespace(files: files)
        let traced = try namespace.trace(["--json", "--syscalls", "--under", directory]) {
          try namespace.shell.run(
            "sh -c 'echo $$ > \(files)/pid; echo x > \(directory)/file; mkdir \(directory)/new'")
        }
        #expect(traced.ended.status == 0, traced.description)
        let text = try String(contentsOfFile: files + "/pid", encoding: .ascii)
        let pid = try #require(Int(text.trimmingCharacters(in: .newlines)))
        let opened = try traced.objects().filter {
          ($0["path"] as? String) == directory + "/file" && $0["syscall"] as? String == "openat"
        }
        #expect(opened.map { $0["pid"] as? Int } == [pid], traced.description)
        #expect(opened.map { $0["tid"] as? Int } == [pid], traced.description)
      }
    }
  }

  @Test("-p takes a pid of the tracer's pid namespace")
  func scope() throws {
    try Scratch.directory { directory in
      try Scratch.directory { files in
        let namespace = try PidNamespace(files: files)
        // Trace the first process of the namespace: outside, pid 1 is another process.
        let traced = try namespace.trace(["--json", "-p", "1"]) {
          try namespace.shell.run("echo x > \(directory)/by-the-first")
          try shell("echo x > \(directory)/by-another")
        }
        #expect(try traced.names(in: directory) == ["by-the-first"], traced.description)
        #expect(try traced.values("pid", as: Int.self) == [1], traced.description)
      }
    }
  }

  @Test("a path includes the mounts of the process's own mount namespace")
  func mounts() throws {
    try Scratch.directory { directory in
      let worker = try Worker(launcher: ["unshare", "--mount"])
      try worker.run(
        "mkdir \(directory)/below \(directory)/seen; mount --bind \(directory)/below \(directory)/seen"
      )
      let trace = try Trace.of(["--json", "-p", "\(worker.pid)"]) {
        try worker.run("echo x > \(directory)/seen/file")
      }
      #expect(try trace.names(in: directory) == ["seen/file"], trace.description)
    }
  }

  @Test("on overlayfs a file is shown once, with the path on the overlay")
  func overlay() throws {
    try Scratch.directory { directory in
      let worker = try Worker(launcher: ["unshare", "--mount"])
      try worker.run(
        """
        cd \(directory) && mkdir lower upper work merged && echo lower > lower/file
        mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work merged && echo > mounted
        """)
      try #require(FileManager.default.fileExists(atPath: directory + "/mounted"), "no overlayfs")
      // Read a file, copy it up by writing to it, and remove it, which makes a whiteout.
      let trace = try Trace.of(["--json", "--all", "-p", "\(worker.pid)"]) {
        try worker.run(
          "read x < merged/file; echo more >> merged/file; echo new > merged/new")
      }
      let lines = try Line.all(in: trace.output).filter { $0.sums != Sums() }
      let names = try trace.names(in: directory)
      #expect(names == ["merged/file", "merged/new"], trace.description)
      let sums = lines.filter { $0.path?.bytes.starts(with: Array("\(directory)/".utf8)) == true }
        .reduce(into: Sums()) { $0 += $1.sums }
      #expect(sums.opens == 3 && sums.writes == 2 && sums.writeBytes == 9, trace.description)
    }
  }

  @Test("on btrfs, files of a subvolume have the device number that stat(2) reports")
  func btrfs() throws {
    try Scratch.directory { directory in
      let worker = try Worker(launcher: ["unshare", "--mount"])
      try worker.run(
        """
        cd \(directory) && truncate -s 128M image && mkdir on && mkfs.btrfs -q image
        mount -o loop image on && btrfs -q subvolume create on/volume
        echo x > on/file && echo x > on/volume/file
        stat -c '%Hd %Ld' on/file on/volume/file > numbers
        """)
      let numbers = try String(contentsOfFile: directory + "/numbers", encoding: .ascii)
        .split(separator: "\n").map(String.init)
      try #require(numbers.count == 2 && numbers[0] != numbers[1], "\(numbers)")
      let trace = try Trace.of(["--json", "-p", "\(worker.pid)"]) {
        try worker.run("read x < on/file; read x < on/volume/file")
      }
      let shown = try ["/on/file", "/on/volume/file"].map { name in
        let object = try trace.objects().first { $0["path"] as? String == directory + name }
        let device = try #require(object?["device"] as? [String: Int], trace.description)
        return "\(device["major"] ?? -1) \(device["minor"] ?? -1)"
      }
      #expect(shown == numbers, trace.description)
      try worker.run("cd / && umount \(directory)/on")
    }
  }
}
