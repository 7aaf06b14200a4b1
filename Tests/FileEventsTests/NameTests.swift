// SPDX-License-Identifier: Apache-2.0

import CBfatrace
import FileEvents
import Testing

/// A name, its text, and whether JSON has it as a string.
struct HostileName: Sendable, CustomTestStringConvertible {
  let bytes: [UInt8]
  let text: String
  let isPlain: Bool

  init(_ bytes: [UInt8], _ text: String, isPlain: Bool) {
    (self.bytes, self.text, self.isPlain) = (bytes, text, isPlain)
  }

  init(_ name: String, _ text: String, isPlain: Bool) {
    self.init(Array(name.utf8), text, isPlain: isPlain)
  }

  var testDescription: String { text }

  static let all = [
    HostileName("a b", "a b", isPlain: true),
    HostileName("~!'<>&", "~!'<>&", isPlain: true),
    HostileName("a\nb", #"a\012b"#, isPlain: false),
    HostileName("\u{1b}[2J", #"\033[2J"#, isPlain: false),
    HostileName("a\"b", "a\"b", isPlain: false),
    HostileName(#"a\b"#, #"a\134b"#, isPlain: false),
    HostileName("\u{0}\u{1f}", #"\000\037"#, isPlain: false),
    HostileName("\u{7f}", #"\177"#, isPlain: false),
    // C1 controls, which JSON escapes, and the next character, which is none.
    HostileName("\u{80}\u{9b}1m\u{9f}", #"\302\200\302\2331m\302\237"#, isPlain: true),
    // Ends of lines and paragraphs, changes of direction, and their neighbours.
    HostileName(
      "\u{2028}\u{2029}\u{202a}", #"\342\200\250\342\200\251\342\200\252"#, isPlain: true),
    HostileName(
      "\u{202e}\u{2066}\u{2069}", #"\342\200\256\342\201\246\342\201\251"#, isPlain: true),
    HostileName(
      "\u{2027}\u{202f}\u{2065}\u{206a}", "\u{2027}\u{202f}\u{2065}\u{206a}", isPlain: true),
    HostileName("\u{a0}é", "\u{a0}é", isPlain: true),
    HostileName("\u{7ff}\u{800}\u{ffff}", "\u{7ff}\u{800}\u{ffff}", isPlain: true),
    HostileName("файл 😀", "файл 😀", isPlain: true),
    HostileName("\u{10ffff}", "\u{10ffff}", isPlain: true),
    // Above U+10FFFF, and lead bytes that UTF-8 never uses.
    HostileName([0xf4, 0x90, 0x80, 0x80], #"\364\220\200\200"#, isPlain: false),
    HostileName([0xf5, 0x80, 0x80, 0x80], #"\365\200\200\200"#, isPlain: false),
    HostileName([0xfe, 0xff], #"\376\377"#, isPlain: false),
    // Overlong forms of `/`, U+07FF and U+FFFF.
    HostileName([0xc0, 0xaf], #"\300\257"#, isPlain: false),
    HostileName([0xc1, 0xbf], #"\301\277"#, isPlain: false),
    HostileName([0xe0, 0x9f, 0xbf], #"\340\237\277"#, isPlain: false),
    HostileName([0xf0, 0x8f, 0xbf, 0xbf], #"\360\217\277\277"#, isPlain: false),
    // Surrogates, and their neighbours, which are characters.
    HostileName([0xed, 0xa0, 0x80], #"\355\240\200"#, isPlain: false),
    HostileName([0xed, 0xbf, 0xbf], #"\355\277\277"#, isPlain: false),
    HostileName([0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80], "\u{d7ff}\u{e000}", isPlain: true),
    // Continuation bytes alone, and sequences that end too soon.
    HostileName([0x80, 0xbf], #"\200\277"#, isPlain: false),
    HostileName([0xc3], #"\303"#, isPlain: false),
    HostileName([0xe2, 0x82], #"\342\202"#, isPlain: false),
    HostileName([0xf0, 0x9f, 0x98], #"\360\237\230"#, isPlain: false),
    HostileName([0xf0, 0x9f, 0x41, 0xc3, 0xa9], #"\360\237Aé"#, isPlain: false),
  ]
}

@Suite("Names of files and processes")
struct NameTests {
  private let json = LineOptions(json: true)

  @Test("hostile paths neither forge lines nor lose bytes", arguments: HostileName.all)
  func paths(name: HostileName) throws {
    // The padding is long enough before and after that each branch of the scan is taken.
    for padding in ["", "/1234567", "/abcdefghijkl"] {
      let path = Array((padding + "/").utf8) + name.bytes + Array(padding.utf8)
      let record = accessRecord(Common(path: path))
      #expect(line(record) == "head(35929): R   \(padding)/\(name.text)\(padding)")
      #expect(
        lineBytes([record], json)
          == Array(#"{"comm":"head","pid":35929,"types":"R","#.utf8)
          + jsonMember("path", path, isPlain: name.isPlain) + Array("}\n".utf8))
      try checkJSON(line(record, json))
    }
  }

  @Test("hostile process names are escaped the same way", arguments: HostileName.all)
  func comms(name: HostileName) throws {
    // The kernel's own names end at the first NUL.
    guard !name.bytes.contains(0) else { return }
    let record = accessRecord(Common(comm: name.bytes, path: []))
    #expect(line(record) == "\(name.text)(35929): R   ?")
    #expect(
      lineBytes([record], json)
        == Array("{".utf8) + jsonMember("comm", name.bytes, isPlain: name.isPlain)
        + Array(",\"pid\":35929,\"types\":\"R\"}\n".utf8))
  }

  @Test("a hostile filename of a failed open is raw like its path")
  func filename() throws {
    let record = failedOpen(base: "/", filename: "a\nb")
    #expect(
      line(record, json) == """
        {"comm":"head","pid":35929,"types":"O","path_raw":[47,97,10,98],"tid":0,\
        "syscall":"openat","ret":-2,"errno":"ENOENT","filename_raw":[97,10,98]}
        """)
    try checkJSON(line(record, json))
  }

  @Test("a process name of sixteen bytes needs no NUL, and an empty one is empty")
  func commLengths() {
    let longest = "0123456789abcdef"
    let record = accessRecord(Common(comm: Array(longest.utf8)))
    #expect(line(record) == "\(longest)(35929): R   /etc/motd")
    #expect(line(accessRecord(Common(comm: []))) == "(35929): R   /etc/motd")
    #expect(
      line(accessRecord(Common(comm: [], path: [])), json)
        == #"{"comm":"","pid":35929,"types":"R"}"#)
  }

  @Test("every byte is shown by the rules, wherever it is")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let isPrintable = (0x20...0x7e).contains(byte) && byte != 0x5c
      let digits = String(byte, radix: 8)
      let octal = String(repeating: "0", count: 3 - digits.count) + digits
      let shown = isPrintable ? String(UnicodeScalar(byte)) : #"\"# + octal
      for position in 0..<20 {
        var path = [UInt8](repeating: UInt8(ascii: "x"), count: 20)
        path[position] = byte
        let text =
          String(repeating: "x", count: position) + shown
          + String(repeating: "x", count: 19 - position)
        #expect(line(accessRecord(Common(path: path))) == "head(35929): R   \(text)")
        let isRaw = line(accessRecord(Common(path: path)), json).contains("path_raw")
        #expect(isRaw == (!isPrintable || byte == UInt8(ascii: "\"")))
      }
    }
  }
}

/// `"key":"..."`, in which U+0080 to U+009F are escaped, or `"key_raw":[...]`.
func jsonMember(_ key: String, _ bytes: [UInt8], isPlain: Bool) -> [UInt8] {
  guard isPlain else {
    let values = bytes.map { String($0) }.joined(separator: ",")
    return Array("\"\(key)_raw\":[\(values)]".utf8)
  }
  var string = ""
  for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
    let isControl = (0x80...0x9f).contains(scalar.value)
    string += isControl ? #"\u00"# + String(scalar.value, radix: 16) : String(scalar)
  }
  return Array("\"\(key)\":\"\(string)\"".utf8)
}
