// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

/// The mappers: `default/one` adds up its arguments, or answers what the test sets.
final class FakeMethods: MethodService {
  typealias Answer = Result<MethodOutcome, MethodError>

  private struct State {
    var calls: [MethodCall] = []
    var answer: Answer?
    var holds = false
    var held: [@Sendable (Answer) -> Void] = []
  }
  private let state = Mutex(State())

  var calls: [MethodCall] { state.withLock { $0.calls } }
  var answer: Answer? {
    get { state.withLock { $0.answer } }
    set { state.withLock { $0.answer = newValue } }
  }
  /// Answers nothing until `release`.
  var holds: Bool {
    get { state.withLock { $0.holds } }
    set { state.withLock { $0.holds = newValue } }
  }

  func release() {
    let held = state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    for completion in held { completion(.success(MethodOutcome(status: .ok))) }
  }

  func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription] { [] }

  func call(_ call: MethodCall, completion: @escaping @Sendable (Answer) -> Void) -> any OngoingWork {
    let (answer, holds) = state.withLock { state in
      state.calls.append(call)
      if state.holds { state.held.append(completion) }
      return (state.answer, state.holds)
    }
    if holds { return Nothing() }
    if call.device.description != "default/one" {
      completion(.failure(.deviceNotFound(call.device)))
    } else if let answer {
      completion(answer)
    } else {
      let sum = call.arguments.reduce(0) { $0 + ($1.value.double ?? 0) }
      completion(
        .success(MethodOutcome(status: .ok, result: call.method == "add" ? .number(sum) : .null)))
    }
    return Nothing()
  }

  private final class Nothing: OngoingWork {
    func cancel() {}
  }
}

/// Knows `default/one` and `default/phone`.
final class OneTwin: TwinService {
  func deviceNames() -> [DeviceName] { [] }

  func device(_ name: DeviceName) -> DeviceSnapshot? {
    guard ["default/one", "default/phone"].contains(name.description) else { return nil }
    return DeviceSnapshot(
      name: name, model: "m", labels: [:], protocolName: nil,
      link: LinkSnapshot(state: .online, reason: "", since: 0, lastOnline: 0), desiredVersion: 0,
      reportedVersion: 0, properties: [], change: 0, sequence: 0)
  }

  func setDesired(
    _ changes: [(property: String, value: JSON?)], of device: DeviceName, origin: DesiredOrigin,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot { throw .deviceNotFound(device) }

  func watch(_ filter: WatchFilter) -> any TwinWatch { NoChanges() }

  private final class NoChanges: TwinWatch {
    func next() async -> TwinChange? { nil }
    func cancel() {}
  }
}

/// Keeps what is published.
final class RecordingPublisher: MessagePublisher {
  private let kept = Mutex<[(topic: String, text: String)]>([])

  var messages: [(topic: String, text: String)] { kept.withLock { $0 } }

  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    let text = String(decoding: payload, as: UTF8.self)
    kept.withLock { $0.append((topic.description, text)) }
    return true
  }
}
