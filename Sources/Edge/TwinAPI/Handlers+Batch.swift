// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Values of many devices in one request.
extension Handlers {
  func batch(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let batch = try BatchBody(await call.json(types: ["application/json"])).batch
    let devices = batch.desired.map(\.device) + batch.reported.map(\.device)
    // What a caller may not see is not there for them.
    if batch.mode == .all, let hidden = devices.firstIndex(where: { !call.caller.maySee($0) }) {
      throw Self.refusal(.init(entry: hidden, error: .deviceNotFound(devices[hidden])), of: batch)
    }
    var visible = batch
    visible.desired.removeAll { !call.caller.maySee($0.device) }
    visible.reported.removeAll { !call.caller.maySee($0.device) }
    let outcomes: [TwinBatch.Outcome]
    do throws(TwinBatch.Refusal) {
      outcomes = try await twins.apply(visible, caller: call.caller)
    } catch {
      throw Self.refusal(error, of: batch)
    }
    var iterator = outcomes.makeIterator()
    var writer = JSONWriter(capacity: 64 + 96 * devices.count)
    writer.beginObject()
    writer.name("results")
    writer.beginArray()
    for device in devices {
      let outcome = call.caller.maySee(device) ? iterator.next() : .failure(.deviceNotFound(device))
      writer.batchResult(device, outcome ?? .failure(.busy))
    }
    writer.endArray()
    writer.endObject()
    return .json(writer)
  }

  private static func refusal(_ refusal: TwinBatch.Refusal, of batch: TwinBatch) -> Problem {
    var problem = Problem(refusal.error)
    guard let entry = refusal.entry else { return problem }
    problem.members.append("index", .int(Int64(entry)))
    problem.members.append("entry", .string(BatchBody.path(of: entry, in: batch)))
    return problem
  }
}

extension JSONWriter {
  fileprivate mutating func batchResult(_ device: DeviceName, _ outcome: TwinBatch.Outcome) {
    beginObject()
    name("device")
    string(device.description)
    switch outcome {
    case .success(let versions):
      name("desiredVersion")
      int(versions.desired)
      name("reportedVersion")
      int(versions.reported)
    case .failure(let error):
      name("problem")
      problem(Problem(error))
    }
    endObject()
  }
}
