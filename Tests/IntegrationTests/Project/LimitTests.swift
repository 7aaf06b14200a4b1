// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A constant of bpf/, and the limit that the manual gives for it.
private struct Limit: Sendable, CustomTestStringConvertible {
  let name: String
  let file: String
  let what: String
  var less = 0

  var testDescription: String { name }
}

@Suite("Limits in the manual")
struct LimitDocumentationTests {
  private static let limits = [
    Limit(name: "BFA_PATH_MAX", file: "bfatrace.h", what: "bytes of a path", less: 1),
    Limit(name: "BFA_PLACES", file: "bfatrace.h", what: "directories of places"),
    Limit(name: "BFA_PID_RULES", file: "bfatrace.h", what: "processes by number"),
    Limit(name: "BFA_COMM_RULES", file: "bfatrace.h", what: "names of --comm"),
    Limit(name: "BFA_PREFIXES", file: "bfatrace.h", what: "patterns of --path"),
    Limit(name: "BFA_OPEN_FILES", file: "bfatrace.h", what: "descriptors in use"),
    Limit(name: "BFA_LONG_PATHS", file: "bfatrace.h", what: "open paths of over"),
    Limit(name: "BFA_QUEUE_SIZE", file: "bfatrace.h", what: "files touched between"),
    Limit(name: "BFA_DESCRIPTIONS", file: "bfatrace.h", what: "processes described"),
    Limit(name: "BFA_FILE_SYSTEMS", file: "bfatrace.h", what: "file systems of --current-mount"),
    Limit(name: "BFA_CGROUP_RULES", file: "bfatrace.h", what: "rules each of --unit"),
    Limit(name: "BFA_CGROUPS", file: "bfatrace.h", what: "control groups at a time"),
    Limit(name: "BFA_CGROUP_PATH", file: "bfatrace.h", what: "path of a control group", less: 1),
    Limit(name: "BFA_ARGS_BYTES", file: "bfatrace.h", what: "bytes of arguments", less: 1),
    Limit(name: "BFA_ANCESTORS", file: "bfatrace.h", what: "ancestors in a record"),
    Limit(name: "BFA_PROCESS_BYTES", file: "bfatrace.h", what: "bytes of a process", less: 1),
    Limit(name: "ASCENT_STEPS", file: "files/place.h", what: "mounts above a file"),
    Limit(name: "LOOKUP_LINKS", file: "files/lookup.h", what: "symbolic links in a name"),
    Limit(name: "LOOKUP_MOUNTS", file: "files/lookup.h", what: "mounts on the directories"),
    Limit(name: "URING_REQUESTS", file: "calls/uring_request.h", what: "requests of io_uring"),
    Limit(
      name: "URING_NAMES", file: "calls/uring_request.h", what: "requests of io_uring on names"),
    Limit(name: "AIO_REQUESTS", file: "calls/aio.h", what: "requests of io_submit"),
    Limit(name: "MOUNTS_TRIED", file: "disk/disk_name.h", what: "mounts of a file system"),
    Limit(name: "ALIASES_TRIED", file: "disk/disk_name.h", what: "names of a file"),
    Limit(name: "CULPRIT_FILES", file: "disk/disk_culprit.h", what: "changed files"),
    Limit(name: "CULPRIT_BLOCKS", file: "disk/disk_culprit.h", what: "changed blocks"),
    Limit(name: "CULPRIT_FILE_SYSTEMS", file: "disk/disk_culprit.h", what: "loop devices"),
    Limit(name: "FUSE_REQUESTS", file: "disk/disk_client.h", what: "requests to FUSE"),
    Limit(name: "FUSE_DAEMONS", file: "disk/disk_client.h", what: "processes known to serve"),
    Limit(name: "SERVER_PROCESSES", file: "disk/disk_remote.h", what: "processes of Samba"),
    Limit(name: "FUSE_CLIENTS", file: "disk/disk_client.h", what: "threads that wait"),
    Limit(name: "READ_FILES", file: "disk/disk_reader.h", what: "files being read"),
    Limit(name: "SYNCS_KNOWN", file: "disk/disk_cause.h", what: "syncs under way"),
    Limit(name: "BFA_REQUESTS", file: "bfatrace_disk.h", what: "requests to disks under way"),
    Limit(name: "BFA_DISK_HISTOGRAMS", file: "bfatrace_disk.h", what: "disks times operations"),
    Limit(name: "DISKS_KNOWN", file: "disk/disk_report.h", what: "disks"),
  ]

  /// Constants of maps that limit nothing that is shown: what they do not hold is looked up again,
  /// or they have an element for each processor or program.
  private static let caches: Set = [
    "LOOKUP_CACHE", "LOOKUP_MOUNT_CACHE", "MAKER_CACHE", "BFA_HANDLER_COUNT", "BFA_RING_BYTES",
    "BFA_CALL_COUNT", "QUICK_STARTS",
  ]

  @Test("each map has a limit in the manual, or is a cache")
  func maps() throws {
    let known = Self.caches.union(Self.limits.map(\.name))
    let folder = "\(Built.root)/bpf"
    for file in try FileManager.default.subpathsOfDirectory(atPath: folder)
    where file.hasSuffix(".h") || file.hasSuffix(".c") {
      for match in try text("bpf/\(file)").matches(of: /__uint\(max_entries, (\w+)\)/) {
        let size = String(match.1)
        #expect(known.contains(size) || ["1", "2"].contains(size), "\(size) in bpf/\(file)")
      }
    }
  }

  @Test("are those of the BPF programs", arguments: limits)
  fileprivate func numbers(limit: Limit) throws {
    let manual = try text("man/bfatrace.8")
    let source = try text("bpf/\(limit.file)")
    let definition = try Regex(#"\b\#(limit.name) = ([0-9]+)(?: << ([0-9]+))?[, ]"#)
    let match = try #require(try definition.firstMatch(in: source), "\(limit.name)")
    let base = try #require(match[1].substring.flatMap { Int($0) })
    let shift = match[2].substring.flatMap { Int($0) } ?? 0
    let number = Self.withCommas((base << shift) - limit.less)
    let row = manual.split(separator: "\n").first {
      $0.hasPrefix(".It \(number) Ta ") && $0.contains(limit.what)
    }
    #expect(row != nil, "\(limit.name) is \(number): see LIMITS in man/bfatrace.8")
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(Built.root)/\(file)", encoding: .utf8)
  }

  private static func withCommas(_ number: Int) -> String {
    var digits = String(number)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }
}

@Suite("At a limit, and one beyond", .needsRoot)
struct LimitTests {
  /// An option of which so many fit.
  struct Bounded: Sendable, CustomTestStringConvertible {
    let option: String
    /// How the message ends.
    let remedy: String
    var limit = 16
    var program = Built.bfatrace
    /// Those that give the option so often.
    let arguments: @Sendable (_ count: Int) -> [String]

    var testDescription: String { option }

    /// With little room: to parse 1,024 options takes seconds.
    static func names(_ option: String, _ remedy: String, prefix: String = "") -> Bounded {
      Bounded(option: option, remedy: remedy) { count in
        ["--room-for-scope", "16"] + (0..<count).flatMap { [option, "\(prefix)\($0)"] }
      }
    }

    /// Greater than the number of any process, in parts that are no longer than an argument may be.
    @Sendable static func pids(_ count: Int) -> [String] {
      stride(from: 0, to: count, by: 10_000).flatMap { first in
        let numbers = (first..<min(first + 10_000, count)).map { "\(5_000_000 + $0)" }
        return ["--ignore-pid", numbers.joined(separator: ",")]
      }
    }
  }

  private static let bounded = [
    Bounded(
      option: "--pid", remedy: "--uid or --unit", program: "/bin/sh",
      arguments: { ["-c", ofProcesses, Built.bfatrace, "\($0)"] }),
    Bounded(option: "--ignore-pid", remedy: "name fewer", limit: 65536, arguments: Bounded.pids),
    .names("--comm", "--uid or --unit"), .names("--ignore-comm", "--uid or --unit"),
    .names("--unit", "name a slice they are in"),
    .names("--container", "--under-cgroup with a group they are in"),
    .names("--under-cgroup", "name a group they are in", prefix: "/"),
    .names("--dir", "name fewer"), .names("--under", "name one they are in"),
    .names("--ignore-under", "name one they are in"),
    .names("--file", "--dir or --under with a directory they are in"),
  ]

  private static let ofProcesses = """
    for i in $(seq $1); do sleep 100 > /dev/null 2>&1 & pids="$pids,$!"; done; shift
    "$0" "$@" --room-for-scope 16 --pid ${pids#,}; status=$?
    kill $(echo "$pids" | tr , ' '); exit $status
    """

  @Test("more than fit are refused, in one line with the option and the remedy", arguments: bounded)
  func refused(bounded: Bounded) throws {
    try Scratch.directory { directory in
      try shell("seq 0 16 | xargs mkdir", in: directory)
      for (count, status) in [(bounded.limit, 0), (bounded.limit + 1, 1)] as [(Int, Int32)] {
        let ended = try run(
          bounded.program, bounded.arguments(count) + ["-s", "0.1"], in: directory)
        #expect(ended.status == status, "\(count): \(ended)")
        let last = ended.errors.split(separator: "\n").last ?? ""
        let isRefused =
          last.hasPrefix("bfatrace: \(bounded.option): there is room for no more than ")
          && last.contains("than \(bounded.limit) ") && last.hasSuffix(bounded.remedy)
        #expect(isRefused == (status == 1), "\(last)")
      }
    }
  }

  @Test("a child of a command that is one process too many counts as lost, with the reason")
  func children() throws {
    try Scratch.directory { directory in
      try Calls.write("\(directory)/file")
      for (count, lost) in [(65534, 0), (65535, 1)] {
        let ended = try run(
          Built.bfatrace,
          ["--json", "-f", "R", "--under", directory] + Bounded.pids(count)
            + ["--", "sh", "-c", "cat \(directory)/file; :"])
        #expect(ended.status == 0, "\(ended)")
        #expect(ended.text.contains("\"comm\":\"cat\"") == (lost == 0), "\(ended)")
        let isTold = ended.errors.contains(
          "lost 1 events: too many processes are to be followed, and some are not: narrow the scope"
        )
        #expect(isTold == (lost == 1) && ended.text.contains("\"lost\":1") == isTold, "\(ended)")
      }
    }
  }

  /// Mounts so many file systems, of those that fatrace watches, as there are with those of before,
  /// and changes a directory on the last one.
  private static let fileSystems = """
    import ctypes, os, signal, subprocess, sys, time
    libc = ctypes.CDLL(None, use_errno=True)
    def watched():
        devices = set()
        for line in open("/proc/self/mountinfo"):
            fields = line.split()
            source = fields[fields.index("-") + 2]
            if fields[4] == "/" or source.startswith("/") and os.path.exists(source):
                devices.add(fields[2])
        return len(devices)
    for i in range(int(sys.argv[1]) - watched()):
        os.mkdir(f"{i}")
        if libc.mount(b"/dev/null", f"{i}".encode(), b"tmpfs", 0, None):
            raise OSError(ctypes.get_errno(), i)
    fatrace = subprocess.Popen([sys.argv[2], "-o", "lines", "-f", "+"])
    while fatrace.poll() is None and not os.path.exists("lines"): time.sleep(0.01)
    os.mkdir(f"{i}/made")
    fatrace.send_signal(signal.SIGINT)
    status = fatrace.wait()
    print(status, os.path.exists("lines") and f"/{i}\\n" in open("lines").read())
    """

  @Test("file systems of fatrace", .needsNamespaces, arguments: [1024, 1025])
  func fileSystems(count: Int) throws {
    try Scratch.directory { directory in
      let ended = try run(
        "/usr/bin/unshare",
        ["-m", "python3", "-I", "-S", "-c", Self.fileSystems, "\(count)", Built.fatrace],
        in: directory)
      #expect(ended.text == (count == 1024 ? "0 True\n" : "1 False\n"), "\(ended)")
      let message =
        "fatrace: without --dir: there is room for no more than 1024 file systems: use "
        + "--current-mount or --dir\n"
      #expect(ended.errors == (count == 1024 ? "" : message), "\(ended)")
    }
  }

  /// Mounts file systems on the directories of one mount, and on one another.
  private static let mounts = """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    def mount(kind, target, flags=0, source="none"):
        if libc.mount(source.encode(), target.encode(), kind, flags, None):
            raise OSError(ctypes.get_errno(), target)
    os.chdir("base")
    mount(b"tmpfs", "many")
    for i in range(4500):
        os.mkdir(f"many/{i}")
        mount(None, f"many/{i}", 4096, "source")
    for i in range(20): mount(b"tmpfs", "stack")
    print(flush=True); input()
    for i in 0, 4095, 4096, 4499: os.mkdir(f"many/{i}/d{i}")
    os.mkdir("stack/top"); os.mkdir("stack/../many/7/d7"); os.mkdir("many/8/../../stack/again")
    """

  @Test(
    "names are followed through any number of mounts, side by side and on one another",
    .needsNamespaces)
  func mounts() throws {
    try Scratch.directory { scratch in
      try makeDirectories("base/many", "base/source", "base/stack", in: scratch)
      let program = try Running(
        "/usr/bin/unshare", ["-m", "python3", "-c", Self.mounts], in: scratch)
      try waitUntil("the mounts are made") {
        !program.outputSoFar.isEmpty || !program.process.isRunning
      }
      let calls = try Tracing(["--json", "-S", "-f", "+", "--under", "\(scratch)/base"])
      let merged = try Tracing(["--json", "-f", "+", "--under", "\(scratch)/base"])
      try program.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
      #expect(program.wait().status == 0, "\(String(decoding: program.errorsSoFar, as: UTF8.self))")
      let traces = [calls.stop(), merged.stop()]
      let made =
        [0, 4095, 4096, 4499, 7].map { "\(scratch)/base/many/\($0)/d\($0)" }
        + ["top", "again"].map { "\(scratch)/base/stack/\($0)" }
      let shown = try traces[0].values("path", as: String.self)
      #expect(shown == Set(made), traces[0].description)
      #expect(
        try traces[0].objects().allSatisfy { $0["resolved"] == nil }, traces[0].description)
      let entries = try traces[1].objects().map {
        "\($0["path"] as? String ?? "")/\($0["entry"] as? String ?? "")"
      }
      #expect(Set(entries) == Set(made), traces[1].description)
    }
  }
}
