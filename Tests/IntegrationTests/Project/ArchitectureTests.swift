// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("The structure that docs/architecture.md describes")
struct ArchitectureTests {
  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(Built.root)/\(path)", encoding: .utf8)
  }

  private func files(below directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(Built.root)/\(directory)")
      .map { "\(directory)/\($0)" }
  }

  private func folders(in directory: String) throws -> Set<String> {
    let url = URL(filePath: "\(Built.root)/\(directory)")
    let entries = try FileManager.default.contentsOfDirectory(
      at: url, includingPropertiesForKeys: [.isDirectoryKey])
    return try Set(
      entries.filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        .map { "\(directory)/\($0.lastPathComponent)" })
  }

  /// The folders that each folder of the picture uses, directly or indirectly.
  private func picture() throws -> [String: Set<String>] {
    let page = try text("docs/architecture.md")
    let picture = try #require(
      page.split(separator: "```mermaid\n").last?.split(separator: "```").first)
    var names: [Substring: String] = [:]
    for match in picture.matches(of: /(\w+)\[((?:bpf|Sources)\/\w+)\]/) {
      names[match.1] = String(match.2)
    }
    var uses = Dictionary(uniqueKeysWithValues: names.values.map { ($0, Set([$0])) })
    for line in picture.split(separator: "\n") where line.contains(" --> ") {
      let path = line.split(separator: " --> ").compactMap { part in
        part.firstMatch(of: /^\s*(\w+)/).flatMap { names[$0.1] }
      }
      for (used, user) in zip(path, path.dropFirst()) { uses[user]?.insert(used) }
    }
    for _ in uses {
      for (user, used) in uses { uses[user] = used.reduce(used) { $0.union(uses[$1] ?? []) } }
    }
    return uses
  }

  @Test("the picture names the folders that exist")
  func folders() throws {
    let existing = try folders(in: "bpf").union(try folders(in: "Sources"))
    #expect(Set(try picture().keys) == existing)
  }

  @Test("no include goes against the picture's arrows")
  func includes() throws {
    let uses = try picture()
    for file in try files(below: "bpf") where file.hasSuffix(".h") {
      let folder = file.split(separator: "/").dropLast().joined(separator: "/")
      for include in try text(file).matches(of: /(?m)^#include "(\w+)\//) {
        // Headers of bpf/ itself are shared with user space: they are in no folder of the picture.
        let allowed = uses[folder]?.contains("bpf/\(include.1)") == true
        #expect(allowed, "\(file) includes a file of bpf/\(include.1)")
      }
    }
  }

  @Test("no import goes against the picture's arrows")
  func imports() throws {
    let uses = try picture()
    for file in try files(below: "Sources") where file.hasSuffix(".swift") {
      let folder = file.split(separator: "/").prefix(2).joined(separator: "/")
      for match in try text(file).matches(of: /(?m)^import (\w+)$/) {
        let target = "Sources/\(match.1)"
        #expect(
          uses[target] == nil || uses[folder]?.contains(target) == true,
          "\(file) imports \(match.1)")
      }
    }
  }

  @Test("every file and folder that a page names exists")
  func paths() throws {
    let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "Tests/README.md"]
    for page in try pages + files(below: "docs").filter({ $0.hasSuffix(".md") }) {
      let named = try text(page).matches(
        of: /\b(?:bpf|Sources|Tests|Benchmarks|packaging|docs)\/[\w.\/-]*\w/)
      for path in named where !path.0.contains("...") {
        let exists = FileManager.default.fileExists(atPath: "\(Built.root)/\(path.0)")
        #expect(exists, "\(page) names \(path.0)")
      }
    }
  }
}
