// SPDX-License-Identifier: Apache-2.0
// What swift-argument-parser needs of the module of this name, for `make static`: the real one adds
// 7 MB to a static binary. --experimental-dump-help, which is no option of ours, has no answer.

public protocol LocalizedError: Error {
  var errorDescription: String? { get }
}

extension LocalizedError {
  public var errorDescription: String? { nil }
}

public struct Data {}

public struct JSONEncoder {
  public struct OutputFormatting: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let prettyPrinted = OutputFormatting(rawValue: 1)
    public static let sortedKeys = OutputFormatting(rawValue: 2)
  }

  struct Missing: Error {}

  // A class in Foundation, whose users need no variable.
  public var outputFormatting: OutputFormatting {
    get { [] }
    nonmutating set {}
  }

  public init() {}

  public func encode<Value: Encodable>(_: Value) throws -> Data { throw Missing() }
}

extension String {
  public enum Encoding { case utf8 }

  public init?(data: Data, encoding: Encoding) { nil }
}
