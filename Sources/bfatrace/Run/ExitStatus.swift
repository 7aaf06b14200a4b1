// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The exit status of bfatrace. Nothing else picks a number.
struct ExitStatus: Equatable {
  /// By itself, by -s, -n, a signal, or because the reader went away.
  static let ended = ExitStatus(rawValue: 0)
  /// Cannot trace, or cannot write.
  static let failed = ExitStatus(rawValue: 1)
  /// Traced, but events were lost.
  static let lost = ExitStatus(rawValue: 3)
  /// Wrong usage: EX_USAGE of sysexits.h.
  static let usage = ExitStatus(rawValue: 64)
  /// The command cannot be executed.
  static let notExecutable = ExitStatus(rawValue: 126)
  /// There is no such command.
  static let notFound = ExitStatus(rawValue: 127)

  /// One of these, or that of the command.
  let rawValue: Int32
}

/// A reason to end with `status`, in one line that says what to do.
struct Failure: Error {
  var status = ExitStatus.failed
  let message: String
}

/// One line on standard error. A message may quote an argument: what could drive the terminal, end
/// the line or change its direction is shown as in the lines of text, by octal values of its bytes.
func complain(_ message: String) {
  var line = "\(Program.current): "
  for scalar in message.unicodeScalars {
    if isEscaped(scalar) {
      for byte in String(scalar).utf8 { line += "\\" + octal(byte) }
    } else {
      line.unicodeScalars.append(scalar)
    }
  }
  line += "\n"
  line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Reports calls that are missing for another reason than a full ring, if any.
func complain(unresolved count: UInt64) {
  if count == 0 { return }
  complain(
    "\(count) calls were on descriptors that another thread closed meanwhile, files or not: "
      + "they are not shown")
}

/// Reports changes that are missing in the list: there was no memory for them, or no path.
func complain(missed count: UInt64) {
  if count == 0 { return }
  complain(
    "\(count) changes are not in the list: there was no memory, or their paths are not known")
}

private func isEscaped(_ scalar: UnicodeScalar) -> Bool {
  switch scalar.value {
  case 0x2028...0x202E, 0x2066...0x2069: true
  default: scalar.properties.generalCategory == .control
  }
}

private func octal(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 8)
  return String(repeating: "0", count: 3 - digits.count) + digits
}

/// What is said of requests and calls whose time could not be noted.
func complain(unmeasured count: UInt64, inHistogram: Bool) {
  if count == 0 { return }
  complain(
    inHistogram
      ? "\(count) calls or requests are in no histogram: too many disks, or no memory in the kernel"
      : "the latency of \(count) requests is not known: the ring buffer was full: "
        + "use a larger --ring-size")
}
