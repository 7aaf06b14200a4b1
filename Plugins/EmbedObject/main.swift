// SPDX-License-Identifier: Apache-2.0
// EmbedObject OUT OBJCOPY COMPILER FLAG... --object NAME FLAG... [--object NAME FLAG...]...: compiles
// each object with the common flags and its own (to which it adds where the object goes), strips its
// DWARF, which -g adds to the BTF that libbpf needs, and writes all of them as a Swift source OUT. In
// base64: an array literal of this size takes seconds to compile.
import Foundation

func run(_ program: String, _ arguments: [String]) throws {
  let process = try Process.run(URL(filePath: program), arguments: arguments)
  process.waitUntilExit()
  if process.terminationStatus != 0 { exit(1) }  // the program has said why
}

let parts = CommandLine.arguments.dropFirst().split(separator: "--object")
guard parts.count > 1, parts[0].count > 2, parts.allSatisfy({ !$0.isEmpty }) else {
  let usage = "usage: EmbedObject OUT OBJCOPY COMPILER FLAG... --object NAME FLAG...\n"
  FileHandle.standardError.write(Data(usage.utf8))
  exit(64)
}
let common = Array(parts[0])
let (out, objcopy, compiler) = (common[0], common[1], common[2])
var source = """
  /// The BPF programs, compiled: ELF objects in base64.
  enum TracerObjects {

  """
for part in parts.dropFirst() {
  let object = "\(out).\(part[part.startIndex]).o"
  try run(compiler, common.dropFirst(3) + part.dropFirst() + ["-o", object])
  try run(objcopy, ["--strip-debug", object])
  let text = try Data(contentsOf: URL(filePath: object)).base64EncodedString()
  source += "  static let \(part[part.startIndex]) = \"\(text)\"\n"
}
try Data((source + "}\n").utf8).write(to: URL(filePath: out))
