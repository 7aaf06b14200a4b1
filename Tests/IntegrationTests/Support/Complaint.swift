// SPDX-License-Identifier: Apache-2.0
import Testing

/// Expects a refusal: one line on standard error that has all of these parts, and nothing on
/// standard output.
func expectComplaint(
  _ ended: Ended, status: Int32, _ parts: [String],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(ended.status == status, "\(ended)", sourceLocation: sourceLocation)
  #expect(ended.output.isEmpty, "\(ended.text)", sourceLocation: sourceLocation)
  let message = ended.errors
  let isLine = message.firstIndex(of: "\n") == message.indices.last
  #expect(
    isLine && message.hasPrefix("bfatrace: "), "\(message.debugDescription)",
    sourceLocation: sourceLocation)
  for part in parts {
    #expect(message.contains(part), "no \(part): \(message)", sourceLocation: sourceLocation)
  }
}
