// SPDX-License-Identifier: Apache-2.0
// EmbedObject OUT OBJCOPY COMPILER FLAG... --object NAME FLAG... [--object NAME FLAG...]...: compiles
// each object with the common flags and its own (to which it adds where the object goes), strips its
// DWARF, which -g adds to the BTF that libbpf needs, and writes all of them as a Swift source OUT: by
// gzip a fifth of the size, and in base85, as an array literal of this size takes seconds to compile.
//
// Without Foundation: `make static` builds everything with a stand-in for it.
@preconcurrency import Glibc  // stderr and environ

func fail(_ reason: String, _ status: Int32) -> Never {
  fputs("EmbedObject: \(reason)\n", stderr)
  exit(status)
}

func run(_ program: String, _ arguments: [String]) {
  var child: pid_t = 0
  var words = ([program] + arguments).map { strdup($0) } + [nil]
  let failure = posix_spawnp(&child, program, nil, nil, &words, environ)
  for word in words { free(word) }
  if failure != 0 { fail("\(program): \(String(cString: strerror(failure)))", 1) }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0 && errno == EINTR {}
  if status != 0 { exit(1) }  // the program has said why
}

func contents(_ path: String) -> [UInt8] {
  guard let file = fopen(path, "r") else { fail("\(path): \(String(cString: strerror(errno)))", 1) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}

/// Five characters for four bytes, one more than its bytes for the rest; the characters are those from
/// `#` to `x`, but for the backslash, so that none has a meaning in a literal.
func base85(_ bytes: [UInt8]) -> String {
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 4) {
    let group = bytes[start..<min(start + 4, bytes.count)]
    var bits = (group + [0, 0, 0]).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    var characters: [UInt8] = []
    for _ in 0..<5 {
      let digit = UInt8(bits % 85) + UInt8(ascii: "#")
      characters.append(digit < UInt8(ascii: "\\") ? digit : digit + 1)
      bits /= 85
    }
    text += characters.reversed().prefix(group.count + 1)
  }
  return String(decoding: text, as: UTF8.self)
}

let parts = CommandLine.arguments.dropFirst().split(separator: "--object")
guard parts.count > 1, parts[0].count > 2, parts.allSatisfy({ !$0.isEmpty }) else {
  fail("usage: EmbedObject OUT OBJCOPY COMPILER FLAG... --object NAME FLAG...", 64)
}
let common = Array(parts[0])
let (out, objcopy, compiler) = (common[0], common[1], common[2])
var source = """
  /// The BPF programs, compiled: ELF objects by gzip, in base85.
  enum TracerObjects {

  """
for part in parts.dropFirst() {
  let object = "\(out).\(part[part.startIndex]).o"
  run(compiler, common.dropFirst(3) + part.dropFirst() + ["-o", object])
  run(objcopy, ["--strip-debug", object])
  run("gzip", ["-9nfk", object])  // without name and time: the same each time
  source += "  static let \(part[part.startIndex]) = \"\(base85(contents("\(object).gz")))\"\n"
}
source += "}\n"
guard let file = fopen(out, "w"), fputs(source, file) >= 0, fclose(file) == 0 else {
  fail("\(out): \(String(cString: strerror(errno)))", 1)
}
