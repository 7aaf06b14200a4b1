// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import Glibc
import Tracer

@main
enum Main {
  static func main() {
    bfa_occupy_standard_descriptors()
    bfa_prepare_user_names()
    exit(run().rawValue)
  }

  private static func run() -> ExitStatus {
    do {
      switch Program.current {
      case .bfatrace: return try bfatrace(Array(Arguments.all.dropFirst()))
      case .fatrace: return try fatrace()
      }
    } catch let failure as Failure {
      complain(failure.message)
      return failure.status
    } catch let error as TracerError {
      complain(error.description)
      return .failed
    } catch {
      return answer(error)
    }
  }

  private static func bfatrace(_ arguments: [String]) throws -> ExitStatus {
    let line = try Bfatrace.parse(arguments)
    try line.command.check(arguments)
    try line.checkReplay(arguments)
    if line.check { return try CheckReport.print() }
    if let request = line.replay {
      var replay = try Replay(request, line.replayPlan())
      return try replay.run()
    }
    var session = try Session(try line.plan())
    return try session.run()
  }

  private static func fatrace() throws -> ExitStatus {
    guard let plan = try Fatrace.plan() else {
      try LineOutput.print(Fatrace.help)
      return .ended
    }
    var session = try Session(plan)
    let status = try session.run()
    // fatrace has no status for lost events, and scripts may end at one that is not 0.
    return status == .lost ? .ended : status
  }

  /// What ArgumentParser throws: help and version are for standard output, the rest is wrong usage.
  private static func answer(_ error: any Error) -> ExitStatus {
    if Bfatrace.exitCode(for: error) == .success {
      do throws(Failure) {
        try LineOutput.print(Bfatrace.fullMessage(for: error))
        return .ended
      } catch {
        complain(error.message)
        return error.status
      }
    }
    let message = Bfatrace.message(for: error).split(separator: "\n").joined(separator: " ")
    complain("\(message.trimmingSuffix(".")); see bfatrace --help")
    return .usage
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: Character) -> Substring {
    last == suffix ? dropLast() : self[...]
  }
}
