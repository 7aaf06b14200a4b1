// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Options, and the names of a load that they show.
private struct Row: Sendable, CustomTestStringConvertible {
  let options: String
  let shown: Set<String>

  init(_ options: String, _ shown: String) {
    self.options = options
    self.shown = Set(shown.split(separator: " ").map(String.init))
  }

  var testDescription: String { options }
}

@Suite("Places, however a file is reached", .needsRoot)
struct PlaceTests {
  /// Changes, accesses and failures in `other`, where srv/data/app is mounted, and beside it.
  private static let load = """
    mount --bind srv/data/app other
    for place in other away; do
      echo x > $place/f; mkdir $place/d; rmdir $place/d; mv $place/f $place/g; rm $place/g
      cat $place/nope; rmdir $place/no/thing; ln -s missing $place/link; cat $place/link
      cat srv/../$place/up
    done 2> errors
    true
    """
  private static let rows = [
    Row("--under srv/data -f WO+D<>", "other other/f"),
    Row("--under srv/data/app -f WO+D<>", "other other/f"),
    Row("--dir srv/data/app -f WO+D<>", "other other/f"),
    Row("--dir srv/data -f WO+D<>", ""),
    Row("--under . --ignore-under srv/data -f WO+D<>", "away away/f"),
    Row("--under srv --ignore-under srv/data/app", ""),
    Row(
      "--syscalls --under srv/data -f +D<>", "other/f other/d other/g other/link other/no/thing"),
    Row("--failed --under srv/data", "other/nope other/no/thing other/link other/up"),
    Row("--failed --dir srv/data/app", "other/nope other/link other/up"),
    Row(
      "--failed --under . --ignore-under srv", "away/nope away/no/thing away/link away/up"),
  ]

  @Test("a directory includes what is reached through a bind mount of it, in any mount namespace")
  func bindMounts() throws {
    try Scratch.directory { scratch in
      try makeDirectories("srv/data/app", "other", "away", in: scratch)
      try Self.load.write(toFile: "\(scratch)/load", atomically: false, encoding: .utf8)
      let tracings = try Self.rows.map {
        try Tracing(["--json"] + $0.options.split(separator: " ").map(String.init), in: scratch)
      }
      let ended = try run("/usr/bin/unshare", ["-m", "sh", "load"], in: scratch)
      #expect(ended.status == 0, "\(ended.errors)")
      for (row, tracing) in zip(Self.rows, tracings) {
        let trace = tracing.stop()
        let records = try trace.objects().filter { $0["comm"] as? String != "mount" }
        let names = records.compactMap { $0["path"] as? String }.compactMap { path -> String? in
          let name = path.hasPrefix(scratch + "/") ? path.dropFirst(scratch.count + 1) : ""
          return name.hasPrefix("other") || name.hasPrefix("away") ? String(name) : nil
        }
        #expect(Set(names) == row.shown, "\(row.options)\n\(trace.description)")
      }
    }
  }

  @Test(
    "a directory includes requests for files that are reached through a bind mount",
    .needsLoopDevices)
  func disks() throws {
    try Scratch.directory { scratch in
      try makeDirectories("image", in: scratch)
      let image = try DiskImage(in: "\(scratch)/image", .ext4)
      try image.mount()
      try shell("mkdir on/data on/out", in: image.directory)
      let options = [
        ["--under", "on/data"], ["--dir", "on/data"], ["--ignore-under", "on/data"],
      ]
      let tracings = try options.map {
        try Tracing(["--json", "--disk", "--device", image.device] + $0, in: image.directory)
      }
      let load = """
        mkdir view; mount --bind on/data view
        for f in view/in on/out/out; do dd if=/dev/zero of=$f bs=4096 count=1 conv=fsync; done
        """
      let ended = try run("/usr/bin/unshare", ["-m", "sh", "-ec", load], in: image.directory)
      #expect(ended.status == 0, "\(ended.errors)")
      let traces = tracings.map { $0.stop() }
      try image.unmount()
      for (trace, shown) in zip(traces, ["in", "in", "out"]) {
        let paths = try trace.objects().filter { $0["cause"] as? String == "fsync" }
          .compactMap { ($0["path"] as? String)?.split(separator: "/").last }
        #expect(Set(paths) == [Substring(shown)], trace.description)
      }
    }
  }

  @Test("a failure counts where its name leads, by symbolic links or by its text")
  func links() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in/sub", "out", in: scratch)
      try shell(
        "ln -s in link; ln -s ../out/missing in/dangling; ln -s ../in/missing out/dangling",
        in: scratch
      )
      let options = ["--under", "--dir", "--ignore-under"]
      let tracings = try options.map {
        try Tracing(["--json", "--failed", "-p", "\(getpid())", $0, "\(scratch)/in"])
      }
      for name in [
        "link/a", "link/sub/../b", "in/dangling", "out/dangling", "link/no/../c", "link/../d",
        "out/e", "out/../in/f", "in/sub/no/../../g", "in/sub/no/../../../h",
      ] {
        #expect(throws: POSIXError.self) { try Calls.read("\(scratch)/\(name)") }
      }
      let traces = tracings.map { $0.stop() }
      let both: Set = ["link/a", "link/b", "in/dangling", "out/dangling", "link/c", "in/f", "in/g"]
      for (trace, shown) in zip(traces, [both, both, ["d", "out/e", "h"]]) {
        #expect(try trace.names(in: scratch) == shown, trace.description)
      }
    }
  }

  @Test("events out of scope take no room from those in scope", arguments: [[], ["--metadata"]])
  func flood(options: [String]) throws {
    try Scratch.directory { scratch in
      try makeDirectories("quiet", "loud/deep", in: scratch)
      let long = String(repeating: "./", count: 70)
      try shell("ln -s '\(long)deep' loud/long; ln -s '\(long)' quiet/long", in: scratch)
      let tracing = try Tracing(
        ["--json", "--ring-size", "1", "--under", "quiet"] + options, in: scratch)
      tracing.signal(SIGSTOP)
      // The names lead through links that can be followed, through links that cannot, and to
      // missing files.
      let load = """
        import os
        os.chdir("loud")
        for i in range(1200):
            for name in "/proc/self/cwd/x", "long/x", "deep/../x":
                os.mkdir(name); os.rmdir(name)
                for failed in name + "/y", name: os.path.exists(failed)
        os.chdir("../quiet")
        for i in range(10): os.mkdir(f"d{i}"); os.mkdir(f"/proc/self/cwd/e{i}")
        """
      let ended = try run("/usr/bin/env", ["python3", "-c", load], in: scratch)
      #expect(ended.status == 0, "\(ended.errors)")
      tracing.signal(SIGCONT)
      let trace = tracing.stop()
      #expect(trace.ended.status == 0 && !trace.ended.errors.contains("lost"), trace.description)
      let paths = try trace.values("path", as: String.self)
      let expected = Set((0..<10).map { "\(scratch)/quiet/d\($0)" })
      #expect(options.isEmpty || paths.isSuperset(of: expected), trace.description)
      #expect(!options.isEmpty || paths.contains("\(scratch)/quiet"), trace.description)
      #expect(paths.allSatisfy { !$0.contains("/loud") }, trace.description)
    }
  }

  @Test("--under an ignored directory is refused, and so is an argument that is no directory")
  func refused() throws {
    try Scratch.directory { scratch in
      try makeDirectories("a/b", in: scratch)
      for (options, text) in [
        (["--under", "a/b", "--ignore-under", "a"], "a/b"), (["--ignore-under", "nope"], "nope"),
        (["--dir", "a", "--ignore-under", "a"], "a"),
      ] {
        let ended = try run(Built.bfatrace, options + ["-s", "1"], in: scratch)
        #expect(ended.status != 0 && ended.errors.contains(text), "\(ended)")
        #expect(ended.errors.split(separator: "\n").count == 1, "\(ended)")
      }
    }
  }
}
