// SPDX-License-Identifier: Apache-2.0
// EmbedObject OUT OBJCOPY COMPILER FLAG...: compiles with COMPILER FLAG... (to which it adds where
// the object goes), strips the object's DWARF, which -g adds to the BTF that libbpf needs, and writes
// it as a Swift source OUT. In base64: an array literal of this size takes seconds to compile.
import Foundation

func run(_ program: String, _ arguments: [String]) throws {
  let process = try Process.run(URL(filePath: program), arguments: arguments)
  process.waitUntilExit()
  if process.terminationStatus != 0 { exit(1) }  // the program has said why
}

let arguments = CommandLine.arguments
guard arguments.count > 4 else {
  FileHandle.standardError.write(Data("usage: EmbedObject OUT OBJCOPY COMPILER FLAG...\n".utf8))
  exit(64)
}
let object = arguments[1] + ".o"
try run(arguments[3], arguments[4...] + ["-o", object])
try run(arguments[2], ["--strip-debug", object])
let source = """
  /// bpf/bfatrace.bpf.c, compiled: an ELF object in base64.
  let tracerObject = "\(try Data(contentsOf: URL(filePath: object)).base64EncodedString())"

  """
try Data(source.utf8).write(to: URL(filePath: arguments[1]))
