// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// What the lines show.
public struct LineOptions: Sendable {
  /// How times are shown; the raw value is how often `-t` was given.
  public enum Timestamps: Int, Sendable {
    case none
    /// Local time, `HH:MM:SS.uuuuuu`.
    case timeOfDay
    /// Seconds since the epoch, `1700000000.123456`.
    case sinceEpoch
  }

  /// JSON lines instead of text.
  public var json: Bool
  /// Descriptor, flags, mode and counts in merged lines of text.
  public var long: Bool
  public var timestamps: Timestamps
  /// uid and gid.
  public var user: Bool
  /// Calls have lines only where events are of them. Elsewhere, failed opens are for the summary.
  public var subject = Subject.calls
  /// Executables and ancestors, of records that hold them.
  public var exe = true
  public var parents = true
  /// Control groups, working directories and arguments, of records that hold them.
  public var cgroup = true
  public var cwd = true
  public var args = true
  /// Lines exactly as fatrace prints them: in JSON, its keys only.
  public var onlyFatrace = false
  /// Text in the colours of a terminal.
  public var color = false
  /// What each process did is added up, for `EventWriter.appendSummary`.
  public var summary = false
  /// No lines but those of the summary.
  public var onlySummary = false
  /// What the summary is a table of; nil: of processes, of requests also of files and disks.
  public var table: TableOptions?

  /// Records are of this host, whose database has the names of users.
  public var areOfHost = true
  /// What has changed, and what was used, instead of lines; nil: lines.
  public var changes: ChangeOptions?

  /// How long calls or requests took, instead of lines: what `EventWriter.setHistograms` is given.
  public var histogram = false

  /// Only requests to a disk that was idle for at least so many nanoseconds, with how long it was,
  /// and at the end a table of them; of requests.
  public var wakeups: UInt64?
  /// With `wakeups`, also when each disk slept, and who kept it awake: where all wake-ups are there.
  public var timeline = false
  /// The summary leaves out what is written to file systems on disks without requests; of requests.
  public var onlyOneDisk = false

  public init(
    json: Bool = false, long: Bool = false, timestamps: Timestamps = .none, user: Bool = false
  ) {
    self.json = json
    self.long = long
    self.timestamps = timestamps
    self.user = user
  }
}

/// The paths of a line, borrowed; empty ones are not known, or there is none.
struct EventPaths {
  var path: UnsafeRawBufferPointer
  var newPath: UnsafeRawBufferPointer
  /// The path of the entry, where `path` is the directory that holds it; of two, `newEntryPath`.
  var entryPath: UnsafeRawBufferPointer?
  var newEntryPath: UnsafeRawBufferPointer?
  /// Names in the directory.
  var entry = UnsafeRawBufferPointer(start: nil, count: 0)
  var newEntry = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// Turns records into lines: one whole line, with its newline, for each record that is wanted.
///
/// Nothing is allocated per line as long as `lines` is written before it is full. A writer is used
/// by one thread at a time.
public struct EventWriter: ~Copyable {
  /// The lines so far; the caller writes them out.
  public var lines: LineBuffer
  /// Nanoseconds from CLOCK_BOOTTIME, in which records carry their time, to CLOCK_REALTIME. The
  /// caller sets it, and again from time to time: the real-time clock may be stepped.
  public var realtimeOffset: Int64
  /// How many records could not be decoded. Not zero means that the kernel side and this module
  /// disagree: an error of the program, not of its input.
  public private(set) var malformed: UInt64 = 0

  private let options: LineOptions
  private let places: PlaceFilter
  /// For records that no kernel side has chosen.
  private let filter: RecordFilter?
  private let paths: PathFilter
  private var asked = AskedPath()
  private var newAsked = AskedPath()
  private var clock = WallClock()
  private var users: UserNames
  private var tables: Tables?
  private var changes: Changes?
  private var requests = DiskBatch()
  private var diskSummary: DiskSummary?
  private var diskWakeups: DiskWakeups?
  /// What objects at the end begin with.
  private var endMembers: [UInt8] = []
  private var histograms = HistogramPeriods()
  /// One is above the next, apart from it.
  private var hasTables = false

  /// - Parameters:
  ///   - places: where names are wanted from that the kernel side could not place; with a filter, all
  ///     records.
  ///   - paths: which paths are wanted.
  ///   - filter: for records that no kernel side has chosen, as those of a recording.
  ///   - realtimeOffset: nanoseconds, see the property.
  ///   - capacity: of `lines`, in bytes.
  public init(
    options: LineOptions = LineOptions(), places: PlaceFilter = PlaceFilter(),
    paths: PathFilter = PathFilter(), filter: RecordFilter? = nil, realtimeOffset: Int64 = 0,
    capacity: Int = 256 << 10
  ) {
    self.options = options
    self.places = places
    self.paths = paths
    self.filter = filter
    self.realtimeOffset = realtimeOffset
    users = UserNames(areOfHost: options.areOfHost)
    lines = LineBuffer(capacity: capacity)
    if options.subject == .requests {
      diskWakeups = options.wakeups.map { DiskWakeups(threshold: $0) }
    }
    if options.changes != nil { changes = Changes() }
    guard options.summary else { return }
    if options.subject == .requests && options.table == nil {
      diskSummary = DiskSummary(
        wakeupNanoseconds: options.wakeups ?? DiskSummary.defaultWakeupNanoseconds,
        isOfOneDisk: options.onlyOneDisk)
    } else {
      tables = Self.tables(options.table ?? TableOptions(), options)
    }
  }

  private static func tables(_ table: TableOptions, _ options: LineOptions) -> Tables {
    let subject: Subject =
      switch options.subject {
      case .accesses, .calls: table.ofCalls ? .calls : .accesses
      case .requests: .requests
      }
    return Tables(
      subject, table,
      wakeupNanoseconds: options.wakeups ?? DiskSummary.defaultWakeupNanoseconds,
      isOfOneDisk: options.onlyOneDisk, users: UserNames(areOfHost: options.areOfHost))
  }

  /// From now on, each object of JSON says where its events happened.
  public mutating func setOrigin(_ origin: Origin) { lines.setEnding(origin.members) }

  /// Appends the line of one record, `bytes` as the ring buffer delivered them; they are borrowed
  /// for the call.
  /// - Returns: false if there is no line: the record was filtered or is for the summary only, or
  ///   it was `malformed`.
  public mutating func append(record bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(RecordError) {
      return append(try Event(record: bytes))
    } catch {
      malformed += 1
      return false
    }
  }

  /// Appends the line of an event, for callers that have decoded the record already.
  /// - Returns: false if it was filtered, or is for the summary only.
  public mutating func append(_ event: Event) -> Bool {
    if let end = event.diskEnd {
      append(end)
      return false
    }
    if let filter, !filter.admits(event) { return false }
    if options.subject == .requests {
      append(forDisks: event)
      return false
    }
    let paths = resolve(event)
    if changes != nil {
      changes?.add(event, paths)
      return false
    }
    guard admits(event, paths) && isWanted(event, paths) else { return false }
    let isChosen = tables?.add(event, path: paths.path) ?? false
    if options.onlySummary && !isChosen { return false }
    if options.subject != .calls && event.call != nil { return false }
    lines.reserve()
    let time = realtime(event.record)
    if options.json {
      let start = lines.count
      appendTimestampMember(time)
      lines.appendJSON(event, paths, options: options, users: &users)
      lines.endObject(from: start)
    } else {
      appendTimestamp(time)
      lines.appendText(event, paths, options: options)
    }
    return true
  }

  /// Requests wait for `appendRequests`; accesses are for the summary only.
  private mutating func append(forDisks event: Event) {
    if filter != nil && !admitsPlace(of: event, event.path) { return }
    guard isWanted(event, EventPaths(path: event.path, newPath: event.newPath)) else { return }
    if let access = event.access { diskSummary?.add(access, path: event.path) }
    let isChosen = addToTables(forDisks: event)
    guard let disk = event.disk else { return }
    diskSummary?.add(disk, path: event.path)
    if let wakeups = options.wakeups, !disk.isWakeup(after: wakeups) { return }
    let time = realtime(disk.record)
    diskWakeups?.add(disk, path: event.path, time: time)
    if !options.onlySummary || isChosen { requests.add(event, disk) }
  }

  private mutating func append(_ end: bfa_disk_end) {
    guard options.subject == .requests else { return }
    requests.end(end)
    tables?.end(end)
  }

  private mutating func addToTables(forDisks event: Event) -> Bool {
    guard let disk = event.disk, event.path.isEmpty else {
      return tables?.add(event, path: event.path) ?? false
    }
    // The device node's name, if that is what was asked for.
    return DiskRequests(record: disk, path: []).shownPath.withUnsafeBytes { path in
      tables?.add(event, path: path) ?? false
    }
  }

  private func realtime(_ record: bfa_record) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: record.time_ns) &+ realtimeOffset)
  }

  /// Appends the lines of the requests to block devices that have ended since the last time: records
  /// of these have no lines of their own. Calls the body after each one; it returns false for no
  /// more.
  /// - Parameter all: also those of requests that have not ended.
  public mutating func appendRequests(all: Bool = false, _ goesOn: () -> Bool) {
    for request in requests.take(all: all) {
      lines.reserve()
      let time = realtime(request.record.record)
      if options.json {
        let start = lines.count
        appendTimestampMember(time)
        lines.appendJSON(request, options: options, users: &users)
        lines.endObject(from: start)
      } else {
        appendTimestamp(time)
        lines.appendText(request, options: options)
      }
      if !goesOn() { break }
    }
  }

  private mutating func resolve(_ event: Event) -> EventPaths {
    var paths = EventPaths(path: event.path, newPath: event.newPath)
    if event.has(BFA_MARK_FILENAME) {
      paths.path = asked.resolve(
        base: paths.path, filename: event.filename, isTail: event.has(BFA_MARK_TRUNCATED))
      if event.has(BFA_MARK_PARENT) && !paths.path.isEmpty {
        paths.entryPath = paths.path
        paths.entry = asked.lastComponent
        paths.path = asked.parent()
      }
    }
    if event.has(BFA_MARK_ENTRY) { resolveEntries(of: event, &paths) }
    if event.has(BFA_MARK_NEW_FILENAME) {
      paths.newPath = newAsked.resolve(
        base: paths.newPath, filename: event.newFilename, isTail: event.has(BFA_MARK_NEW_TRUNCATED))
    }
    // fatrace has no part of a path.
    if options.onlyFatrace && event.has(BFA_MARK_TRUNCATED) {
      paths.path = UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return paths
  }

  private mutating func resolveEntries(of event: Event, _ paths: inout EventPaths) {
    (paths.entry, paths.newEntry) = event.entries
    if self.paths.isEmpty && !places.judgesEntries { return }
    let isTail = event.has(BFA_MARK_TRUNCATED)
    paths.entryPath = asked.resolve(base: paths.path, filename: paths.entry, isTail: isTail)
    if paths.newEntry.isEmpty { return }
    paths.newEntryPath = newAsked.resolve(
      base: paths.path, filename: paths.newEntry, isTail: isTail)
  }

  /// Whether a path of the event is among those asked for; one of two will do.
  private func isWanted(_ event: Event, _ paths: EventPaths) -> Bool {
    if self.paths.isEmpty { return true }
    let isTail = event.has(BFA_MARK_TRUNCATED)
    if self.paths.admits(paths.entryPath ?? paths.path, isTail: isTail) { return true }
    if let second = paths.newEntryPath { return self.paths.admits(second, isTail: isTail) }
    return event.has(BFA_MARK_NEW_PATH)
      && self.paths.admits(paths.newPath, isTail: event.has(BFA_MARK_NEW_TRUNCATED))
  }

  /// Whether the names that the kernel side could not place are in a wanted place; one of two will do.
  private func admits(_ event: Event, _ paths: EventPaths) -> Bool {
    guard filter != nil || event.has(BFA_MARK_UNPLACED) else { return true }
    if places.judgesEntries {
      if admitsPlace(of: event, paths.entryPath ?? paths.path) { return true }
      if let second = paths.newEntryPath, admitsPlace(of: event, second) { return true }
    } else if admitsPlace(of: event, paths.path) {
      return true
    }
    return event.has(BFA_MARK_NEW_PATH)
      && places.admits(paths.newPath, isTail: event.has(BFA_MARK_NEW_TRUNCATED))
  }

  /// Whether a record is in a wanted place, of those that the kernel side could not place: what is
  /// recorded is as chosen as what is shown.
  public mutating func isInPlace(record bytes: UnsafeRawBufferPointer) -> Bool {
    if options.changes != nil || (places.isEverywhere && paths.isEmpty) { return true }
    guard let event = try? Event(record: bytes), event.diskEnd == nil else { return true }
    let paths = resolve(event)
    return admits(event, paths) && isWanted(event, paths)
  }

  private func admitsPlace(of event: Event, _ path: UnsafeRawBufferPointer) -> Bool {
    places.admits(path, isTail: event.has(BFA_MARK_TRUNCATED))
  }

  /// Appends the record `{"lost":N}`: `count` events could not be delivered here.
  ///
  /// For JSON only. Standard output has no such line in text; the caller reports it elsewhere.
  /// - Parameter time: nanoseconds since the epoch.
  /// - Returns: false if there is no line.
  public mutating func appendLost(_ count: UInt64, time: UInt64) -> Bool {
    guard options.json && !options.onlyFatrace else { return false }
    lines.reserve()
    let start = lines.count
    appendTimestampMember(time)
    lines.append(key: "lost", count)
    lines.endObject(from: start)
    return true
  }

  /// Appends what the processes did: a table, or an object for each. It allocates.
  /// - Parameters:
  ///   - width: of the terminal that it is shown on, in columns; 0: of none.
  ///   - lost: how many events are missing from it.
  ///   - time: nanoseconds since the epoch.
  public mutating func appendSummary(width: Int, lost: UInt64, time: UInt64 = 0) {
    if options.json { endMembers = membersOfEnd(time) }
    if changes != nil { return appendChanges(lost: lost) }
    if options.histogram {
      // As those of the intervals have, if there were any.
      let isBehind = options.json && hasTables && endMembers.isEmpty
      let members = isBehind ? timeMembers(time, interval: nil) : endMembers
      return append(histograms.now, members: members)
    }
    if options.subject == .requests && tables == nil {
      appendDiskSummaries(lost: lost)
      return
    }
    if let diskWakeups { append(diskWakeups) }
    guard tables != nil else { return }
    if !options.json { appendGap(if: !options.onlySummary || width > 0 || hasTables) }
    if options.table?.hasIntervals == true { tables?.endInterval() }
    append(.sinceStart, width: width, members: endMembers)
    if !options.json { appendMissing(lost) }
  }

  /// The first members of the objects at the end, where objects have a time.
  private mutating func membersOfEnd(_ time: UInt64) -> [UInt8] {
    let hasTime = options.timestamps != .none || options.table?.hasIntervals == true
    return hasTime ? timeMembers(time, interval: nil) : []
  }

  /// Changes that are not in the list: there was no memory, or their paths are not known.
  public var missedChanges: UInt64 { changes?.missed ?? 0 }

  /// Only what is in a wanted place is listed. It allocates.
  private mutating func appendChanges(lost: UInt64) {
    guard let changes, let wanted = options.changes else { return }
    let list = changes.list().filter { change in
      wanted.lists(change.kind) && (isListed(change.path) || isListed(change.newPath))
    }
    ChangeLines(
      options: wanted, json: options.json, colored: options.color, members: endMembers
    )
    .append(list, to: &lines)
    lines.reserve()
    if wanted.changes && changes.temporary > 0 { append(temporary: changes.temporary) }
    if lost > 0 && !options.json { lines.append("events were lost: the list may be incomplete\n") }
  }

  private func isListed(_ path: [UInt8]) -> Bool {
    path.withUnsafeBytes {
      !$0.isEmpty && places.admits($0, isTail: false) && paths.admits($0, isTail: false)
    }
  }

  private mutating func append(temporary count: UInt64) {
    if options.json {
      let start = lines.count
      endMembers.withUnsafeBytes { lines.append($0) }
      lines.append(key: "temporary", count)
      lines.endObject(from: start)
    } else {
      lines.append("temporary ")
      lines.append(decimal: count)
      lines.append("\n")
    }
  }

  /// Appends what happened since the last time, as `appendSummary`, with the time.
  /// - Parameters:
  ///   - time: nanoseconds since the epoch.
  ///   - length: of the interval, in nanoseconds.
  public mutating func appendInterval(width: Int, time: UInt64, length: UInt64) {
    guard tables != nil || options.histogram else { return }
    if !options.json {
      appendGap(if: !options.onlySummary || hasTables)
      if options.timestamps == .sinceEpoch {
        lines.append(secondsOf: time)
      } else {
        lines.append(dateOf: time)
      }
      lines.append("\n")
    }
    let members = options.json ? timeMembers(time, interval: length) : []
    if options.histogram {
      append(histograms.takeInterval(), members: members, isInterval: true)
      hasTables = true
      return
    }
    hasTables = true
    tables?.endInterval()
    append(.lastInterval, width: width, members: members)
  }

  /// How long calls or requests took since the start.
  public mutating func setHistograms(_ now: Histograms) { histograms.now = now }

  private mutating func append(
    _ shown: Histograms, members: [UInt8], isInterval: Bool = false
  ) {
    if options.json {
      for (timed, histogram) in shown {
        lines.reserve()
        let start = lines.count
        members.withUnsafeBytes { lines.append($0) }
        lines.appendJSON(timed, histogram)
        lines.endObject(from: start)
      }
      return
    }
    if !isInterval { appendGap(if: hasTables) }
    if shown.isEmpty {
      lines.append(options.subject == .requests ? "no requests\n" : "no calls\n")
    }
    lines.append(shown, colored: options.color)
  }

  /// Begins the next interval without writing the last one.
  public mutating func endInterval() { tables?.endInterval() }

  /// The table for a screen, as `endInterval` left it.
  public mutating func screen(_ options: TableScreenOptions) -> TableScreen {
    tables?.screen(options) ?? TableScreen()
  }

  /// Makes lines of the events of a row, by its key; nil: of none.
  public mutating func choose(_ key: [UInt8]?) { tables?.chosen = key }

  /// Begins anew with a table by other keys.
  public mutating func restart(by keys: [TableKey]) {
    var table = options.table ?? TableOptions()
    table.keys = keys
    tables = Self.tables(table, options)
  }

  private mutating func append(_ period: Tables.Period, width: Int, members: [UInt8]) {
    let style = TableStyle(
      json: options.json, width: width, colored: options.color, members: members)
    tables?.append(period, to: &lines, style)
  }

  /// The first members of the objects of an interval: when it ended, and how long it was.
  private mutating func timeMembers(_ time: UInt64, interval: UInt64?) -> [UInt8] {
    lines.reserve()
    let start = lines.count
    if options.timestamps == .none {
      lines.append(key: "timestamp")
      lines.append(secondsOf: time)
    } else {
      appendTimestampMember(time)
    }
    if let interval {
      lines.append(key: "interval")
      lines.append(secondsOf: interval)
    }
    return lines.removeLast(from: start)
  }

  private mutating func appendMissing(_ lost: UInt64) {
    if lost == 0 { return }
    lines.reserve()
    lines.append("lost ")
    lines.append(decimal: lost)
    lines.append(" events: the numbers are too low\n")
  }

  private mutating func appendDiskSummaries(lost: UInt64) {
    if let diskWakeups { append(diskWakeups) }
    if options.json {
      if let diskSummary { appendObjects(diskSummary) }
      return
    }
    if let diskSummary {
      appendGap(if: !options.onlySummary || hasTables)
      lines.append(diskSummary, colored: options.color)
    }
    if diskWakeups != nil || diskSummary != nil { appendMissing(lost) }
  }

  private mutating func appendGap(if isNeeded: Bool) {
    lines.reserve()
    if isNeeded { lines.append("\n") }
  }

  private mutating func append(_ wakeups: DiskWakeups) {
    if !options.json {
      appendGap(if: !options.onlySummary || hasTables)
      lines.append(wakeups, colored: options.color)
      hasTables = true
      if options.timeline { appendTimelines(wakeups) }
      return
    }
    for disk in wakeups.disks { appendObject { $0.appendJSON(disk: disk) } }
    for row in wakeups.sorted { appendObject { $0.appendJSON(row) } }
    if options.timeline { appendTimelines(wakeups) }
  }

  private mutating func appendTimelines(_ wakeups: DiskWakeups) {
    for disk in wakeups.disks {
      let (timeline, name) = (wakeups.timeline(of: disk), disk.record.diskBytes)
      if !options.json {
        lines.append("\n")
        lines.append(timeline, of: name, colored: options.color)
        continue
      }
      appendObject { $0.appendJSON(timeline, of: name) }
      for share in timeline.shares {
        appendObject { $0.appendJSON(share, in: timeline, of: name) }
      }
    }
  }

  private mutating func appendObjects(_ summary: DiskSummary) {
    let rows = summary.rows
    for disk in DiskSummary.disks(rows) { appendObject { $0.appendJSON(disk: disk) } }
    for process in DiskSummary.processes(rows) { appendObject { $0.appendJSON(process: process) } }
    for row in rows { appendObject { $0.appendJSON(row) } }
  }

  /// Appends an object for the summary, whose members the body appends.
  private mutating func appendObject(_ members: (inout LineBuffer) -> Void) {
    lines.reserve()
    let start = lines.count
    endMembers.withUnsafeBytes { lines.append($0) }
    members(&lines)
    lines.endObject(from: start)
  }

  private mutating func appendTimestamp(_ time: UInt64) {
    switch options.timestamps {
    case .none: return
    case .timeOfDay: lines.append(timeOfDay: time, clock: &clock)
    case .sinceEpoch: lines.append(secondsOf: time)
    }
    lines.append(byte: UInt8(ascii: " "))
  }

  private mutating func appendTimestampMember(_ time: UInt64) {
    switch options.timestamps {
    case .none:
      return
    case .timeOfDay:
      lines.append(key: "timestamp")
      lines.append(byte: UInt8(ascii: "\""))
      lines.append(timeOfDay: time, clock: &clock)
      lines.append(byte: UInt8(ascii: "\""))
    case .sinceEpoch:
      lines.append(key: "timestamp")
      lines.append(secondsOf: time)
    }
  }
}
