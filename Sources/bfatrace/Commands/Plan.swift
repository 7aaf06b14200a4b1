// SPDX-License-Identifier: Apache-2.0
import FileEvents
import Tracer

/// What a command line asks for: all that a session needs to know.
struct Plan {
  var tracer = TracerOptions()
  /// With requests to disks, also the bytes passed to write calls.
  var countsWriteCalls = false
  var lines = LineOptions()
  /// Where names are wanted from that the kernel could not place.
  var places = PlaceFilter()
  /// Which paths are wanted.
  var paths = PathFilter()
  /// How long merged counts may stay in the kernel: nanoseconds.
  var interval: UInt64 = 100_000_000
  /// After which time it ends: nanoseconds.
  var seconds: UInt64?
  /// How often there is a table: nanoseconds.
  var every: UInt64?
  /// The table is on a full screen.
  var top: TopPlan?
  /// After how many lines.
  var count: UInt64?
  /// The file for the lines, NUL-terminated.
  var output: [CChar]?
  /// It may exist: lines are added to it.
  var appends = false
  /// A command to start and trace, and as whom.
  var words: [String] = []
  var user: User?
  /// Where events happen, if lines say so.
  var origin: Origin?
  /// Where records go besides lines, or instead of them.
  var recording: Recording?

  struct Recording {
    /// "-": standard output.
    var path: String
    var header: RecordingHeader
    /// A table of what is recorded, at the end.
    var hasSummary: Bool
  }
}
