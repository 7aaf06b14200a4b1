// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// What this kernel and this user allow, and what is missing.
public enum Check {
  /// One thing that was looked at.
  public struct Finding {
    public enum Kind: String {
      case ok
      /// Tracing does without it.
      case absent
      /// Tracing does not.
      case failed
    }

    public let kind: Kind
    /// "kernel", "program sys_exit".
    public let name: String
    /// What is there; if it is not, what does not work without it, or what to do.
    public let text: String

    public init(kind: Kind, name: String, text: String) {
      (self.kind, self.name, self.text) = (kind, name, text)
    }
  }

  /// Looks at what is needed; then loads, attaches and runs the programs, with no process in scope.
  /// - Returns: what was found; it traces if nothing has failed.
  public static func run() -> [Finding] {
    let requirements = Requirements.all.map {
      Finding(kind: $0.problem == nil ? .ok : .failed, name: $0.name, text: $0.problem ?? $0.state)
    }
    if requirements.contains(where: { $0.kind == .failed }) {
      return requirements + [
        Finding(kind: .failed, name: "programs", text: "not tried: see above")
      ]
    }
    var absent: Set<String> = []
    let runs = runs(absent: &absent)
    do throws(TracerError) {
      let allLoad = runs.allSatisfy { $0.kind == .ok }
      let programs = try programs(allLoad: allLoad, absent: absent)
      return requirements + programs + runs + [diskRun()]
    } catch {
      return requirements + [Finding(kind: .failed, name: "programs", text: error.reason)]
    }
  }

  /// - Parameters:
  ///   - allLoad: otherwise each is tried by itself, to see which one the kernel refuses.
  ///   - absent: programs that a run found no tracepoint for.
  private static func programs(allLoad: Bool, absent: Set<String>) throws(TracerError) -> [Finding]
  {
    try BPFObject(packed: TracerOptions().object).programNames.map { program in
      let name = "program \(program)"
      let use = uses[program] ?? "?"
      if absent.contains(program) {
        let text = "this kernel has no such tracepoint; without it: no \(use)"
        return Finding(kind: .absent, name: name, text: text)
      }
      if !allLoad, let refusal = refusal(of: program) {
        return Finding(kind: .failed, name: name, text: "\(refusal); without it: no \(use)")
      }
      return Finding(kind: .ok, name: name, text: "loads; it is for \(use)")
    }
  }

  /// Why the kernel does not load a program; nil if it does, for merged lines and for calls.
  private static func refusal(of name: String) -> String? {
    for options in modes where !options.unneededPrograms.contains(name) {
      do throws(TracerError) {
        let object = try BPFObject(packed: options.object)
        for other in object.programNames where other != name {
          bpf_program__set_autoload(try object.program(other), false)
        }
        try object.load(options)
      } catch {
        return error.reason
      }
    }
    return nil
  }

  /// The programs for disks, for which the kernel has other tracepoints.
  private static func diskRun() -> Finding {
    let name = "tracing with --disk"
    var options = TracerOptions()
    options.pids = [getpid()]
    var disk = TracerOptions.Disk()
    disk.latency = true
    options.subject = .requests(disk)
    do throws(TracerError) {
      var tracer = try Tracer(options)
      try tracer.attach()
      return Finding(kind: .ok, name: name, text: "works")
    } catch {
      return Finding(kind: .absent, name: name, text: error.reason)
    }
  }

  /// All of it together, as a run does it, with maps and the ring buffer.
  /// - Parameter absent: gains the programs that have no tracepoint.
  private static func runs(absent: inout Set<String>) -> [Finding] {
    modes.map { options in
      let name = options.subject.isMerged ? "tracing" : "tracing with --syscalls"
      do throws(TracerError) {
        var tracer = try Tracer(options)
        try tracer.attach()
        absent.formUnion(tracer.withoutTracepoint)
        try tracer.flush()
        let megabytes = options.ringBytes >> 20
        return Finding(kind: .ok, name: name, text: "works, with a ring buffer of \(megabytes) MiB")
      } catch {
        return Finding(kind: .failed, name: name, text: error.reason)
      }
    }
  }

  /// What is recorded of this process, which never shows itself: nothing.
  private static var modes: [TracerOptions] {
    [TracerOptions.Subject.accesses, .calls].map { subject in
      var options = TracerOptions()
      options.pids = [getpid()]
      options.follow = true
      options.subject = subject
      return options
    }
  }

  /// What each program is for.
  private static let uses = [
    "sys_exit": "system calls",
    "sys_enter": "durations, and what --syscalls shows",
    "handle_files": "open, read, write and close in unusual cases",
    "handle_names": "calls on names: mkdir, rename, unlink, stat",
    "handle_descriptors": "truncate, mmap, fsync, copies and their kind, kernel AIO",
    "sched_process_exec": "programs that are executed",
    "sched_process_exit": "descriptors that the end of a process closes",
    "sched_process_fork": "--follow, and the descendants of a command",
    "io_uring_submit": "requests of io_uring",
    "io_uring_complete": "requests of io_uring",
    "open_at_start": "closes of descriptors that were open before the start",
    "flush": "merged lines of files that stay open",
    "setup": "telling the kernel the scope",
    "setup_counts": "paths that are right while a rename is still returning",
  ]
}
