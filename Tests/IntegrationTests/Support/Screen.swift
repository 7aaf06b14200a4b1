// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A terminal with a shell in it, drawn by a terminal multiplexer: what a person sees.
final class Screen {
  private let socket = "bfatrace-test-\(UUID())"

  /// The multiplexer runs in the foreground. In the background it would keep descriptors by which
  /// Foundation learns that a program has ended.
  private let server: Running

  init(columns: Int = 100, rows: Int = 20, environment: [String: String] = [:]) throws {
    server = try Running("/usr/bin/env", ["tmux", "-u", "-L", socket, "-f", "/dev/null", "-D"])
    let settings = environment.flatMap { ["-e", "\($0.key)=\($0.value)"] }
    let session = ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)"] + settings
    try waitUntil("tmux is there") {
      let ended = try? run(
        "/usr/bin/env", ["tmux", "-N", "-u", "-L", socket] + session + ["exec sh"])
      return ended?.status == 0
    }
  }

  deinit {
    _ = try? tmux(["kill-server"])
    _ = server.wait()
  }

  static let isAvailable = (try? shell("command -v tmux"))?.status == 0

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    let ended = try run("/usr/bin/env", ["tmux", "-u", "-L", socket] + arguments)
    try #require(ended.status == 0, "tmux \(arguments): \(ended)")
    return ended.text
  }

  /// The pid of the shell.
  var shellPid: Int32 {
    get throws {
      let text = try tmux(["display-message", "-p", "#{pane_pid}"])
      return try #require(Int32(text.filter(\.isNumber)), "\(text)")
    }
  }

  /// Presses keys by their names: `q`, `Enter`, `C-c`.
  func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  /// Types text as it is.
  func type(_ text: String) throws { try tmux(["send-keys", "-l", text]) }

  func resize(columns: Int, rows: Int = 20) throws {
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  var lines: [String] {
    get throws {
      try tmux(["capture-pane", "-p"]).split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
    }
  }

  /// Waits until the screen is as the body wants it.
  /// - Returns: its lines.
  @discardableResult
  func wait(_ what: String, _ isThere: ([String]) -> Bool) throws -> [String] {
    var last: [String] = []
    do {
      try waitUntil(what) {
        last = (try? lines) ?? []
        return last.count > 5 && isThere(last)
      }
    } catch {
      Issue.record("\(what):\n\(last.joined(separator: "\n"))")
      throw error
    }
    return last
  }

  @discardableResult
  func wait(for text: String) throws -> [String] {
    try wait("\"\(text)\" shows") { $0.contains { $0.contains(text) } }
  }
}
