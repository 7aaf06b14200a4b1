// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The 32-bit programs of the tests, which the package manager cannot build.
enum Program32 {
  static let fileload = Result { try build("fileload32") }
  static let fileways = Result { try build("fileways32") }

  /// Whether the programs are made for this architecture.
  static var isForThisMachine: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  /// Why this kernel does not run the program; nil if it does.
  static func refused(_ program: String) -> String? {
    do {
      _ = try run(program)
      return nil
    } catch {
      return "this kernel does not run 32-bit programs: \(error)"
    }
  }

  /// The directory where the programs are until the tests end.
  private static let directory: String = {
    let directory = Scratch.newName()
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false)
    atexit { try? FileManager.default.removeItem(atPath: Program32.directory) }
    return directory
  }()

  private static func build(_ name: String) throws -> String {
    let program = "\(directory)/\(name)"
    let source = "\(Built.root)/Tests/\(name).c"
    let ended = try run(try clang(), options + ["-o", program, source])
    try #require(ended.status == 0, "\(ended.errors)")
    return program
  }

  /// The options of the command in the comment at the head of fileload32.c.
  private static let options = [
    "-m32", "-nostdlib", "-static", "-ffreestanding", "-fuse-ld=lld", "-O2",
    "-fno-stack-protector", "-fno-pic",
  ]

  /// The compiler of the toolchain, which has a linker for this, or another one.
  private static func clang() throws -> String {
    let find = """
      swift=$(command -v swift) && clang=$(dirname "$(readlink -f "$swift")")/clang
      [ -x "$clang" ] && echo "$clang" || command -v clang
      """
    let found = try shell(find).text.split(separator: "\n").first
    return String(try #require(found, "no clang, neither beside swift nor in PATH"))
  }
}
