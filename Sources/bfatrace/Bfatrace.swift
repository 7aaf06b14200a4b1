// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CBfatrace
import FileEvents
import Tracer

/// The command line. What the options mean is fixed; what they say to the kernel is in
/// `tracerOptions`, and to the formatter in `lineOptions`.
struct Bfatrace: ParsableArguments {
  @OptionGroup(title: "Which processes") var processes: ProcessOptions
  @OptionGroup(title: "Which files") var files: FileOptions
  @OptionGroup(title: "Which events") var events: EventOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "When to end") var end: EndOptions
}
