// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FileEvents
import Tracer

/// What --histogram means together with the other options: it counts in the kernel, so that there are
/// no lines, and nothing that only user space can judge.
extension Bfatrace {
  func validateHistogram() throws {
    guard disks.histogram else { return }
    let others: [(option: String, isGiven: Bool)] = [
      ("--summary", answers.summary), ("--summary-only", answers.summaryOnly),
      ("--by", answers.by != nil), ("--sort", answers.sort != nil),
      ("--rows", answers.rows != nil), ("--top", answers.top), ("--changes", answers.changes),
      ("--inputs", answers.inputs), ("--wakeups", disks.wakeups != nil),
      ("--count", end.count != nil), ("--record", recordings.record != nil),
      ("--path", !files.path.isEmpty), ("--exclude", !files.exclude.isEmpty),
    ]
    if let other = others.first(where: \.isGiven) {
      throw ValidationError(
        "--histogram is counted in the kernel, without lines or other tables: leave out \(other.option)"
      )
    }
  }

  /// No record is made, so nothing is known of processes.
  func countTimes(in plan: inout Plan) {
    guard disks.histogram else { return }
    switch plan.tracer.subject {
    case .accesses, .calls, .changes: plan.tracer.histogram = true
    case .requests(var disk):
      disk.histogram = choosesSome ? .wanted : .all
      plan.tracer.subject = .requests(disk)
    }
    plan.tracer.exe = false
    plan.tracer.parents = false
    plan.tracer.cgroup = false
    plan.tracer.cwd = false
    plan.tracer.args = false
  }
}

extension Tracer {
  /// What has been counted so far, most first.
  func histograms(of subject: Subject) throws(TracerError) -> Histograms {
    if subject == .requests {
      return try diskTimes().map { key, counted in
        var histogram = Histogram()
        histogram.add(counted.latency)
        let name = withUnsafeBytes(of: counted.disk_name) { Array($0.prefix { $0 != 0 }) }
        return (.requests(disk: name, operation: key.operation), histogram)
      }
    }
    let calls: Histograms = try callTimes().map { call, counted in
      var histogram = Histogram()
      for part in counted { histogram.add(part) }
      return (.call(call), histogram)
    }
    return calls.sorted { $0.histogram.total > $1.histogram.total }
  }
}
