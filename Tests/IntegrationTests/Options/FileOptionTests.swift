// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Options that choose files", .needsRoot)
struct FileOptionTests {
  @Test("--dir shows what is directly in the directory, wherever that is moved")
  func dir() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in/sub", "other", in: scratch)
      let trace = try Trace.of(["--json", "--dir", "\(scratch)/in"]) {
        for name in ["before", "in/a", "in/sub/b", "other/c"] {
          try Calls.write("\(scratch)/\(name)")
        }
        try shell("mv in moved; mkdir in", in: scratch)
        for name in ["moved/d", "moved/sub/e", "in/f"] { try Calls.write("\(scratch)/\(name)") }
      }
      #expect(try trace.names(in: scratch) == ["in/a", "moved/d"], trace.description)
    }
  }

  @Test("--under shows everything below the directory, and nothing beside it")
  func under() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in/sub/deeper", "in2", in: scratch)
      let trace = try Trace.of(["--json", "--under", "\(scratch)/in"]) {
        for name in ["in/a", "in/sub/b", "in/sub/deeper/c", "in2/d", "inside", "e"] {
          try Calls.write("\(scratch)/\(name)")
        }
        try shell("mv in moved", in: scratch)
        try Calls.write("\(scratch)/moved/sub/f")
      }
      let below: Set = ["in/a", "in/sub/b", "in/sub/deeper/c", "moved/sub/f"]
      #expect(try trace.names(in: scratch) == below, trace.description)
    }
  }

  @Test("--dir and --under can be repeated", arguments: ["-d", "--under"])
  func repeated(option: String) throws {
    try Scratch.directory { scratch in
      try makeDirectories("one", "two", "three", in: scratch)
      let trace = try Trace.of(["-j", option, "\(scratch)/one", option, "\(scratch)/two"]) {
        for name in ["one/a", "two/b", "three/c"] { try Calls.write("\(scratch)/\(name)") }
      }
      #expect(try trace.names(in: scratch) == ["one/a", "two/b"], trace.description)
    }
  }

  @Test("--under takes a relative name, and one through a symbolic link")
  func otherNames() throws {
    try Scratch.directory { scratch in
      try shell("mkdir in; ln -s in link; touch in/existing", in: scratch)
      for name in ["link", "./in/../link/"] {
        let tracing = try Tracing(["--json", "--under", name], in: scratch)
        try Calls.read("\(scratch)/in/existing")
        try Calls.read("\(scratch)/link/existing")
        let trace = tracing.stop()
        #expect(try trace.names(in: scratch) == ["in/existing"], trace.description)
      }
    }
  }

  @Test("--under includes file systems mounted below, in any mount namespace")
  func mounts() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in/tmpfs", "in/bind", "elsewhere", "view", in: scratch)
      let load = """
        mount -t tmpfs none in/tmpfs; mount --bind elsewhere in/bind; mount --bind in view
        for name in in/tmpfs/a in/bind/b elsewhere/c view/d; do : > $name; done
        """
      let trace = try Trace.of(["--json", "--under", "\(scratch)/in"]) {
        try load.write(toFile: "\(scratch)/load", atomically: false, encoding: .utf8)
        let ended = try run("/usr/bin/unshare", ["-m", "sh", "-e", "load"], in: scratch)
        #expect(ended.status == 0, "\(ended.errors)")
      }
      let below: Set = ["in/tmpfs/a", "in/bind/b", "view/d"]
      #expect(try trace.names(in: scratch) == below, trace.description)
    }
  }

  @Test("a place on a file system in memory is shown, which would be left out by default")
  func placeOnMemory() throws {
    try Scratch.directory(on: .memory) { directory in
      for option in ["--dir", "--under"] {
        let trace = try Trace.of(["--json", option, directory]) {
          try Calls.write("\(directory)/file")
        }
        #expect(try trace.names(in: directory) == ["file"], trace.description)
      }
    }
  }

  @Test("--current-mount shows the file system of the current directory, whatever its type")
  func currentMount() throws {
    try Scratch.directory { disk in
      try Scratch.directory(on: .memory) { memory in
        for (here, there) in [(disk, memory), (memory, disk)] {
          let tracing = try Tracing(
            ["--json", "--syscalls", "--current-mount", "-p", "\(getpid())"], in: here)
          for place in [here, there] {
            try Calls.write("\(place)/file")
            #expect(throws: POSIXError.self) { try Calls.read("\(place)/missing") }
          }
          let trace = tracing.stop()
          #expect(try trace.names(in: here) == ["file", "missing"], trace.description)
          #expect(try trace.names(in: there) == [], trace.description)
        }
      }
    }
  }

  @Test("virtual file systems and device nodes are left out, and added by --all")
  func virtual() throws {
    try Scratch.directory { disk in
      try Scratch.directory(on: .memory) { memory in
        try shell("mkfifo fifo; mknod node c 1 3", in: disk)
        // Run the load in a shell: other tests run in this process.
        let load = """
          : > \(disk)/file; : > \(memory)/file; : > /dev/null; : > \(disk)/node
          read x < /proc/self/stat; : <> \(disk)/fifo; echo | read x
          """
        let hidden: Set = ["\(memory)/file", "/dev/null", "\(disk)/node", "\(disk)/fifo"]
        for all in [false, true] {
          let worker = try Worker()
          let trace = try Trace.of(["--json", "-p", "\(worker.pid)"] + (all ? ["--all"] : [])) {
            try worker.run(load)
          }
          let paths = try trace.values("path", as: String.self)
          let expected = hidden.union(["\(disk)/file", "/proc/\(worker.pid)/stat"])
          let shown = paths.intersection(expected)
          #expect(shown == (all ? expected : ["\(disk)/file"]), trace.description)
          #expect(paths.allSatisfy { $0.hasPrefix("/") }, trace.description)
        }
      }
    }
  }

  @Test("places apply to failed opens, too")
  func failedOpens() throws {
    try Scratch.directory { scratch in
      try makeDirectories("in/sub", "in2", in: scratch)
      for (option, shown) in [
        ("--dir", Set(["in/a"])), ("--under", Set(["in/a", "in/sub/b", "in/sub/no/c"])),
      ] {
        let trace = try Trace.of(["--json", "--failed", option, "\(scratch)/in"]) {
          for name in ["in/a", "in/sub/b", "in/sub/no/c", "in2/d", "in/../e"] {
            #expect(throws: POSIXError.self) { try Calls.read("\(scratch)/\(name)") }
          }
        }
        #expect(try trace.names(in: scratch) == shown, trace.description)
      }
    }
  }
}
