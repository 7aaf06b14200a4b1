// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "bfatrace",
  products: [.executable(name: "bfatrace", targets: ["bfatrace"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .systemLibrary(
      name: "CLibBPF", pkgConfig: "libbpf",
      providers: [.apt(["libbpf-dev", "libelf-dev"])]),
    .systemLibrary(
      name: "CNcurses", pkgConfig: "ncursesw", providers: [.apt(["libncurses-dev"])]),
    .target(name: "CBfatrace"),
    .target(name: "CScreen", dependencies: ["CNcurses"]),
    .target(name: "FileEvents", dependencies: ["CBfatrace"]),
    .target(
      name: "Tracer", dependencies: ["CBfatrace", "CLibBPF"],
      plugins: ["CompileBPF"]),
    .executableTarget(
      name: "bfatrace",
      dependencies: [
        "CBfatrace", "CScreen", "FileEvents", "Tracer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .plugin(name: "CompileBPF", capability: .buildTool(), dependencies: ["EmbedObject"]),
    .executableTarget(name: "EmbedObject", path: "Plugins/EmbedObject"),
    .executableTarget(
      name: "FormatBenchmark", dependencies: ["CBfatrace", "FileEvents"],
      path: "Benchmarks/FormatBenchmark"),
    .executableTarget(name: "fileload", path: "Tests/fileload"),
    .executableTarget(name: "fileways", path: "Tests/fileways"),
    .executableTarget(name: "filemoves", path: "Tests/filemoves"),
    .testTarget(name: "FileEventsTests", dependencies: ["CBfatrace", "FileEvents"]),
    .testTarget(
      name: "IntegrationTests", dependencies: ["bfatrace", "fileload", "fileways", "filemoves"]),
  ],
  swiftLanguageModes: [.v6]
)

// In CI, a warning in our own code is an error.
if Context.environment["CI"] == "true" {
  for target in package.targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    target.cSettings =
      (target.cSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
  }
}
