// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// The command that is traced, a child process. It waits until `begin`; whatever ends the run ends it
/// too.
final class Command {
  /// How long a look for its end takes at most: milliseconds.
  static let patience: Int32 = 100

  private let name: String
  private var child = bfa_child(pid: -1, pidfd: -1, channel: -1)
  private var status: ExitStatus?

  /// - Parameters:
  ///   - words: the last arguments of this process, whose bytes count: they need not be UTF-8.
  ///   - user: whom it runs as, if not as the one that started this process.
  ///   - outputIsTaken: standard output is for records: what the command prints goes to standard error.
  init(_ words: [String], as user: User?, outputIsTaken: Bool) throws(Failure) {
    name = words[0]
    let arguments = Arguments.bytes + (Int(Arguments.count) - words.count)
    let report =
      if let user {
        user.withEntry { bfa_start(arguments, $0, outputIsTaken, &child) }
      } else {
        bfa_start(arguments, nil, outputIsTaken, &child)
      }
    if report.error != 0 {
      // It has ended already.
      status = .failed
      throw Self.failure(report, of: name, as: user)
    }
  }

  deinit {
    if status == nil {
      stop()
      _ = wait()
    }
    if child.channel >= 0 { close(child.channel) }
    if child.pidfd >= 0 { close(child.pidfd) }
  }

  var pid: pid_t { child.pid }

  /// Readable once it has ended.
  var pollDescriptor: pollfd { pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0) }

  /// From now on, signals that this process is sent go to the command.
  func passSignals() { bfa_pass_signals(child.pidfd) }

  /// Lets the command execute its first instruction.
  func begin() throws(Failure) {
    let report = bfa_execute(&child)
    if report.error != 0 { throw Self.failure(report, of: name, as: nil) }
  }

  /// Asks it to end if it has not ended yet.
  func stop() {
    if hasEnded(within: 0) {
      _ = wait()
    } else {
      bfa_catch_signals()
      bfa_send_signal(child.pidfd, SIGTERM)
      // If it is stopped, it could not end.
      bfa_send_signal(child.pidfd, SIGCONT)
    }
  }

  /// Waits for its end, or for a signal that ends it.
  func wait() -> ExitStatus {
    if let status { return status }
    while !hasEnded(within: Self.patience) {
      if bfa_caught_signal() != 0 && bfa_send_signal(child.pidfd, SIGKILL) == 0 {
        complain("\(name) has not ended after SIGTERM: killed")
        break
      }
    }
    let status = ExitStatus(rawValue: bfa_wait(&child))
    self.status = status
    return status
  }

  private func hasEnded(within milliseconds: Int32) -> Bool {
    var poll = pollDescriptor
    return Glibc.poll(&poll, 1, milliseconds) > 0
  }

  /// The exit statuses of env(1).
  private static func failure(_ report: bfa_report, of name: String, as user: User?) -> Failure {
    let reason = String(cString: strerror(report.error))
    switch report.step {
    case BFA_STEP_USER:
      return Failure(message: "--as \(user?.name ?? ""): \(reason): run bfatrace with sudo")
    case BFA_STEP_FIND where report.error == ENOENT && !name.contains("/"):
      return Failure(status: .notFound, message: "\(name): there is no such command in PATH")
    case BFA_STEP_EXECUTE where report.error == ENOENT:
      return Failure(
        status: .notFound, message: "\(name): the interpreter that it names does not exist")
    case BFA_STEP_FIND, BFA_STEP_EXECUTE:
      return Failure(
        status: report.error == ENOENT ? .notFound : .notExecutable,
        message: "\(name): \(reason): name a program that can be executed")
    default:
      return Failure(message: "cannot start a process: \(reason)")
    }
  }
}
