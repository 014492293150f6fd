// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
internal import MapperEngine

extension MapperHost: MethodService {
  package func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription] {
    try offers.driven(device).driver.methods
  }

  @discardableResult
  package func call(
    _ call: MethodCall, completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) -> any OngoingWork {
    do throws(MethodError) {
      return try begin(call, completion)
    } catch {
      completion(.failure(error))
      return NoWork()
    }
  }

  private func begin(
    _ call: MethodCall, _ completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) throws(MethodError) -> any OngoingWork {
    let (session, driver) = try offers.driven(call.device)
    guard let place = driver.methods.firstIndex(where: { $0.name == call.method }) else {
      throw .methodNotFound(call.method, available: driver.methods.map(\.name))
    }
    let method = driver.methods[place]
    let arguments = MethodArguments(call.arguments, for: method)
    guard arguments.problems.isEmpty else { throw .invalidArguments(arguments.problems) }
    guard call.isConfirmed || !method.needsConfirmation else { throw .needsConfirmation(method.name) }

    let milliseconds = min(call.timeout, MethodCall.longestTimeout).wholeMilliseconds
    let pending = PendingCall(
      session: session, result: method.result, milliseconds: milliseconds, completion: completion)
    switch session.link.add(.call(pending)) {
    case .taken(let request):
      session.link.send(
        .call(
          MethodRequest(
            session: session.id, request: request, method: UInt32(place), timeoutMilliseconds: milliseconds,
            arguments: arguments.values)))
      return OngoingRequest(request: request, link: session.link)
    case .closed(let reason): throw .notDriven(call.device, reason: reason)
    case .full: throw .busy
    }
  }
}

/// A call or a scan that an engine was asked for.
final class OngoingRequest: OngoingWork {
  private let request: UInt64
  private let link: any EngineLink

  init(request: UInt64, link: any EngineLink) {
    self.request = request
    self.link = link
  }

  func cancel() { link.send(.cancel(request: request)) }
}

/// What never began.
private final class NoWork: OngoingWork {
  func cancel() {}
}

extension Duration {
  /// Rounded up, at least 1.
  var wholeMilliseconds: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds < 4_000_000 else { return 4_000_000_000 }
    let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt32(clamping: max(1, milliseconds))
  }
}
