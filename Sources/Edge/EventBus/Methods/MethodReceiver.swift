// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
internal import JSON
internal import Synchronization

/// Method calls over MQTT, beside the messages that another receiver takes.
///
/// A request on `$ke/events/device/<namespace>/<name>/method/<method>/call` is answered on the same topic
/// with `/result`, exactly once and whatever is wrong with it. Calls run beside each other, so answers come in
/// the order in which devices give them.
package final class MethodReceiver: MessageReceiver {
  /// Calls that may be under way; more are answered with 429 and counted.
  package static let limit = 64
  /// Bytes of a request.
  static let largestRequest = 1 << 20

  private let methods: any MethodService
  private let twins: any TwinService
  private let publisher: any MessagePublisher
  private let next: any MessageReceiver
  private let clock: WallClock
  private let counters = Mutex(MethodCallStatistics())

  /// - Parameters:
  ///   - twins: tells a device that no mapper drives from one that is not there.
  ///   - next: gets every message that is no method call.
  package init(
    methods: any MethodService, twins: any TwinService, publisher: any MessagePublisher,
    next: any MessageReceiver, clock: WallClock = .system
  ) {
    self.methods = methods
    self.twins = twins
    self.publisher = publisher
    self.next = next
    self.clock = clock
  }

  package var statistics: MethodCallStatistics { counters.withLock { $0 } }

  package func receive(_ payload: UnsafeRawBufferPointer, on topic: String) {
    guard let address = MethodTopic(topic) else { return next.receive(payload, on: topic) }
    counters.withLock { $0.requests += 1 }
    let request: MethodRequest
    do throws(MethodRequest.Malformed) {
      request = try MethodRequest(payload, limit: Self.largestRequest)
    } catch {
      return refuse(.init(400, error.reason), event: error.event, on: address)
    }
    guard let device = address.device else {
      let reason = "\(address.namespace)/\(address.name) is not the name of a device"
      return refuse(.init(404, reason), event: request.event, on: address)
    }
    let isAdmitted = counters.withLock { counters in
      guard counters.underWay < Self.limit else { return false }
      counters.underWay += 1
      return true
    }
    guard isAdmitted else {
      counters.withLock { $0.dropped += 1 }
      return refuse(
        .init(429, "\(Self.limit) calls are under way, nothing was done: try again"), event: request.event,
        on: address)
    }
    let call = MethodCall(
      device: device, method: address.method, arguments: request.arguments, timeout: request.timeout,
      isConfirmed: request.isConfirmed)
    methods.call(call) { self.finish(call, $0, event: request.event, on: address) }
  }

  private func finish(
    _ call: MethodCall, _ result: Result<MethodOutcome, MethodError>, event: String, on address: MethodTopic
  ) {
    counters.withLock { $0.underWay -= 1 }
    switch result {
    case .success(let outcome) where outcome.status.isOK:
      publish(event: event, on: address) { writer in
        writer.name("result")
        writer.value(outcome.result)
      }
    case .success(let outcome):
      refuse(MethodRefusal(outcome), event: event, on: address)
    case .failure(.deviceNotFound(let device)) where twins.device(device) != nil:
      refuse(.init(409, "\(device): no mapper drives it"), event: event, on: address)
    case .failure(let error):
      refuse(MethodRefusal(error, device: call.device), event: event, on: address)
    }
  }

  private func refuse(_ refusal: MethodRefusal, event: String, on address: MethodTopic) {
    counters.withLock { $0.refused += 1 }
    publish(event: event, on: address) { writer in
      writer.name("code")
      writer.int(Int64(refusal.code))
      writer.name("reason")
      writer.string(refusal.reason)
    }
  }

  /// The publisher counts what it cannot deliver.
  private func publish(event: String, on address: MethodTopic, _ members: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("event_id")
    writer.string(event)
    writer.name("timestamp")
    writer.int(clock.milliseconds)
    members(&writer)
    writer.endObject()
    writer.bytes.withUnsafeBytes { bytes in _ = publisher.publish(bytes, to: address.result, as: .twin) }
  }
}
