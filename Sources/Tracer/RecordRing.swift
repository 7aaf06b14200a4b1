// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import CLibBPF
import Glibc

/// The reader's end of the ring buffer. One thread drains it.
struct RecordRing: ~Copyable {
  /// Takes one record; the bytes are valid during the call only.
  typealias Consumer = (UnsafeRawBufferPointer) -> Void

  /// The state of a drain that is going on, shared with the callback; `left` counts the records that
  /// it may still take.
  private struct Drain {
    var consumer: Consumer?
    var left = 0
  }

  private let ring: OpaquePointer
  private let drain: UnsafeMutablePointer<Drain>

  init(map: OpaquePointer) throws(TracerError) {
    drain = .allocate(capacity: 1)
    drain.initialize(to: Drain())
    let opened = ring_buffer__new(
      bpf_map__fd(map),
      { context, data, size in
        guard let drain = context?.assumingMemoryBound(to: Drain.self) else { return 0 }
        drain.pointee.consumer?(UnsafeRawBufferPointer(start: data, count: size))
        drain.pointee.left -= 1
        // An error ends the drain after this record.
        return drain.pointee.left > 0 ? 0 : -EAGAIN
      }, drain, nil)
    guard let opened else {
      drain.deinitialize(count: 1)
      drain.deallocate()
      throw TracerError("cannot read the ring buffer (\(errorName(errno)))")
    }
    ring = opened
  }

  deinit {
    ring_buffer__free(ring)
    drain.deinitialize(count: 1)
    drain.deallocate()
  }

  /// Readable when the kernel finds the ring filling up; otherwise nobody is woken.
  var descriptor: Int32 { ring_buffer__epoll_fd(ring) }

  /// Gives at most `limit` of the waiting records to the consumer; true if more may be waiting.
  func drain(limit: Int, into consumer: Consumer) -> Bool {
    withoutActuallyEscaping(consumer) { consumer in
      drain.pointee = Drain(consumer: consumer, left: limit)
      defer { drain.pointee.consumer = nil }
      return ring_buffer__consume(ring) == -EAGAIN
    }
  }
}
