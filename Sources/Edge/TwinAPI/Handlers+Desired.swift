// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Setting desired values, and waiting for what becomes of them.
extension Handlers {
  func patchDevice(_ call: Call) async throws(Problem) -> Response {
    let device = try call.device()
    let wait = try Self.wait(call.query)
    let patch = try MergePatch(await call.json(types: ["application/merge-patch+json", "application/json"]))
    let (outcome, snapshot) = try await set(patch.changes, of: device, call, wait: wait)
    return Self.twin(snapshot, status: outcome)
  }

  func putDesired(_ call: Call) async throws(Problem) -> Response {
    let value = try MergePatch.scalar(await call.json(types: ["application/json"]), path: "the body")
    return try await setOne(value, call)
  }

  func deleteDesired(_ call: Call) async throws(Problem) -> Response { try await setOne(nil, call) }

  private func setOne(_ value: JSON?, _ call: Call) async throws(Problem) -> Response {
    let device = try call.device()
    let property = call.parameters["property"] ?? ""
    let wait = try Self.wait(call.query)
    let (outcome, snapshot) = try await set([DesiredChange(property, value)], of: device, call, wait: wait)
    return try Self.property(property, of: snapshot, status: outcome)
  }

  private func set(_ changes: [DesiredChange], of device: DeviceName, _ call: Call, wait: Duration?)
    async throws(Problem) -> (HTTPResponse.Status, DeviceSnapshot)
  {
    let write = DesiredWrite(
      device: device, changes: changes, condition: try EntityTag.condition(call.headers[.ifMatch]),
      wait: wait,
      caller: call.caller)
    return try await write.run(twins, watches)
  }

  /// `?wait=applied&timeout=5s`
  private static func wait(_ query: Query) throws(Problem) -> Duration? {
    try query.allow("wait", "timeout")
    let timeout = try query.duration("timeout", upTo: Limits.longestWait)
    switch try query.value("wait") {
    case "applied": return timeout ?? Limits.wait
    case nil where timeout != nil: throw Query.problem("timeout", expected: "it together with wait=applied")
    case nil: return nil
    case let other?: throw Query.problem("wait=\(other)", expected: "applied")
    }
  }
}
