// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Setting desired values, and waiting for what becomes of them.
extension Handlers {
  func patchDevice(_ call: Call) async throws(Problem) -> Response {
    let device = try call.device()
    let wait = try Wait(call.query)
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
    let wait = try Wait(call.query)
    let (outcome, snapshot) = try await set([(property, value)], of: device, call, wait: wait)
    return try Self.property(property, of: snapshot, status: outcome)
  }

  /// Returns once the values are on disk and, where asked, their fate is known or the time is over.
  private func set(
    _ changes: [(property: String, value: JSON?)], of device: DeviceName, _ call: Call, wait: Wait?
  ) async throws(Problem) -> (HTTPResponse.Status, DeviceSnapshot) {
    guard let before = twins.device(device) else { throw .deviceNotFound(device) }
    let condition = try EntityTag.condition(call.headers[.ifMatch])
    guard let version = condition.version(current: before.desiredVersion) else {
      throw .versionConflict(current: before.desiredVersion)
    }
    if changes.isEmpty { return (.ok, before) }
    let stored: DeviceSnapshot
    do throws(TwinError) {
      stored = try await twins.setDesired(changes, of: device, origin: .api, ifVersion: version)
    } catch {
      throw Problem(error)
    }
    guard let wait else { return (.ok, stored) }
    return try await settle(DesiredFate(changes, stored: stored), stored: stored, within: wait.timeout)
  }

  private func settle(
    _ fate: DesiredFate, stored: DeviceSnapshot, within timeout: Duration
  ) async throws(Problem) -> (HTTPResponse.Status, DeviceSnapshot) {
    if fate.isPending(in: stored) {
      do {
        try await watches.withWatch(fate.filter, of: twins) { watch in
          let timer = Task {
            try? await Task.sleep(for: timeout)
            watch.cancel()
          }
          defer { timer.cancel() }
          while case .changed? = await watch.next() {
            guard let now = twins.device(stored.name), fate.isPending(in: now) else { return }
          }
        }
      } catch {
        // No watch was free. The value is stored all the same, and a client that is sent away would set it
        // twice: the answer is how it is now.
      }
    }
    guard let now = twins.device(stored.name) else { throw .deviceNotFound(stored.name) }
    if let problem = fate.problem(in: now) { throw problem }
    return (fate.isPending(in: now) ? .accepted : .ok, now)
  }

  /// `?wait=applied&timeout=5s`
  private struct Wait {
    let timeout: Duration

    init?(_ query: Query) throws(Problem) {
      try query.allow("wait", "timeout")
      let timeout = try query.duration("timeout", upTo: Limits.longestWait)
      switch try query.value("wait") {
      case "applied": self.timeout = timeout ?? Limits.wait
      case nil where timeout != nil: throw Query.problem("timeout", expected: "it together with wait=applied")
      case nil: return nil
      case let other?: throw Query.problem("wait=\(other)", expected: "applied")
      }
    }
  }
}
