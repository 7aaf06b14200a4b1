// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Requests under way, at a limit and one beyond", .needsRoot)
struct RequestLimitTests {
  /// Rings of io_uring: requests that are linked after the read of an empty pipe wait for a byte.
  private static let rings = """
    import ctypes, mmap, struct
    libc = ctypes.CDLL(None, use_errno=True)
    MKDIRAT, READ, LINK, CQSIZE = 37, 22, 4, 8
    keep, pipes, paths = [], [], []
    def call(*arguments):
      result = libc.syscall(*[ctypes.c_long(value) for value in arguments])
      if result < 0: raise OSError(ctypes.get_errno(), "io_uring")
      return result
    class Ring:
      def __init__(self):
        parameters = (ctypes.c_uint32 * 30)(0, 65536, CQSIZE)
        self.fd = call(425, 32768, ctypes.addressof(parameters))
        offsets = parameters[10:17]
        self.rings = mmap.mmap(self.fd, offsets[6] + 4 * 32768)
        self.tail = offsets[1]
        struct.pack_into("=32768I", self.rings, offsets[6], *range(32768))
        self.requests = mmap.mmap(self.fd, 64 * 32768, offset=0x10000000)
      def submit(self, requests):
        data = b"".join(requests)
        self.requests[:len(data)] = data
        tail, = struct.unpack_from("=I", self.rings, self.tail)
        assert tail == 0
        struct.pack_into("=I", self.rings, self.tail, len(data) // 64)
        assert call(426, self.fd, len(data) // 64, 0, 0, 0, 0) == len(data) // 64
      def wait(self, count):
        call(426, self.fd, 0, count, 1, 0, 0)
    def request(opcode, fd, address, length, flags=LINK, offset=0):
      return struct.pack("=BBHiQQI36x", opcode, flags, 0, fd, offset, address, length)
    buffer = ctypes.create_string_buffer(64)
    def chain(requests):
      ends = os.pipe()
      pipes.append(ends[1])
      ring = Ring()
      keep.append((ring, len(requests) + 1))
      ring.submit([request(READ, ends[0], ctypes.addressof(buffer), 1)] + requests)
    def directory(name):
      paths.append(ctypes.create_string_buffer(name.encode()))
      return request(MKDIRAT, -100, ctypes.addressof(paths[-1]), 0o700)
    def go():
      for end in pipes: os.write(end, b"x")
      for ring, count in keep: ring.wait(count)
    file = os.open("file", os.O_RDWR | os.O_CREAT)
    os.write(file, b"x")
    read = request(READ, file, ctypes.addressof(buffer), 1)
    """

  private func traced(_ lines: String, _ options: [String] = []) throws -> Trace {
    try Scratch.directory { directory in
      let process = try PythonProcess(in: directory, Self.rings)
      return try Trace.of(
        ["--json", "--under", directory, "-p", "\(process.pid)", "--ring-size", "64"] + options
      ) {
        try process.run(lines)
      }
    }
  }

  private func sum(_ key: String, of trace: Trace) throws -> Int {
    try trace.objects().reduce(0) { $0 + ($1[key] as? Int ?? 0) }
  }

  private func expect(_ trace: Trace, _ counted: Int, _ key: String, lost: Int) throws {
    let summary = Comment("\(trace.lines.suffix(3)) \(trace.ended.errors)")
    #expect(try sum(key, of: trace) == counted, summary)
    #expect(try sum("lost", of: trace) == lost, summary)
    #expect(trace.ended.status == (lost > 0 ? 3 : 0), summary)
  }

  @Test("of io_uring; requests on pipes and outside of the scope are never lost")
  func data() throws {
    let full = "chain([read] * 32767); chain([read] * 32767)"
    try expect(traced("\(full); go()"), 2 * 32767, "reads", lost: 0)
    let beyond = "ring = Ring(); ring.submit([request(READ, file, ctypes.addressof(buffer), 1, 0)])"
    try expect(traced("\(full); \(beyond); go()"), 2 * 32767, "reads", lost: 1)
    let elsewhere = "other = os.open('/etc/passwd', os.O_RDONLY); ends = os.pipe()"
    let unwanted = "ring.submit([request(READ, fd, ctypes.addressof(buffer), 1, 0)])"
    try expect(
      traced(
        """
        \(elsewhere); \(full); os.write(ends[1], b'x')
        for fd in other, ends[0]:
          ring = Ring(); \(unwanted)
        go()
        """), 2 * 32767, "reads", lost: 0)
  }

  @Test("of io_uring on names", arguments: [0, 1])
  func names(beyond: Int) throws {
    let trace = try traced(
      "chain([directory(f'd{i}') for i in range(\(4096 + beyond))]); go()", ["-S", "-f", "+"])
    let made = try trace.objects().filter { $0["syscall"] as? String == "io_uring_mkdirat" }
    let summary = Comment("\(trace.lines.suffix(3)) \(trace.ended.errors)")
    #expect(made.count == 4096, summary)
    #expect(made.allSatisfy { $0["path"] is String && $0["resolved"] == nil }, summary)
    #expect(try sum("lost", of: trace) == beyond, summary)
    #expect(trace.ended.status == (beyond > 0 ? 3 : 0), summary)
  }

  /// Requests of kernel AIO: the kernel reads at io_submit(2), and the request ends when the
  /// program takes its event.
  private static let requests = """
    SETUP, DESTROY, TAKE, SUBMIT = (0, 1, 4, 2) if os.uname().machine == "aarch64" else range(206, 210)
    def submit_and_take(count):
      context = ctypes.c_ulong(0)
      call(SETUP, count, ctypes.addressof(context))
      control = struct.pack("=QIIHhIQQqQII", 0, 0, 0, 0, 0, file, ctypes.addressof(buffer), 1, 0, 0, 0, 0)
      controls = ctypes.create_string_buffer(control * count, 64 * count)
      pointers = (ctypes.c_uint64 * count)(*[ctypes.addressof(controls) + 64 * i for i in range(count)])
      done = 0
      while done < count: done += call(SUBMIT, context.value, count - done, ctypes.addressof(pointers) + 8 * done)
      events = ctypes.create_string_buffer(32 * count)
      done = 0
      while done < count: done += call(TAKE, context.value, 1, count - done, ctypes.addressof(events), 0)
      call(DESTROY, context.value)
    """

  @Test("of io_submit: the oldest are not shown, and no other file is shown for them")
  func submitted() throws {
    try expect(traced("\(Self.requests)\nsubmit_and_take(16384)"), 16384, "reads", lost: 0)
    let trace = try traced("\(Self.requests)\nsubmit_and_take(17000)")
    let reads = try sum("reads", of: trace)
    #expect((16000...16384).contains(reads), "\(reads): \(trace.lines.suffix(3))")
    #expect(try sum("read_bytes", of: trace) == reads && trace.ended.status == 0)
  }
}
