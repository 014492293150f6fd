// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Calling methods of devices. Any thread; never blocks.
package protocol MethodService: AnyObject, Sendable {
  /// The methods of the driver that drives the device now, in the driver's order.
  func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription]

  /// Calls a method. `completion` is called exactly once, from any thread, at the latest a few seconds after
  /// `call.timeout`: also when the driver dies, then with `.unavailable`, and what it did is unknown.
  ///
  /// At most 64 calls of a mapper wait at once: more are answered `.busy`.
  /// - Returns: what cancels the call.
  @discardableResult
  func call(
    _ call: MethodCall, completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) -> any OngoingWork
}

package struct MethodCall: Sendable {
  package var device: DeviceName
  package var method: String
  /// By name; each of the method's arguments exactly once.
  package var arguments: JSON.Members
  /// The deadline of the driver's call; the wait for the device's line counts too.
  package var timeout: Duration
  package var isConfirmed: Bool

  package static let timeout = Duration.seconds(5)
  package static let longestTimeout = Duration.seconds(60)

  package init(
    device: DeviceName, method: String, arguments: JSON.Members = .init(),
    timeout: Duration = Self.timeout, isConfirmed: Bool = false
  ) {
    self.device = device
    self.method = method
    self.arguments = arguments
    self.timeout = timeout
    self.isConfirmed = isConfirmed
  }
}

/// How a call that reached the driver went.
package struct MethodOutcome: Sendable, Equatable {
  package var status: MapperStatus
  /// The driver's words for a failure, or empty.
  package var text: String
  /// Null unless the status is OK and the method has a result.
  package var result: JSON

  package init(status: MapperStatus, text: String = "", result: JSON = .null) {
    self.status = status
    self.text = text
    self.result = result
  }
}

/// Why a call did not reach a driver: nothing was done.
package enum MethodError: Error, Equatable, Sendable {
  case deviceNotFound(DeviceName)
  /// No mapper drives the device now, and why.
  case notDriven(DeviceName, reason: String)
  case methodNotFound(String, available: [String])
  /// Everything that is wrong with the arguments, at once.
  case invalidArguments([ArgumentProblem])
  case needsConfirmation(String)
  case busy

  package struct ArgumentProblem: Error, Equatable, Sendable {
    package var argument: String
    /// As JSON text; empty: it is missing.
    package var value: String
    package var expected: String

    package init(argument: String, value: String, expected: String) {
      self.argument = argument
      self.value = value
      self.expected = expected
    }

    /// For people: `count: "x": expected a whole number`.
    package var text: String {
      "\(argument): \(value.isEmpty ? "missing" : value): expected \(expected)"
    }
  }
}

/// Something that goes on at a driver and can be asked to end early.
package protocol OngoingWork: AnyObject, Sendable {
  /// Any thread, any time, also when it is over. The work still answers in its usual way.
  func cancel()
}

extension MethodService {
  /// The same for callers that wait. A cancelled task cancels the call.
  package func call(_ call: MethodCall) async throws(MethodError) -> MethodOutcome {
    let relay = WorkRelay()
    let result: Result<MethodOutcome, MethodError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        relay.set(self.call(call) { continuation.resume(returning: $0) })
      }
    } onCancel: {
      relay.cancel()
    }
    return try result.get()
  }
}
