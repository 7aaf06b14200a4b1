// SPDX-License-Identifier: Apache-2.0

import CBfatrace

/// Turns requests to block devices into lines, once they have ended, and into tables of disks.
struct RequestWriter {
  private let options: LineOptions
  private var batch = DiskBatch()
  /// What was asked for; not beside a table by other keys.
  private var summary: DiskSummary?
  private var wakeups: DiskWakeups?
  private var clock = WallClock()
  private var users: UserNames

  init(_ options: LineOptions) {
    self.options = options
    users = UserNames(areOfHost: options.areOfHost)
    wakeups = options.wakeups.map { DiskWakeups(threshold: $0) }
    if options.summary && options.table == nil {
      summary = DiskSummary(
        wakeupNanoseconds: options.wakeups ?? DiskSummary.defaultWakeupNanoseconds,
        isOfOneDisk: options.onlyOneDisk)
    }
  }

  /// Adds a request, or an access, which is for the summary only.
  /// - Parameters:
  ///   - time: nanoseconds since the epoch.
  ///   - hasLine: otherwise it is for the tables only.
  mutating func add(_ event: Event, time: UInt64, hasLine: Bool) {
    if let access = event.access { summary?.add(access, path: event.path) }
    guard let request = event.disk else { return }
    summary?.add(request, path: event.path)
    if let threshold = options.wakeups, !request.isWakeup(after: threshold) { return }
    wakeups?.add(request, path: event.path, time: time)
    if hasLine { batch.add(event, request) }
  }

  /// A request has ended, or a part of it.
  mutating func end(_ end: bfa_disk_end) { batch.end(end) }

  /// Appends the lines of the requests that have ended since the last time. Calls the body after each
  /// one; it returns false for no more.
  /// - Parameter all: also those of requests that have not ended.
  mutating func append(
    all: Bool, to lines: inout LineBuffer, realtimeOffset: Int64, _ goesOn: () -> Bool
  ) {
    for request in batch.take(all: all) {
      lines.reserve()
      let time = UInt64(
        bitPattern: Int64(bitPattern: request.record.record.time_ns) &+ realtimeOffset)
      if options.json {
        let start = lines.count
        lines.appendJSON(timestamp: time, options.timestamps, &clock)
        lines.appendJSON(request, options: options, users: &users)
        lines.endObject(from: start)
      } else {
        lines.append(timestamp: time, options.timestamps, &clock)
        lines.appendText(request, options: options)
      }
      if !goesOn() { break }
    }
  }
}

extension RequestWriter {
  /// Appends the tables of disks. They allocate.
  /// - Parameters:
  ///   - members: what each object of JSON begins with.
  ///   - isApart: something is above them.
  /// - Returns: false if there are none.
  func appendTables(to lines: inout LineBuffer, members: [UInt8], isApart: Bool) -> Bool {
    if let wakeups {
      if options.json {
        append(wakeups, to: &lines, members)
      } else {
        lines.appendGap(if: isApart)
        lines.append(wakeups, colored: options.color)
      }
      if options.timeline { appendTimelines(wakeups, to: &lines, members) }
    }
    if let summary {
      if options.json {
        append(summary, to: &lines, members)
      } else {
        lines.appendGap(if: isApart || wakeups != nil)
        lines.append(summary, colored: options.color)
      }
    }
    return wakeups != nil || summary != nil
  }

  private func append(_ wakeups: DiskWakeups, to lines: inout LineBuffer, _ members: [UInt8]) {
    for disk in wakeups.disks { lines.appendObject(members) { $0.appendJSON(disk: disk) } }
    for row in wakeups.sorted { lines.appendObject(members) { $0.appendJSON(row) } }
  }

  private func appendTimelines(
    _ wakeups: DiskWakeups, to lines: inout LineBuffer, _ members: [UInt8]
  ) {
    for disk in wakeups.disks {
      let (timeline, name) = (wakeups.timeline(of: disk), disk.record.diskBytes)
      if !options.json {
        lines.append("\n")
        lines.append(timeline, of: name, colored: options.color)
        continue
      }
      lines.appendObject(members) { $0.appendJSON(timeline, of: name) }
      for share in timeline.shares {
        lines.appendObject(members) { $0.appendJSON(share, in: timeline, of: name) }
      }
    }
  }

  private func append(_ summary: DiskSummary, to lines: inout LineBuffer, _ members: [UInt8]) {
    let rows = summary.rows
    for disk in DiskSummary.disks(rows) {
      lines.appendObject(members) { $0.appendJSON(disk: disk) }
    }
    for process in DiskSummary.processes(rows) {
      lines.appendObject(members) { $0.appendJSON(process: process) }
    }
    for row in rows { lines.appendObject(members) { $0.appendJSON(row) } }
  }
}

extension LineBuffer {
  /// Appends an object. The body appends further members.
  fileprivate mutating func appendObject(
    _ members: [UInt8], _ body: (inout LineBuffer) -> Void
  ) {
    let start = beginObject(members)
    body(&self)
    endObject(from: start)
  }
}
