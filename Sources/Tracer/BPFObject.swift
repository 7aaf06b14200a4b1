// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// The BPF object: its programs and maps, from opening to unloading. The kernel takes all of it
/// back when the last descriptor is closed, also after SIGKILL: nothing is pinned.
struct BPFObject: ~Copyable {
  private let object: OpaquePointer

  /// Opens an embedded object; nothing is in the kernel yet.
  /// - Parameter packed: one of `TracerObjects`.
  init(packed: String) throws(TracerError) {
    LibbpfLog.install()
    guard let bytes = PackedObject.unpack(packed) else {
      throw TracerError("the embedded BPF object is damaged: build bfatrace again")
    }
    let opened = bytes.withUnsafeBytes { bytes in
      "bfatrace".withCString { name in
        Requirements.kernelTypes.withCString { types in
          var options = bpf_object_open_opts()
          options.sz = MemoryLayout.size(ofValue: options)
          options.object_name = name
          // libbpf then looks for types there only, and not in modules, whose list the kernel refuses.
          if !Requirements.mayListTypes { options.btf_custom_path = types }
          return bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
        }
      }
    }
    guard let opened else {
      throw TracerError(
        "cannot open the embedded BPF object (\(errorName(errno))): \(LibbpfLog.reason)")
    }
    object = opened
  }

  deinit {
    bpf_object__close(object)
  }

  /// Fixes the constants of a section, before the programs are loaded.
  private func fix<Constants: BitwiseCopyable>(_ section: String, _ constants: Constants)
    throws(TracerError)
  {
    var size = 0
    guard let values = bpf_map__initial_value(try map(section), &size),
      size >= MemoryLayout<Constants>.size
    else {
      throw TracerError("the embedded BPF object has no configuration: build bfatrace again")
    }
    UnsafeMutableRawPointer(mutating: values).storeBytes(of: constants, as: Constants.self)
  }

  /// Fixes the configuration and hands the programs to the kernel's verifier.
  func load(_ options: TracerOptions) throws(TracerError) {
    try fix(".rodata.config", options.configuration)
    switch options.subject {
    case .requests(let disk): try fix(".rodata.disk", disk.configuration)
    case .accesses, .calls, .changes: break
    }
    let result = bpf_object__load(object)
    if result == -EMFILE {
      throw TracerError("cannot trace: too few open files are allowed: raise the limit, ulimit -n")
    }
    if result != 0 {
      throw TracerError(
        cannotTrace:
          "the kernel refuses the BPF programs (\(errorName(-result))): \(LibbpfLog.reason)"
      )
    }
  }

  /// Fills the slots of the map "handlers" with their programs, which sys_exit goes on to.
  func connectHandlers() throws(TracerError) {
    let handlers = try map("handlers")
    for slot in 0..<BFA_HANDLER_COUNT.rawValue {
      guard let name = bfa_handler_program(slot) else { continue }
      var program = bpf_program__fd(try program(String(cString: name)))
      var key = slot
      let result = bpf_map__update_elem(
        handlers, &key, MemoryLayout.size(ofValue: key), &program,
        MemoryLayout.size(ofValue: program), 0)
      if result != 0 {
        throw TracerError(
          cannotTrace: "cannot connect programs (\(errorName(-result)))")
      }
    }
  }

  /// Runs an iterator over all it has to visit.
  func iterate(_ name: String) throws(TracerError) {
    let link = bpf_program__attach_iter(try program(name), nil)
    defer { bpf_link__destroy(link) }
    let iterator = link == nil ? -1 : bpf_iter_create(bpf_link__fd(link))
    guard iterator >= 0 else {
      throw TracerError(
        cannotTrace: "cannot run \(name) (\(errorName(errno))): \(LibbpfLog.reason)")
    }
    defer { close(iterator) }
    // It writes nothing: each read visits some, until one finds the end.
    var byte: UInt8 = 0
    while true {
      let count = read(iterator, &byte, 1)
      if count == 0 { return }
      if count < 0 && errno != EINTR && errno != EAGAIN {
        throw TracerError("cannot run \(name) (\(errorName(errno)))")
      }
    }
  }

  func map(_ name: String) throws(TracerError) -> OpaquePointer {
    guard let map = bpf_object__find_map_by_name(object, name) else {
      throw TracerError("the embedded BPF object has no map \(name): build bfatrace again")
    }
    return map
  }

  func program(_ name: String) throws(TracerError) -> OpaquePointer {
    guard let program = bpf_object__find_program_by_name(object, name) else {
      throw TracerError("the embedded BPF object has no program \(name): build bfatrace again")
    }
    return program
  }
}

extension BPFObject {
  /// The names of the programs, in the order of the object.
  var programNames: [String] {
    var names: [String] = []
    var program = bpf_object__next_program(object, nil)
    while let found = program {
      names.append(String(cString: bpf_program__name(found)))
      program = bpf_object__next_program(object, found)
    }
    return names
  }
}

/// What libbpf says is printed nowhere: its first warning is part of an error message.
enum LibbpfLog {
  /// Only the thread that loads writes and reads it.
  nonisolated(unsafe) private static var firstWarning: String?

  static var reason: String { firstWarning ?? "no reason given" }

  static func install() {
    firstWarning = nil
    libbpf_set_print { level, format, arguments in
      if level == LIBBPF_WARN, let format, let arguments {
        LibbpfLog.keep(format, arguments)
      }
      return 0
    }
  }

  /// The first says what went wrong, the following what could not be done because of it.
  private static func keep(_ format: UnsafePointer<CChar>, _ arguments: CVaListPointer) {
    guard firstWarning == nil else { return }
    firstWarning = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      vsnprintf(base, buffer.count, format, arguments)
      return String(cString: base).split(separator: "\n").first.map(String.init)
    }
  }
}
