// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

/// `default/pump-1` has three methods. `add` answers at once, `wait` when the test says so or on
/// cancellation, `reset` needs a confirmation; what else happens is set.
final class FakeMethods: MethodService {
  static let all = [
    MethodDescription(
      name: "add", summary: "adds two numbers",
      arguments: [.init(name: "a", type: .double), .init(name: "b", type: .double)], result: .double,
      isIdempotent: true),
    MethodDescription(name: "reset", changesState: true, needsConfirmation: true),
    MethodDescription(name: "wait"),
  ]

  typealias Completion = @Sendable (Result<MethodOutcome, MethodError>) -> Void

  struct State {
    var calls: [MethodCall] = []
    /// In place of what would be answered.
    var answer: Result<MethodOutcome, MethodError>?
    var waiting: [Int: Completion] = [:]
    var cancelled = 0
  }
  let state = Mutex(State())

  func answer(_ answer: Result<MethodOutcome, MethodError>) { state.withLock { $0.answer = answer } }

  func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription] {
    if device == .test("default/pump-1") { return Self.all }
    throw .deviceNotFound(device)
  }

  func call(_ call: MethodCall, completion: @escaping Completion) -> any OngoingWork {
    let (number, answer) = state.withLock { state in
      state.calls.append(call)
      return (state.calls.count, state.answer)
    }
    if let answer {
      completion(answer)
    } else if call.device != .test("default/pump-1") {
      completion(.failure(.deviceNotFound(call.device)))
    } else if call.method == "add" {
      let sum = call.arguments.reduce(0) { $0 + ($1.value.double ?? 0) }
      completion(.success(MethodOutcome(status: .ok, result: .number(sum))))
    } else if call.method == "reset" {
      completion(call.isConfirmed ? .success(.init(status: .ok)) : .failure(.needsConfirmation("reset")))
    } else if call.method == "wait" {
      state.withLock { $0.waiting[number] = completion }
    } else {
      completion(.failure(.methodNotFound(call.method, available: Self.all.map(\.name))))
    }
    return Work(self, number)
  }

  private func cancel(_ number: Int) {
    let waiting = state.withLock { state in
      let waiting = state.waiting.removeValue(forKey: number)
      if waiting != nil { state.cancelled += 1 }
      return waiting
    }
    waiting?(.success(MethodOutcome(status: .cancelled)))
  }

  private final class Work: OngoingWork {
    private let service: FakeMethods
    private let number: Int

    init(_ service: FakeMethods, _ number: Int) {
      self.service = service
      self.number = number
    }

    func cancel() { service.cancel(number) }
  }
}

/// The driver `modbus` scans: the test says what comes, through `send`. A cancelled scan ends.
final class FakeDiscovery: DiscoveryService {
  struct State {
    var requests: [ScanRequest] = []
    var described: [DeviceName] = []
    var error: DiscoveryError?
    var onEvent: (@Sendable (ScanEvent) -> Void)?
    var cancelled = 0
  }
  let state = Mutex(State())

  func send(_ events: ScanEvent...) {
    let onEvent = state.withLock { $0.onEvent }
    for event in events { onEvent?(event) }
  }

  func scan(
    _ request: ScanRequest, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    guard request.driver == "modbus" else { throw .driverNotFound(request.driver, available: ["modbus"]) }
    let error = state.withLock { state in
      state.requests.append(request)
      return state.error
    }
    if let error { throw error }
    return begin(onEvent)
  }

  func describe(
    _ device: DeviceName, timeout: Duration, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    guard device == .test("default/pump-1") else { throw .deviceNotFound(device) }
    state.withLock { $0.described.append(device) }
    return begin(onEvent)
  }

  private func begin(_ onEvent: @escaping @Sendable (ScanEvent) -> Void) -> any OngoingWork {
    state.withLock { $0.onEvent = onEvent }
    return Work(self)
  }

  private func cancel() {
    let onEvent = state.withLock { state in
      let onEvent = state.onEvent
      if onEvent != nil { state.cancelled += 1 }
      state.onEvent = nil
      return onEvent
    }
    onEvent?(.ended(.cancelled, text: ""))
  }

  private final class Work: OngoingWork {
    private let service: FakeDiscovery
    init(_ service: FakeDiscovery) { self.service = service }
    func cancel() { service.cancel() }
  }
}
