// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import MapperEngine

/// A method that was called and is not answered yet. Whoever takes it off the list of those finishes it, so that this
/// happens once.
struct PendingCall: Sendable {
  let session: Session
  let result: MethodDescription.ValueType
  /// When it is given up, monotonic nanoseconds.
  let deadline: Int64
  let completion: @Sendable (Result<MethodOutcome, MethodError>) -> Void

  /// What a call may take beyond its own time limit, for a driver that comes back at its deadline.
  private static let grace: Int64 = 500_000_000

  init(
    session: Session, result: MethodDescription.ValueType, milliseconds: UInt32,
    completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) {
    self.session = session
    self.result = result
    self.completion = completion
    deadline = WallClock.monotonic + Int64(milliseconds) * 1_000_000 + Self.grace
  }

  func finish(_ status: MapperStatus, _ text: String, _ value: MethodValue = .nothing) {
    guard status.isOK else {
      completion(.success(MethodOutcome(status: status, text: text)))
      return
    }
    guard value.type == result else {
      let words = "the driver's result is of type \(value.type.rawValue), expected \(result.rawValue)"
      completion(.success(MethodOutcome(status: .internal, text: words)))
      return
    }
    completion(.success(MethodOutcome(status: status, text: text, result: value.json)))
  }
}

extension MethodValue {
  /// As people get it. What JSON numbers do not hold here, beyond 9223372036854775807, is a string of digits; bytes are
  /// base64.
  var json: JSON {
    switch self {
    case .nothing: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .uint(let value): Int64(exactly: value).map { .int($0) } ?? .string("\(value)")
    case .double(let value): .number(value)
    case .text(let value): .string(value)
    case .bytes(let value): .string(Base64.encode(value))
    }
  }
}
