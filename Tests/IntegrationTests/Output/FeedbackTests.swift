// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Lines that are written to a disk", .needsRoot)
struct FeedbackTests {
  @Test(
    "make no lines of their own",
    arguments: [
      ("", "> lines"), ("", "| tee lines > /dev/null"),
      ("--json", "| jq --unbuffered -c . > lines"), ("", "| cat | tee lines | cat > again"),
    ])
  func settles(options: String, pipeline: String) throws {
    try Scratch.directory { directory in
      let start = "echo $$ > pid; exec \"$0\" --under . \(options)"
      let running = try Running(
        "/bin/sh", ["-c", "sh -c '\(start)' '\(Built.bfatrace)' \(pipeline)"], in: directory)
      let text = { (name: String) -> String in
        (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
      }
      for name in ["first", "second", "third"] {
        try waitUntil("\(name) is shown") {
          try? Calls.write("\(directory)/\(name)")
          return text("lines").contains("/\(name)") || !running.process.isRunning
        }
      }
      if let pid = pid_t(text("pid").prefix { $0.isNumber }) { kill(pid, SIGINT) }
      let ended = running.wait()
      // Between the first mark and the last, what feeds itself would have been shown.
      // This process reads the file too.
      let own = text("lines").split(separator: "\n").map(String.init).filter {
        ($0.contains("\(directory)/lines") || $0.contains("\(directory)/again"))
          && !$0.contains("(\(getpid())): ") && !$0.contains("\"pid\":\(getpid()),")
      }
      expectNone(own)
      #expect(text("lines").contains("/third") && ended.errors.isEmpty, "\(ended.errors)")
    }
  }
}
