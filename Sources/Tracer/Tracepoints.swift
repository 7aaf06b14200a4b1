// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// Which tracepoints the running kernel has.
///
/// A program whose tracepoint is missing would keep the whole object from loading. Each tracepoint
/// is known to the kernel's type information as a type `btf_trace_NAME`
/// (include/trace/bpf_probe.h): it is enough to find that string.
struct Tracepoints: ~Copyable {
  private var types: UnsafeMutableRawBufferPointer

  init() throws(TracerError) {
    let path = "/sys/kernel/btf/vmlinux"
    var status = stat()
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw TracerError("cannot read \(path) (\(errorName(errno)))")
    }
    types = .allocate(byteCount: Int(status.st_size), alignment: 1)
    var count = 0
    while count < types.count {
      let part = read(descriptor, types.baseAddress?.advanced(by: count), types.count - count)
      if part <= 0 { break }
      count += part
    }
  }

  deinit { types.deallocate() }

  func has(_ name: String) -> Bool {
    // With the NUL in front and the one behind: it is all of a string.
    var wanted = "\0btf_trace_\(name)\0"
    return wanted.withUTF8 { wanted in
      bfa_contains(types.baseAddress, UInt(types.count), wanted.baseAddress, UInt(wanted.count))
        != 0
    }
  }
}
