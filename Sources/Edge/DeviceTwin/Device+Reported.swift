// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Store
internal import Synchronization

/// Values that a device's program reports by another way than MQTT, under the rules of MQTT.
extension Device {
  /// Takes all of `values` or none. `answer` is called once: at once with a refusal, else after the commit.
  func setReported(
    _ values: [(property: String, value: JSON)], answer: @escaping @Sendable (TwinBatch.Outcome) -> Void
  ) {
    let time = context.clock.nanoseconds
    let immediate = state.withLock { state -> TwinBatch.Outcome? in
      do throws(TwinError) {
        let plan = try prepareReported(values, time: time, now: WallClock.monotonic, in: &state)
        let versions = TwinBatch.Versions(desired: state.desiredVersion, reported: state.reportedVersion)
        guard let plan else { return .success(versions) }
        let operation = TwinOperation(plan.rows) { [self] error, database in
          finish(plan, error: error, in: database, time: time) { error in
            if let error { return answer(.failure(.storage("\(error)"))) }
            answer(.success(versions))
            publish(plan.answer, withResult: false)
          }
        }
        guard context.writer.submit(operation) else {
          undo(plan, in: &state)
          throw .busy
        }
        return nil
      } catch {
        return .failure(error)
      }
    }
    if let immediate { answer(immediate) } else { context.watches.deviceChanged(self) }
  }

  /// As `prepare`. Nil when there is nothing to do.
  func prepareReported(
    _ values: [(property: String, value: JSON)], time: Int64, now: Int64, in state: inout DeviceState
  ) throws(TwinError) -> UpdatePlan? {
    guard !state.isRemoved else { throw .deviceNotFound(name) }
    var texts: [String: String] = [:]
    for (property, json) in values {
      guard let place = state.place(of: property), state.properties[place].isLive else {
        throw .propertyNotFound(device: name, property: property)
      }
      guard !state.properties[place].isMapped else { throw .reportedByMapper(property: property) }
      let value = try DesiredCheck.value(
        json, property: property, type: state.properties[place].type, definition: nil)
      let text = value.text
      guard TwinRequest.isValue(text, limit: context.options.maximumValueBytes) else {
        throw .invalid(
          property: property, value: String(text.prefix(64)),
          expected: "1 to \(context.options.maximumValueBytes) bytes of text without control characters")
      }
      texts[property] = text
    }
    guard !texts.isEmpty else { return nil }
    guard state.isStored else { throw .busy }
    let request = TwinRequest(reported: texts.map { (name: $0.key, text: $0.value) })
    return prepare(request, time: time, now: now, in: &state)
  }
}
