// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// The paths of a line, borrowed. A path is empty if it is not known, or if there is none.
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
  private var requests: RequestWriter?
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
    if options.subject == .requests { requests = RequestWriter(options) }
    if options.changes != nil {
      changes = Changes { Self.isListed($0, places, paths) }
    }
    // Requests have tables of their own, unless others are asked for.
    guard options.summary, options.subject != .requests || options.table != nil else { return }
    tables = Self.tables(options.table ?? TableOptions(), options)
  }

  private static func tables(_ table: TableOptions, _ options: LineOptions) -> Tables {
    Tables(
      table.subject(of: options.subject), table,
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
      if options.subject == .requests {
        requests?.end(end)
        tables?.end(end)
      }
      return false
    }
    if let filter, !filter.admits(event) { return false }
    if options.subject == .requests {
      addToRequests(event)
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
      lines.appendJSON(timestamp: time, options.timestamps, &clock)
      lines.appendJSON(event, paths, options: options, users: &users)
      lines.endObject(from: start)
    } else {
      lines.append(timestamp: time, options.timestamps, &clock)
      lines.appendText(event, paths, options: options)
    }
    return true
  }

  /// Requests wait for `appendRequests`; accesses are for the tables only.
  private mutating func addToRequests(_ event: Event) {
    if filter != nil && !admitsPlace(of: event, event.path) { return }
    guard isWanted(event, EventPaths(path: event.path, newPath: event.newPath)) else { return }
    let isChosen = addRequestToTables(event)
    let time = realtime(event.record)
    requests?.add(event, time: time, hasLine: !options.onlySummary || isChosen)
  }

  private mutating func addRequestToTables(_ event: Event) -> Bool {
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
    requests?.append(all: all, to: &lines, realtimeOffset: realtimeOffset, goesOn)
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

  // What is asked of each event is mutating, as a call of another method would copy the whole writer.

  /// Whether a path of the event is among those asked for; one of two will do.
  private mutating func isWanted(_ event: Event, _ paths: EventPaths) -> Bool {
    if self.paths.isEmpty { return true }
    let isTail = event.has(BFA_MARK_TRUNCATED)
    if self.paths.admits(paths.entryPath ?? paths.path, isTail: isTail) { return true }
    if let second = paths.newEntryPath { return self.paths.admits(second, isTail: isTail) }
    return event.has(BFA_MARK_NEW_PATH)
      && self.paths.admits(paths.newPath, isTail: event.has(BFA_MARK_NEW_TRUNCATED))
  }

  /// Whether the names that the kernel side could not place are in a wanted place; one of two will do.
  private mutating func admits(_ event: Event, _ paths: EventPaths) -> Bool {
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

  private mutating func admitsPlace(of event: Event, _ path: UnsafeRawBufferPointer) -> Bool {
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
    lines.appendJSON(timestamp: time, options.timestamps, &clock)
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
    if requests?.appendTables(to: &lines, members: endMembers, isApart: isApart) == true {
      hasTables = true
      if tables == nil && !options.json { lines.append(missing: lost) }
    }
    guard tables != nil else { return }
    if !options.json { lines.appendGap(if: isApart || width > 0) }
    if options.table?.hasIntervals == true { tables?.endInterval() }
    append(.sinceStart, width: width, members: endMembers)
    if !options.json { lines.append(missing: lost) }
  }

  /// Something is above a table.
  private var isApart: Bool { !options.onlySummary || hasTables }

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
      wanted.lists(change.kind)
        && (changes.isListed(change.path) || changes.isListed(change.newPath))
    }
    ChangeLines(
      options: wanted, json: options.json, colored: options.color, members: endMembers
    )
    .append(list, temporary: changes.temporary, to: &lines)
    lines.reserve()
    if lost > 0 && !options.json { lines.append("events were lost: the list may be incomplete\n") }
  }

  private static func isListed(
    _ path: [UInt8], _ places: PlaceFilter, _ paths: PathFilter
  ) -> Bool {
    path.withUnsafeBytes {
      !$0.isEmpty && places.admits($0, isTail: false) && paths.admits($0, isTail: false)
    }
  }

  /// Appends what happened since the last time, as `appendSummary`, with the time.
  /// - Parameters:
  ///   - time: nanoseconds since the epoch.
  ///   - length: of the interval, in nanoseconds.
  public mutating func appendInterval(width: Int, time: UInt64, length: UInt64) {
    guard tables != nil || options.histogram else { return }
    if !options.json {
      lines.appendGap(if: isApart)
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
        let start = lines.beginObject(members)
        lines.appendJSON(timed, histogram)
        lines.endObject(from: start)
      }
      return
    }
    if !isInterval { lines.appendGap(if: hasTables) }
    if shown.isEmpty { lines.append(options.subject == .requests ? "no requests\n" : "no calls\n") }
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
      lines.appendJSON(timestamp: time, options.timestamps, &clock)
    }
    if let interval {
      lines.append(key: "interval")
      lines.append(secondsOf: interval)
    }
    return lines.removeLast(from: start)
  }
}
