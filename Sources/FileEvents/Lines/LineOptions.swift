// SPDX-License-Identifier: Apache-2.0

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
