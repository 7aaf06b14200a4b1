// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

private let id = String(repeating: "fedcba9876543210", count: 4)

@Suite("Units, containers and control groups", .needsRoot, .needsCgroups)
struct CgroupOptionTests {
  private struct Group {
    let path: String
    var unit: String?
    var container: String?
  }

  private static let groups = [
    Group(path: "/plain"),
    Group(path: "/system.slice/web.service/worker", unit: "web.service"),
    Group(path: "/system.slice/_memory.service", unit: "memory.service"),
    Group(path: "/user.slice/session-3.scope", unit: "session-3.scope"),
    Group(path: "/system.slice/docker-\(id).scope", unit: "docker-\(id).scope", container: id),
    Group(
      path: "/machine.slice/libpod-0\(id.dropLast()).scope/container",
      unit: "libpod-0\(id.dropLast()).scope", container: "0\(id.dropLast())"),
    Group(path: "/machine.slice/libpod-conmon-\(id).scope", unit: "libpod-conmon-\(id).scope"),
    Group(
      path: "/pods.slice/cri-containerd-1\(id.dropLast()).scope",
      unit: "cri-containerd-1\(id.dropLast()).scope", container: "1\(id.dropLast())"),
    Group(
      path: "/pods.slice/crio-2\(id.dropLast()).scope",
      unit: "crio-2\(id.dropLast()).scope", container: "2\(id.dropLast())"),
    Group(path: "/docker/3\(id.dropLast())", container: "3\(id.dropLast())"),
    Group(path: "/lxc.payload.inner/init.scope", unit: "init.scope", container: "inner"),
    Group(path: "/lxc/101/ns", container: "101"),
  ]

  /// Options, and the indices of the groups whose processes they choose.
  private static let scopes: [(options: [String], chosen: Set<Int>)] = [
    (["--unit", "web"], [1]), (["--unit", "memory.service"], [2]),
    (["--unit", "system.slice"], [1, 2, 4]),
    (["--unit", "web", "--unit", "session-3.scope"], [1, 3]),
    (["--container", String(id.prefix(12))], [4]), (["--container", id], [4]),
    (["--container", "inner", "--container", "10"], [10, 11]),
    (["--container", "1"], [7, 11]), (["--container", "f", "--container", "2f"], [4, 8]),
    (["--unit", "machine.slice", "--container", "0"], [5]),
    (["--under-cgroup", "TOP/machine.slice"], [5, 6]), (["--under-cgroup", "TOP/docker/"], [9]),
    (["--under-cgroup", "DIR/lxc"], [11]),
    (["--unit", "system.slice", "--under-cgroup", "DIR/lxc"], []),
  ]

  private static func options(_ scope: [String], _ groups: ControlGroups) -> [String] {
    scope.map {
      $0.replacing("TOP", with: groups.top).replacing("DIR", with: groups.directory)
    }
  }

  /// Each process of a group reads, looks for and creates files named after the group's index.
  private static func load(_ groups: ControlGroups, _ scratch: String) throws {
    for (index, group) in Self.groups.enumerated() {
      try groups.shell(
        "cat \(index) \(index).no; : >\(index).new; exec stat \(index).stat", inGroup: group.path,
        at: scratch)
    }
  }

  private static func indices(_ trace: Trace, in scratch: String) throws -> Set<Int> {
    Set(try trace.names(in: scratch).compactMap { Int($0.prefix { $0 != "." }) })
  }

  @Test(
    "lines have the group, its unit and its container; scopes choose the same in a recording",
    arguments: [[], ["-S"], ["--metadata"], ["--failed"]])
  func scopes(kind: [String]) throws {
    try Scratch.directory { scratch in
      let groups = try ControlGroups()
      for index in Self.groups.indices { try Calls.write("\(scratch)/\(index)") }
      let recorded = "\(scratch).recorded"
      defer { unlink(recorded) }
      let all = try Tracing(
        ["--json", "--cgroup", "--under", scratch, "--record", recorded] + kind)
      // Each kind of lines takes a quarter of the scopes: a tracer takes long to start.
      let live = Self.scopes.indices.filter { kind.isEmpty || $0 % 4 == kind[0].count % 4 }
      let tracings = try live.map { index in
        try Tracing(
          ["--json", "--under", scratch] + kind + Self.options(Self.scopes[index].options, groups))
      }
      try Self.load(groups, scratch)
      let traces = tracings.map { $0.stop() }
      let trace = all.stop()
      try Self.expectNames(trace, groups, scratch)
      for (index, trace) in zip(live, traces) {
        #expect(
          try Self.indices(trace, in: scratch) == Self.scopes[index].chosen,
          "\(Self.scopes[index].options) \(kind)\n\(trace.description)")
      }
      for scope in Self.scopes {
        let replay = try run(
          Built.bfatrace,
          ["--json", "--replay", recorded] + Self.options(scope.options, groups))
        let lines = replay.text.split(separator: "\n").map(String.init)
        let replayed = Trace(lines: lines, ended: replay)
        #expect(
          try Self.indices(replayed, in: scratch) == scope.chosen,
          "--replay \(scope.options) \(kind)\n\(replayed.description)")
      }
    }
  }

  private static func expectNames(_ trace: Trace, _ groups: ControlGroups, _ scratch: String) throws
  {
    var seen: Set<Int> = []
    for record in try trace.objects() {
      let path = record["path"] as? String ?? ""
      guard path.hasPrefix(scratch + "/"), let entry = path.split(separator: "/").last,
        let index = Int(entry.prefix { $0 != "." })
      else { continue }
      seen.insert(index)
      let group = Self.groups[index]
      #expect(record["cgroup"] as? String == groups.top + group.path, "\(record)")
      #expect(record["unit"] as? String == group.unit, "\(record)")
      #expect(record["container"] as? String == group.container, "\(record)")
    }
    #expect(seen == Set(Self.groups.indices), trace.description)
  }

  @Test("a unit that starts later is in scope from its first call on, again after a restart")
  func restart() throws {
    try Scratch.directory { scratch in
      let groups = try ControlGroups()
      try groups.shell("true", inGroup: "/there.service", at: scratch)
      let unit = "bfatrace-\(getpid()).service"
      let tracing = try Tracing([
        "--json", "-S", "--cgroup", "--under", scratch, "--unit", unit, "--unit", "there",
        "--container", "bfatrace-\(getpid())", "--under-cgroup", groups.top,
      ])
      let early = String(decoding: tracing.errorsSoFar, as: UTF8.self)
      #expect(
        early == """
          bfatrace: --unit \(unit): there is no such unit now: waiting for it
          bfatrace: --container bfatrace-\(getpid()): there is no such container now: waiting for it

          """)
      for round in 0..<3 {
        // Trace the first call of a process that is created in the group, which does not exist
        // before.
        let ended = try run(
          "/usr/bin/python3",
          [
            "-c", Self.startInGroup,
            "\(groups.directory)/lxc.payload.bfatrace-\(getpid())/\(unit)", "\(scratch)/\(round)",
          ])
        #expect(ended.status == 0, "\(ended.errors)")
      }
      let trace = tracing.stop()
      #expect(try trace.names(in: scratch) == ["0", "1", "2"], trace.description)
      #expect(try trace.objects().count == 6, trace.description)
      #expect(try trace.values("unit", as: String.self) == [unit], trace.description)
    }
  }

  /// Starts a process in a new group by clone3(2). It opens and closes a file and ends within a
  /// millisecond, and the group is removed with it.
  private static let startInGroup = """
    import ctypes, os, struct, sys
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(sys.argv[1])
    group = os.open(sys.argv[1], os.O_RDONLY)
    arguments = struct.pack("11Q", 0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, group)
    pid = libc.syscall(435, arguments, len(arguments))
    if pid == 0:
        os.close(os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY))
        os._exit(0)
    if pid < 0: raise OSError(ctypes.get_errno(), "clone3")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(group)
    os.rmdir(sys.argv[1])
    os.rmdir(os.path.dirname(sys.argv[1]))
    """

  @Test("data that are written out later have the group that wrote them", .needsLoopDevices)
  func disks() throws {
    try Scratch.directory { scratch in
      let groups = try ControlGroups()
      let image = try DiskImage(in: scratch, .ext4)
      try image.mount()
      let options = ["--json", "--disk", "-f", "W", "--device", image.device, "--under", "on"]
      let all = try Tracing(options + ["--cgroup"], in: scratch)
      let one = try Tracing(options + ["--unit", "one"], in: scratch)
      let table = try Tracing(
        ["--json", "--by", "unit", "--device", image.device, "--under", "on"], in: scratch)
      for name in ["one", "two"] {
        try groups.shell(
          "head -c 65536 /dev/zero >on/\(name)", inGroup: "/\(name).service/sub", at: scratch)
      }
      try shell("sync -f on", in: scratch)
      let traces = [all, one, table].map { $0.stop() }
      try image.unmount()
      let written = try traces[0].objects().filter {
        ($0["path"] as? String)?.hasPrefix("\(scratch)/on/") == true
          && $0["cause"] as? String == "sync"
      }
      #expect(written.count >= 2, traces[0].description)
      for record in written {
        let name = (record["path"] as? String)?.split(separator: "/").last ?? ""
        #expect(
          record["cgroup"] as? String == "\(groups.top)/\(name).service/sub", "\(record)")
        #expect(record["unit"] as? String == "\(name).service", "\(record)")
      }
      #expect(try traces[1].names(in: "\(scratch)/on") == ["one"], traces[1].description)
      let rows = try traces[2].objects()
      for name in ["one.service", "two.service"] {
        let row = rows.first { $0["unit"] as? String == name }
        #expect(row?["write_bytes"] as? Int ?? 0 >= 65536, traces[2].description)
      }
    }
  }

  @Test("tables have a row for each unit and container, in text and in JSON")
  func tables() throws {
    try Scratch.directory { scratch in
      let groups = try ControlGroups()
      let json = try Tracing(["--json", "--by", "container,unit", "--under", scratch])
      let text = try Tracing(["--by", "unit", "--under", scratch])
      for (group, bytes) in [("/a.service", 10), ("/a.service/x", 5), ("/docker-\(id).scope", 7)] {
        try groups.shell("head -c \(bytes) /dev/zero >f", inGroup: group, at: scratch)
      }
      let traces = [json.stop(), text.stop()]
      let rows = try traces[0].objects().map {
        "\($0["unit"] as? String ?? "-") \($0["container"] as? String ?? "-") \($0["write_bytes"] ?? 0)"
      }
      #expect(
        Set(rows).isSuperset(of: ["a.service - 15", "docker-\(id).scope \(id) 7"]),
        traces[0].description)
      #expect(
        traces[1].lines.contains { $0.hasSuffix("  a.service") && $0.contains(" 15 ") },
        traces[1].description)
    }
  }

  @Test("paths begin at the root of the hierarchy, whatever namespace bfatrace is in")
  func namespace() throws {
    try Scratch.directory { scratch in
      let groups = try ControlGroups()
      try groups.shell("true", inGroup: "/in/it", at: scratch)
      let launcher = [
        "sh", "-c", "echo 0 >\(groups.directory)/in/cgroup.procs; exec unshare -C \"$@\"", "sh",
      ]
      let tracing = try Tracing(
        ["--json", "--cgroup", "--under", scratch, "--under-cgroup", "\(groups.directory)/in/it"],
        launcher: launcher)
      for group in ["/in/it", "/in", "/out"] {
        try groups.shell(
          ": >\(group.dropFirst().replacing("/", with: "."))", inGroup: group, at: scratch)
      }
      let trace = tracing.stop()
      #expect(try trace.names(in: scratch) == ["in.it"], trace.description)
      #expect(
        try trace.values("cgroup", as: String.self) == ["\(groups.top)/in/it"], trace.description)
    }
  }

  @Test(
    "an argument that names no group is refused in one line",
    arguments: [
      (["--unit", ""], 64), (["--unit", "a/b"], 64), (["--container", ""], 64),
      (["--container", "a/b"], 64), (["--under-cgroup", ""], 64),
      (["--under-cgroup", "nowhere"], 1),
      (["--under-cgroup", "/" + String(repeating: "x", count: 254)], 1),
    ] as [([String], Int32)])
  func refused(options: [String], status: Int32) throws {
    let ended = try run(Built.bfatrace, options + ["-s", "1"], in: "/var/tmp")
    expectComplaint(ended, status: status, [options[0]])
  }
}
