// SPDX-License-Identifier: Apache-2.0

/// What events are of, and what a table adds up.
public enum Subject: Sendable {
  /// Merged accesses; of calls, those that count as one.
  case accesses
  /// Calls, each by itself.
  case calls
  /// Requests to block devices; in a table, also the bytes passed to write calls.
  case requests
}
