// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

private let id = String(repeating: "0123456789abcdef", count: 4)
private let pod = "pod7d0b7b35_4a5a_4a3c_8f59_0d3e8a3b1c2d"

@Suite("Control groups")
struct CgroupTests {
  /// Groups as systemd, Docker, Podman, containerd, CRI-O, LXC and others name them, with unit and
  /// container.
  private static let groups: [(path: String, unit: String?, container: String?)] = [
    ("/", nil, nil),
    ("/init.scope", "init.scope", nil),
    ("/system.slice", "system.slice", nil),
    ("/system.slice/nginx.service", "nginx.service", nil),
    ("/system.slice/nginx.service/worker", "nginx.service", nil),
    ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", nil),
    (
      "/system.slice/systemd-fsck@dev-disk-by\\x2dlabel-x.service",
      "systemd-fsck@dev-disk-by\\x2dlabel-x.service", nil
    ),
    ("/system.slice/_memory.service", "memory.service", nil),
    ("/system.slice/dev-hugepages.mount", "dev-hugepages.mount", nil),
    ("/system.slice/ssh.socket", "ssh.socket", nil),
    ("/system.slice/dev-sda2.swap", "dev-sda2.swap", nil),
    ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", nil),
    (
      "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12.scope",
      "app-firefox-12.scope", nil
    ),
    ("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", nil),
    ("/.service", nil, nil), ("/service", nil, nil), ("/a.serviced", nil, nil),
    ("/system.slice/docker-\(id).scope", "docker-\(id).scope", id),
    ("/system.slice/docker-\(id).scope/system.slice/cron.service", "cron.service", id),
    ("/docker/\(id)", nil, id), ("/docker/buildx/\(id)", nil, id),
    ("/machine.slice/libpod-\(id).scope/container", "libpod-\(id).scope", id),
    ("/machine.slice/libpod-conmon-\(id).scope", "libpod-conmon-\(id).scope", nil),
    ("/libpod_parent/libpod-\(id)", nil, id), ("/libpod_parent/conmon-\(id)", nil, nil),
    (
      "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope",
      "libpod-\(id).scope", id
    ),
    (
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-\(pod).slice/cri-containerd-\(id).scope",
      "cri-containerd-\(id).scope", id
    ),
    ("/kubepods/besteffort/\(pod)/\(id)", nil, id),
    ("/kubepods.slice/kubepods-\(pod).slice/crio-\(id).scope", "crio-\(id).scope", id),
    (
      "/kubepods.slice/kubepods-\(pod).slice/crio-conmon-\(id).scope", "crio-conmon-\(id).scope",
      nil
    ),
    ("/kubepods/\(pod)/crio-\(id)", nil, id),
    (
      "/system.slice/nerdctl-\(id).scope",
      "nerdctl-\(id).scope", id
    ),
    ("/lxc.payload.web", nil, "web"),
    ("/lxc.payload.web/system.slice/ssh.service", "ssh.service", "web"),
    ("/lxc.payload/web", nil, "web"), ("/lxc/101/ns", nil, "101"),
    ("/lxc.monitor.web", nil, nil), ("/lxc.payload.", nil, nil),
    ("/docker/\(id.dropLast())", nil, nil), ("/docker/\(id)0", nil, nil),
    ("/docker/\(id.uppercased())", nil, nil), ("/x/a\(id)", nil, nil),
    ("/docker/\(id)/docker/\(id.replacing("0", with: "f"))", nil, id.replacing("0", with: "f")),
  ]

  private func json(_ path: String) -> String {
    let process = Common.Process(1, "x", cgroup: path)
    return line(accessRecord(Common(processes: [process])), LineOptions(json: true))
  }

  private func member(_ key: String, _ value: String?) -> String {
    value.map { ",\"\(key)\":\"\($0)\"" } ?? ""
  }

  @Test("the path of a group gives its unit and its container", arguments: groups.indices)
  func names(index: Int) {
    let group = Self.groups[index]
    // JSON has a path with a backslash as an array of bytes.
    if group.path.contains("\\") { return }
    #expect(
      json(group.path).hasSuffix(
        member("cgroup", group.path) + member("unit", group.unit)
          + member("container", group.container) + "}"),
      "\(json(group.path))")
  }

  @Test("a group is in scope by its unit, its container or its path")
  func scopes() throws {
    let nginx = "/system.slice/nginx.service/worker"
    let docker = "/system.slice/docker-\(id).scope"
    let rows: [(path: String, unit: [String], container: [String], under: [String], isIn: Bool)] = [
      (nginx, [], [], [], true), ("", [], [], [], true), ("", ["a.service"], [], [], false),
      (nginx, ["nginx.service"], [], [], true), (nginx, ["system.slice"], [], [], true),
      (nginx, ["a.service", "nginx.service"], [], [], true), (nginx, ["nginx"], [], [], false),
      (nginx, ["nginx.service.x", "inx.service"], [], [], false),
      ("/system.slice/_memory.service", ["memory.service"], [], [], true),
      (docker, [], ["0123456789ab"], [], true), (docker, [], [id], [], true),
      (docker, [], ["1", "0"], [], true), (docker, [], ["123"], [], false),
      (docker, [], [id + "0"], [], false), (docker + "/x/y", [], ["01"], [], true),
      (nginx, [], ["n"], [], false), ("/lxc.payload.web/x", [], ["we"], [], true),
      (nginx, [], [], [""], true), ("/", [], [], [""], true),
      (nginx, [], [], ["/system.slice"], true),
      (nginx, [], [], [nginx], true), (nginx, [], [], ["/system.slic"], false),
      (nginx, [], [], [nginx + "/x"], false), (nginx, [], [], ["/x", "/system.slice"], true),
      (docker, ["system.slice"], ["01"], [], true), (docker, ["user.slice"], ["01"], [], false),
      (docker, ["system.slice"], ["01"], ["/user.slice"], false),
    ]
    for row in rows {
      var filter = RecordFilter()
      filter.cgroups.units = row.unit.map { Array($0.utf8) }
      filter.cgroups.containers = row.container.map { Array($0.utf8) }
      filter.cgroups.paths = row.under.map { Array($0.utf8) }
      let record = accessRecord(Common(processes: [Common.Process(1, "x", cgroup: row.path)]))
      let isIn = try record.withUnsafeBytes { filter.admits(try Event(record: $0)) }
      #expect(isIn == row.isIn, "\(row)")
    }
  }

  @Test("requests to disks of different groups have separate lines, and rows of tables")
  func disks() {
    let groups = ["/a.slice", "/a.slice", "/b.slice"]
    let records = groups.map { group in
      diskRecord(Common(types: [written], processes: [Common.Process(1, "x", cgroup: group)])) {
        $0.bytes = 4096
        $0.operation = UInt8(BFA_DISK_WRITE.rawValue)
      }
    }
    for json in [false, true] {
      var options = LineOptions(json: json)
      options.subject = .requests
      var writer = EventWriter(options: options)
      for record in records { _ = record.withUnsafeBytes { writer.append(record: $0) } }
      writer.appendRequests { true }
      let lines = writer.lines.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        .split(separator: "\n")
      #expect(lines.count == 2, "\(lines)")
      #expect(
        lines.allSatisfy { $0.contains(json ? ",\"unit\":\"" : " cgroup=/") }, "\(lines)")
    }
  }
}

@Suite("Arguments and working directories")
struct ArgumentTests {
  /// The arguments as in the record, in text, and in JSON with their key.
  private static let rows: [(args: String, text: String, json: String)] = [
    ("cat\0", "cat", #""args":["cat"]"#),
    ("cat", "cat", #""args":["cat"]"#),
    ("a\0b c\0", "a 'b c'", #""args":["a","b c"]"#),
    ("a\0\0b\0", "a '' b", #""args":["a","","b"]"#),
    ("a\0\0", "a ''", #""args":["a",""]"#),
    ("nginx: worker\0\0\0\0\0", "'nginx: worker'", #""args":["nginx: worker"]"#),
    ("it's\0", #"$'it\047s'"#, #""args":["it's"]"#),
    ("a\"b\0", #"$'a\042b'"#, #""args_raw":[[97,34,98]]"#),
    ("a\\b\0\0c\0", #"$'a\134b' '' c"#, #""args_raw":[[97,92,98],[],[99]]"#),
    ("a\nb\u{1b}[m\0", #"$'a\012b\033[m'"#, #""args_raw":[[97,10,98,27,91,109]]"#),
    ("\u{e4}\0", "$'\u{e4}'", #""args":["ä"]"#),
    ("$x `y` *\0", "'$x `y` *'", #""args":["$x `y` *"]"#),
    (
      "~\0a=b,c:d@e%f+g-h_i.j/k\0", "'~' a=b,c:d@e%f+g-h_i.j/k",
      #""args":["~","a=b,c:d@e%f+g-h_i.j/k"]"#
    ),
    (
      "x\" exe=/forged, parents=(\0", #"$'x\042 exe=/forged, parents=('"#,
      #""args_raw":[[120,34,32,101,120,101,61,47,102,111,114,103,101,100,44,32,112,97,114,101,110,116,115,61,40]]"#
    ),
  ]

  private func record(_ args: String, _ marks: [bfa_mark] = []) -> [UInt8] {
    var process = Common.Process(1, "x", "/x", cgroup: "/g")
    (process.cwd, process.args) = (Array("/w d".utf8), Array(args.utf8))
    return accessRecord(Common(marks: marks, processes: [process]))
  }

  @Test(
    "are quoted for a shell, and nothing in them ends the quotes", arguments: rows.indices
  )
  func text(index: Int) {
    let row = Self.rows[index]
    #expect(
      line(record(row.args)).hasSuffix(" exe=/x cgroup=/g cwd=/w d args=\"\(row.text)\""))
    #expect(
      line(record(row.args, [BFA_MARK_ARGS_CUT])).hasSuffix(" args=\"\(row.text)\"..."))
  }

  @Test("are an array of strings in JSON, or of bytes if one is not UTF-8", arguments: rows.indices)
  func json(index: Int) {
    let row = Self.rows[index]
    let members = #","exe":"/x","cgroup":"/g","cwd":"/w d","# + row.json
    #expect(line(record(row.args), LineOptions(json: true)).hasSuffix("\(members)}"))
    #expect(
      line(record(row.args, [BFA_MARK_ARGS_CUT]), LineOptions(json: true)).hasSuffix(
        "\(members),\"args_truncated\":true}"))
  }

  @Test(
    "the longest line fits, whatever they are", arguments: ["'", "\"'", "\0", "a\0", "\u{1b}\0"])
  func longest(unit: String) {
    var process = Common.Process(1, "x")
    let size = Int(BFA_PROCESS_BYTES.rawValue) - 1 - Int(BFA_CGROUP_PATH.rawValue) - 28
    process.args = Array(String(repeating: unit, count: size).utf8.prefix(size))
    process.cgroup = Array(repeating: 27, count: Int(BFA_CGROUP_PATH.rawValue) - 1)
    process.cgroup[0] = UInt8(ascii: "/")
    process.cgroup.replaceSubrange((process.cgroup.count - 8)..., with: Array(".service".utf8))
    let path = [UInt8](repeating: 27, count: Int(BFA_PATH_MAX.rawValue) - 1)
    let record = accessRecord(Common(path: path, processes: [process]))
    for json in [false, true] {
      #expect(line(record, LineOptions(json: json)).utf8.count > 4 * path.count)
    }
  }

  @Test(
    "the name of a user follows the number in JSON, but not in fatrace's form or for another host")
  func users() {
    var options = LineOptions(json: true, user: true)
    let record = accessRecord()
    #expect(line(record, options).contains(#""uid":0,"gid":0,"user":"root","types""#))
    options.areOfHost = false
    #expect(line(record, options).contains(#""uid":0,"gid":0,"types""#))
    options.areOfHost = true
    options.onlyFatrace = true
    #expect(line(record, options).contains(#""uid":0,"gid":0,"types""#))
    options.onlyFatrace = false
    let nobody = accessRecord { $0.record.uid = 4_294_000_000 }
    #expect(line(nobody, options).contains(#""uid":4294000000,"gid":0,"types""#))
  }
}
