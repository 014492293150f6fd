// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// What devices can do, and making them do it.
extension Handlers {
  func listMethods(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let device = try call.device()
    let list: [MethodDescription]
    do throws(MethodError) {
      list = try methods.methods(of: device)
    } catch {
      throw problem(error, device: device, method: "")
    }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for method in list { writer.method(method) }
    writer.endArray()
    writer.endObject()
    return .json(writer)
  }

  /// Returns when the driver has answered. A client that hangs up cancels the call.
  func callMethod(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("timeout", "confirm")
    let request = MethodCall(
      device: try call.device(), method: call.parameters["method"] ?? "",
      arguments: try await call.members("the arguments"),
      timeout: try call.query.duration("timeout", upTo: MethodCall.longestTimeout) ?? MethodCall.timeout,
      isConfirmed: try call.query.flag("confirm"))
    call.note.say("calls \(request.method) of \(request.device)", ["arguments": .object(request.arguments)])
    let outcome = try await outcome(of: request, on: call.connection)
    var writer = JSONWriter()
    writer.outcome(outcome)
    return .json(writer)
  }

  /// Returns when the driver has answered and all went well.
  func outcome(of request: MethodCall, on connection: ObjectIdentifier) async throws(Problem) -> MethodOutcome
  {
    let place = try works.place(for: .call, on: connection)
    defer { withExtendedLifetime(place) {} }
    let result: Result<MethodOutcome, MethodError> = await withCheckedContinuation { continuation in
      place.set(methods.call(request) { continuation.resume(returning: $0) })
    }
    let outcome: MethodOutcome
    do throws(MethodError) {
      outcome = try result.get()
    } catch {
      throw problem(error, device: request.device, method: request.method)
    }
    guard outcome.status.isOK else { throw Problem(outcome, of: request) }
    return outcome
  }

  /// A device that has a twin and is unknown to the mappers is there all the same: nothing drives it.
  private func problem(_ error: MethodError, device: DeviceName, method: String) -> Problem {
    if case .deviceNotFound(let name) = error, twins.device(name) != nil {
      return .notDriven(name, reason: "no mapper drives it")
    }
    return Problem(error, device: device, method: method)
  }
}

extension JSONWriter {
  mutating func outcome(_ outcome: MethodOutcome) {
    beginObject()
    name("status")
    string("ok")
    if !outcome.result.isNull {
      name("result")
      value(outcome.result)
    }
    endObject()
  }
}
