// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite(
  "The calls of a 32-bit program", .needsRoot,
  .enabled(if: Fileload32.isForThisMachine, "fileload32 makes the calls of i386"))
struct Compat32Tests {
  @Test(
    "are told call by call, with the numbers and arguments of its own",
    arguments: Scratch.FileSystem.allCases)
  func calls(on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try traced(["--syscalls"], on: fileSystem)
    expectNone(CallComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  @Test("add up in merged lines", arguments: Scratch.FileSystem.allCases)
  func sums(on fileSystem: Scratch.FileSystem) throws {
    let (truth, trace) = try traced([], on: fileSystem)
    expectNone(SumComparison.differences(truth: truth, trace: try Line.all(in: trace.output)))
  }

  private func traced(
    _ options: [String], on fileSystem: Scratch.FileSystem
  ) throws -> (truth: [Line], trace: Trace) {
    let program = try Fileload32.built.get()
    if let reason = Fileload32.refused(program) { try skip(reason) }
    return try Scratch.directory(on: fileSystem) { directory in
      let tracing = try Tracing(["--json", "--under", directory] + options)
      let load = try run(program, [directory])
      let trace = tracing.stop()
      try #require(load.status == 0, "fileload32: \(load.errors)")
      try #require(trace.ended.status == 0, "bfatrace: \(trace.ended.errors)")
      let truth = try Line.all(in: load.output)
      try #require(!truth.isEmpty)
      return (truth, trace)
    }
  }
}

/// A 32-bit program that tells its truth on standard output; the package manager cannot build it.
enum Fileload32 {
  /// Whether it makes its calls as 32-bit programs do on this architecture.
  static var isForThisMachine: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  /// Its path; it is removed when the tests end.
  static let built = Result { try build() }

  /// Why this kernel does not run it, if that is so.
  static func refused(_ program: String) -> String? {
    do {
      _ = try run(program)
      return nil
    } catch {
      return "this kernel does not run 32-bit programs: \(error)"
    }
  }

  private static func build() throws -> String {
    let directory = Scratch.newName()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    let program = "\(directory)/fileload32"
    let source = "\(Built.root)/Tests/fileload32.c"
    let ended = try run(try clang(), options + ["-o", program, source])
    try #require(ended.status == 0, "\(ended.errors)")
    removed = directory
    atexit { try? FileManager.default.removeItem(atPath: Fileload32.removed) }
    return program
  }

  /// As its source says.
  private static let options = [
    "-m32", "-nostdlib", "-static", "-ffreestanding", "-fuse-ld=lld", "-O2",
    "-fno-stack-protector", "-fno-pic",
  ]

  /// Set once, before it is read at the very end.
  nonisolated(unsafe) private static var removed = ""

  /// The toolchain's own, which comes with a linker for this; or another one.
  private static func clang() throws -> String {
    let find = """
      swift=$(command -v swift) && clang=$(dirname "$(readlink -f "$swift")")/clang
      [ -x "$clang" ] && echo "$clang" || command -v clang
      """
    let found = try shell(find).text.split(separator: "\n").first
    return String(try #require(found, "no clang, neither beside swift nor in PATH"))
  }
}
