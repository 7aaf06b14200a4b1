// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Glibc
import Tracer

/// What --record and --replay mean together with the other options.
extension Bfatrace {
  func validateRecordings() throws {
    if let path = recordings.record {
      if output.output == nil && end.count != nil {
        throw ValidationError("--record has no lines for --count to count: add --output")
      }
      if path == "-" && (answers.wantsSummary || answers.isList) && output.output == nil {
        throw ValidationError("--record - and a table cannot share standard output: add --output")
      }
    }
  }

  /// Options that choose, show or end, and need no kernel for it: all others are refused.
  private static let replayable: Set = [
    "pid", "comm", "command", "ignore-pid", "ignore-comm", "uid", "unit", "container",
    "under-cgroup", "cgroup", "cwd", "args", "dir", "under", "file", "ignore-under", "path",
    "exclude", "all", "filter",
    "syscalls", "metadata", "failed", "slower", "disk", "wakeups", "device", "long", "json",
    "timestamp", "host", "user", "exe", "parents", "output", "append", "color", "summary",
    "summary-only",
    "replay", "seconds", "count", "check", "by", "sort", "rows", "changes", "inputs",
    "every",
  ]

  /// - Parameter arguments: those that were parsed.
  func checkReplay(_ arguments: [String]) throws {
    guard recordings.replay != nil else { return }
    let given = arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
      .map { $0.dropFirst(2).prefix { $0 != "=" } }
    var refused = given.filter { !Self.replayable.contains(String($0)) }.map { "--\($0)" }
    if processes.follow { refused.append("--follow") }
    if !command.words.isEmpty { refused.append("a command") }
    if let option = refused.first {
      throw ValidationError("\(option) cannot be applied to a recording: leave out one of both")
    }
  }

  /// What a recording of this run is of.
  var recording: Plan.Recording? {
    guard let path = recordings.record else { return nil }
    var contents = RecordingHeader.Contents(of: subject)
    if answers.isList { contents.insert(.changes) }
    if answers.inputs { contents.insert(.inputs) }
    if answers.isList && events.failed { contents.insert(.missing) }
    if events.metadata || events.failed { contents.insert(.metadata) }
    if output.exe || answers.needsExe { contents.insert(.exe) }
    if output.parents { contents.insert(.parents) }
    if output.cgroup || answers.needsCgroup { contents.insert(.cgroup) }
    if output.cwd { contents.insert(.cwd) }
    if output.args { contents.insert(.args) }
    if countsWriteCalls { contents.insert(.writeCalls) }
    if files.all { contents.insert(.all) }
    return Plan.Recording(
      path: path,
      header: RecordingHeader(
        version: Self.configuration.version, release: HostName.release,
        origin: (output.host ?? .own).origin(.ofThisMachine), contents: contents,
        arguments: Array(Arguments.all.dropFirst())),
      hasSummary: answers.wantsSummary || answers.isList)
  }

  /// What to replay, if anything.
  var replay: Replay.Request? {
    guard let path = recordings.replay else { return nil }
    var request = Replay.Request(path: path)
    request.host = output.host
    request.filter = recordFilter
    let needs: [(RecordingHeader.Contents, String, Bool)] = [
      (
        .calls, "--syscalls",
        !answers.isList
          && (events.syscalls || events.slower != nil || events.failed || answers.areCalls)
      ),
      (.changes, "--changes", answers.isList), (.inputs, "--inputs", answers.inputs),
      (.missing, "--failed", answers.isList && events.failed),
      (.metadata, "--metadata", events.metadata), (.disk, "--disk", subject == .requests),
      (.exe, "--exe", output.exe || answers.needsExe), (.parents, "--parents", output.parents),
      (.all, "--all", files.all), (.cwd, "--cwd", output.cwd), (.args, "--args", output.args),
      (.cgroup, "--cgroup", output.cgroup || answers.needsCgroup || processes.choosesCgroups),
    ]
    for (contents, option, isGiven) in needs where isGiven {
      request.needs.append((contents, option))
    }
    return request
  }

  /// What a replay prints, and where.
  func replayPlan() throws(Failure) -> Plan {
    var plan = Plan()
    plan.lines = lineOptions
    plan.lines.exe = output.exe
    plan.lines.parents = output.parents
    plan.lines.cgroup = output.cgroup
    plan.lines.cwd = output.cwd
    plan.lines.args = output.args
    plan.places = PlaceFilter(
      under: files.under.map(Self.absolute), parents: files.dir.map(Self.absolute),
      files: files.file.map(Self.absolute))
    for directory in files.ignoreUnder { plan.places.ignore(under: Self.absolute(directory)) }
    plan.paths = try files.pathFilter()
    plan.seconds = end.seconds
    plan.count = end.count
    plan.every = answers.every
    plan.output = output.output.map { Array($0.utf8CString) }
    plan.appends = output.append
    return plan
  }

  private var recordFilter: RecordFilter {
    var filter = RecordFilter()
    filter.pids = Set(processes.pid.joined().map { UInt32($0) })
    filter.ignoredPids = Set(processes.ignorePid.joined().map { UInt32($0) })
    filter.comms = Set(ProcessOptions.cut(processes.comms, of: "--comm"))
    filter.ignoredComms = Set(ProcessOptions.cut(processes.ignoreComm, of: "--ignore-comm"))
    filter.uid = processes.uid
    filter.cgroups = Cgroups.filter(processes)
    filter.types = events.filter ?? .max
    filter.onlyFailed = events.failed && !answers.isList
    filter.slower = events.slower ?? 0
    filter.disk = disks.device.map { Array($0.utf8.split(separator: UInt8(ascii: "/")).last ?? []) }
    return filter
  }

  /// As the paths of a recording, which may be of another machine: the text counts.
  private static func absolute(_ path: String) -> [UInt8] {
    if let resolved = realpath(path, nil) {
      defer { free(resolved) }
      return Array(String(cString: resolved).utf8)
    }
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return Array(path.utf8) }
    defer { free(here) }
    return Array("\(String(cString: here))/\(path)".utf8)
  }
}
