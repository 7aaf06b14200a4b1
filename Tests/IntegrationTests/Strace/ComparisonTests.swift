// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The tests that compare prove something only if the comparison finds differences.
@Suite("The comparison of a trace with the truth")
struct ComparisonTests {
  private static let truth = """
    {"pid":1,"tid":1,"seq":1,"syscall":"openat","fd":3,"ret":3,"path":"/d/old","flags":"02","mode":"0","comm":"c","duration_ns":900}
    {"pid":1,"tid":2,"seq":2,"syscall":"pread64","fd":3,"ret":5,"path":"/d/old","size":9,"offset":7,"comm":"c","duration_ns":900}
    {"pid":1,"tid":1,"seq":3,"syscall":"write","fd":3,"ret":-9,"path":"/d/old","size":4,"comm":"c","duration_ns":900}
    {"pid":1,"tid":1,"seq":4,"syscall":"close","fd":3,"ret":0,"path":"/d/new","deleted":true,"comm":"c","duration_ns":900}
    {"pid":1,"tid":1,"seq":5,"syscall":"close","fd":4,"ret":0,"path":"/d/new","comm":"c","duration_ns":900}
    {"pid":1,"tid":1,"seq":6,"syscall":"openat","ret":-2,"path_raw":[47,255],"flags":"0","mode":"0","filename_raw":[255],"comm_raw":[92],"duration_ns":900}
    {"pid":1,"tid":1,"seq":7,"syscall":"creat","fd":3,"ret":3,"path":null,"truncated":true,"tail":"/t","flags":"01101","mode":"0644","comm":"c","duration_ns":900}
    {"pid":1,"tid":1,"seq":8,"implicit":"exit","fd":3,"path":null,"truncated":true,"tail":"/t"}
    """

  private static let calls = """
    {"comm":"c","pid":1,"types":"O","path":"/d/old","fd":3,"flags":"02","mode":"0","tid":1,"syscall":"openat","ret":3,"duration_ns":800}
    {"comm":"c","pid":1,"types":"R","path":"/d/old","fd":3,"tid":2,"syscall":"pread64","ret":5,"size":9,"offset":7,"duration_ns":800}
    {"comm":"c","pid":1,"types":"W","path":"/d/old","fd":3,"tid":1,"syscall":"write","ret":-9,"size":4,"duration_ns":800,"errno":"EBADF"}
    {"comm":"c","pid":1,"types":"CW","path":"/d/new","deleted":true,"fd":3,"tid":1,"syscall":"close","ret":0,"duration_ns":800}
    {"comm":"c","pid":1,"types":"CW","path":"/d/new","fd":4,"tid":1,"syscall":"close","ret":0,"duration_ns":800}
    {"comm_raw":[92],"pid":1,"types":"O","path_raw":[47,255],"flags":"0","mode":"0","tid":1,"syscall":"openat","ret":-2,"duration_ns":800,"errno":"ENOENT","filename_raw":[255]}
    {"comm":"c","pid":1,"types":"O","path":".../t","truncated":true,"fd":3,"flags":"01101","mode":"0644","tid":1,"syscall":"creat","ret":3,"duration_ns":800}
    """

  private static let sums = """
    {"comm":"c","pid":1,"types":"O","path":"/d/old","fd":3,"flags":"02","mode":"0","opens":1}
    {"comm":"c","pid":1,"types":"RC","path":"/d/old","fd":3,"reads":1,"read_bytes":5,"closes":1}
    {"comm":"c","pid":1,"types":"CO","path":".../t","truncated":true,"fd":3,"opens":1,"closes":1}
    """

  private func lines(_ text: String) throws -> [Line] { try Line.all(in: Data(text.utf8)) }

  @Test("finds no difference where there is none")
  func alike() throws {
    let truth = try lines(Self.truth)
    #expect(CallComparison.differences(truth: truth, trace: try lines(Self.calls)) == [])
    #expect(SumComparison.differences(truth: truth, trace: try lines(Self.sums)) == [])
  }

  @Test(
    "sees each value of a call that is wrong",
    arguments: [
      ("\"pid\":1", "\"pid\":9"), ("\"tid\":2", "\"tid\":1"), ("pread64", "read"),
      ("\"ret\":5", "\"ret\":6"), ("EBADF", "EIO"), ("/d/new", "/d/old"), ("[47,255]", "[47,254]"),
      ("\"deleted\":true,", ""), (".../t", "/t"), ("\"truncated\":true,", ""), ("\"fd\":4,", ""),
      ("\"size\":9", "\"size\":5"), ("\"offset\":7", "\"offset\":8"), ("01101", "0101"),
      ("0644", "0600"), ("[255]", "[254]"), ("\"comm\":\"c\"", "\"comm\":\"d\""),
      (",\"duration_ns\":800", ""), ("800", "2000"),
    ])
  func wrongValue(right: String, wrong: String) throws {
    let range = try #require(Self.calls.range(of: right))
    let trace = try lines(Self.calls.replacingCharacters(in: range, with: wrong))
    #expect(!CallComparison.differences(truth: try lines(Self.truth), trace: trace).isEmpty)
  }

  @Test("sees a call that is missing, doubled, or too late", arguments: 0..<7)
  func wrongCalls(index: Int) throws {
    let truth = try lines(Self.truth)
    let right = try lines(Self.calls)
    var (missing, twice, late) = (right, right, right)
    missing.remove(at: index)
    twice.insert(right[index], at: index)
    #expect(!CallComparison.differences(truth: truth, trace: missing).isEmpty)
    #expect(!CallComparison.differences(truth: truth, trace: twice).isEmpty)
    // Calls 1 and 6 may come later: threads have no order among each other, and nothing follows the
    // last call.
    guard index != 1 && index != 6 else { return }
    late.append(late.remove(at: index))
    #expect(!CallComparison.differences(truth: truth, trace: late).isEmpty)
  }

  @Test(
    "sees each sum that is wrong",
    arguments: [
      ("\"opens\":1", "\"opens\":2"), ("\"reads\":1", "\"reads\":2"),
      ("\"read_bytes\":5", "\"read_bytes\":9"), ("\"opens\":1", "\"opens\":1,\"writes\":1"),
      ("\"opens\":1", "\"opens\":1,\"write_bytes\":4"), ("\"closes\":1", "\"closes\":2"),
      (",\"closes\":1", ""), ("/d/old", "/d/new"), ("\"pid\":1", "\"pid\":2"),
    ])
  func wrongSum(right: String, wrong: String) throws {
    let range = try #require(Self.sums.range(of: right))
    let trace = try lines(Self.sums.replacingCharacters(in: range, with: wrong))
    #expect(!SumComparison.differences(truth: try lines(Self.truth), trace: trace).isEmpty)
  }

  @Test("refuses a line that says that events were lost")
  func lost() {
    #expect(throws: BadLine.self) { try lines("{\"lost\":1}") }
  }
}
