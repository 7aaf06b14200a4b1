// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackagePlugin

/// Compiles the BPF programs with the toolchain's own clang and makes a Swift source that holds the
/// objects, so that the binary needs no file beside it.
@main
struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let sources = context.package.directoryURL.appending(path: "bpf")
    let embedded = context.pluginWorkDirectoryURL.appending(path: "TracerObjects.swift")
    let inputs = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
      .filter { $0.hasSuffix(".c") || $0.hasSuffix(".h") }
      .map { sources.appending(path: $0) }
    return [
      // One command: each declared output that is no source would become a resource.
      .buildCommand(
        displayName: "Compiling bpf/*.bpf.c",
        executable: try context.tool(named: "EmbedObject").url,
        arguments: [
          embedded.path,
          try context.tool(named: "llvm-objcopy").url.path,
          try context.tool(named: "clang").url.path,
          "-I", sources.path,
        ] + Self.compilerFlags
          + Self.objects.flatMap { name, source, flags in
            ["--object", name, "-c", sources.appending(path: source).path] + flags
          },
        inputFiles: inputs, outputFiles: [embedded])
    ]
  }

  /// The names of the objects, with the source and the flags of each; bpf/base/kernel.h explains them.
  static let objects = [
    ("merged", "bfatrace.bpf.c", ["-DPER_CALL=0", "-DREAD_BY_HELPER=0"]),
    ("calls", "bfatrace.bpf.c", ["-DPER_CALL=1", "-DREAD_BY_HELPER=0"]),
    ("mergedByHelper", "bfatrace.bpf.c", ["-DPER_CALL=0", "-DREAD_BY_HELPER=1"]),
    ("callsByHelper", "bfatrace.bpf.c", ["-DPER_CALL=1", "-DREAD_BY_HELPER=1"]),
    ("disk", "disk.bpf.c", ["-DPER_CALL=0", "-DREAD_BY_HELPER=0"]),
    ("diskByHelper", "disk.bpf.c", ["-DPER_CALL=0", "-DREAD_BY_HELPER=1"]),
  ]

  /// `-mcpu=v3` brings atomic exchange (kernel 5.12). Debian keeps `asm/` in the directory of the
  /// machine's architecture, where clang does not look when it compiles for another target.
  static var compilerFlags: [String] {
    #if arch(x86_64)
      let (target, multiarch) = ("x86", "x86_64-linux-gnu")
    #elseif arch(arm64)
      let (target, multiarch) = ("arm64", "aarch64-linux-gnu")
    #else
      #error("bfatrace runs on x86-64 and arm64")
    #endif
    return [
      "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-D__TARGET_ARCH_\(target)",
      "-idirafter", "/usr/include/\(multiarch)",
      "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-declarations",
      // Numbers that an architecture lacks share one slot of its table.
      "-Wno-initializer-overrides",
    ]
  }
}
