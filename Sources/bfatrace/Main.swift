// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Tracer

@main
enum Main {
  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  private static func run(_ arguments: [String]) -> ExitStatus {
    do {
      let line = try Bfatrace.parse(arguments)
      try line.command.check(arguments)
      if line.check { return CheckReport.print() }
      var session = try Session(line)
      return try session.run()
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

  /// What ArgumentParser throws: help and version are for standard output, the rest is wrong usage.
  private static func answer(_ error: any Error) -> ExitStatus {
    if Bfatrace.exitCode(for: error) == .success {
      print(Bfatrace.fullMessage(for: error))
      return .ended
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
