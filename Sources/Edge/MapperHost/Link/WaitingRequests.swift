// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// What waits for the answers of one engine. Whoever takes a request out of here finishes it, so that this happens
/// once.
///
/// Bounded: beyond `writeLimit` writes, `callLimit` calls and `scanLimit` scans, one is answered busy at once. Writes
/// that were turned away are counted.
final class WaitingRequests: Sendable {
  enum Admission: Sendable {
    /// By this number the engine answers.
    case taken(UInt64)
    /// The engine has ended, and why.
    case closed(String)
    case full
  }

  static let writeLimit = 4096
  static let callLimit = 64
  static let scanLimit = 4

  private struct State {
    var requests: [UInt64: PendingRequest] = [:]
    var last: UInt64 = 0
    var writes = 0
    var calls = 0
    var scans = 0
    var refusedWrites: UInt64 = 0
    /// Why nothing is taken any more; nil: it is.
    var end: String?

    mutating func count(_ request: PendingRequest, _ step: Int) {
      switch request {
      case .write: writes += step
      case .call: calls += step
      case .scan: scans += step
      }
    }

    func hasRoom(for request: PendingRequest) -> Bool {
      switch request {
      case .write: writes < writeLimit
      case .call: calls < callLimit
      case .scan: scans < scanLimit
      }
    }

    mutating func take(_ request: UInt64) -> PendingRequest? {
      guard let pending = requests.removeValue(forKey: request) else { return nil }
      count(pending, -1)
      return pending
    }
  }

  private let state = Mutex(State())

  func add(_ request: PendingRequest) -> Admission {
    state.withLock { state in
      if let end = state.end { return .closed(end) }
      guard state.hasRoom(for: request) else { return Self.refuse(request, &state) }
      state.last += 1
      state.requests[state.last] = request
      state.count(request, 1)
      return .taken(state.last)
    }
  }

  /// The same as a full list.
  func refuse(_ request: PendingRequest) -> Admission {
    state.withLock { state in
      if let end = state.end { return .closed(end) }
      return Self.refuse(request, &state)
    }
  }

  private static func refuse(_ request: PendingRequest, _ state: inout State) -> Admission {
    if case .write = request { state.refusedWrites += 1 }
    return .full
  }

  /// How many writes were answered busy by the host itself.
  var refusedWrites: UInt64 { state.withLock { $0.refusedWrites } }

  /// When to look for what has expired, at the latest; nil: nothing waits. Nanoseconds from now.
  var patience: Int64? {
    state.withLock { state in
      if state.requests.isEmpty { return nil }
      return state.calls + state.scans > 0 ? 200_000_000 : 1_000_000_000
    }
  }

  // MARK: - Answers

  func written(_ request: UInt64, session: UInt32, _ items: [WriteItemOutcome]) {
    let pending = state.withLock { state -> PendingWrite? in
      // A runner whose memory is damaged must not answer for another device.
      guard case .write(let write) = state.requests[request], write.session.id == session else { return nil }
      _ = state.take(request)
      return write
    }
    pending?.finish(items)
  }

  func called(
    _ request: UInt64, session: UInt32, _ status: MapperStatus, _ text: String, _ result: MethodValue
  ) {
    let pending = state.withLock { state -> PendingCall? in
      guard case .call(let call) = state.requests[request], call.session.id == session else { return nil }
      _ = state.take(request)
      return call
    }
    pending?.finish(status, text, result)
  }

  /// A scan or a description that is under way.
  func scan(_ request: UInt64) -> PendingScan? {
    state.withLock { state in
      if case .scan(let scan) = state.requests[request] { scan } else { nil }
    }
  }

  func scanned(_ request: UInt64, _ status: MapperStatus, _ text: String) {
    let pending = state.withLock { state -> PendingScan? in
      guard case .scan(let scan) = state.requests[request] else { return nil }
      _ = state.take(request)
      return scan
    }
    pending?.finish(status, text)
  }

  // MARK: - Ends

  /// Gives up what was not answered in its time.
  ///
  /// - Returns: calls and scans that the engine shall cancel.
  func expire(now: Int64) -> [UInt64] {
    let expired = remove { $0.deadline <= now }
    for (_, request) in expired { request.expire() }
    return expired.compactMap { number, request in
      if case .write = request { nil } else { number }
    }
  }

  /// Ends what waits for one session: its outcome on the device is unknown.
  func abandon(_ session: Session, _ reason: String) {
    for (_, request) in remove(where: { $0.session === session }) { request.finish(.unavailable, reason) }
  }

  /// Nothing is taken any more, and nothing will be answered.
  func shut(_ reason: String) {
    state.withLock { $0.end = $0.end ?? reason }
    for (_, request) in remove(where: { _ in true }) { request.finish(.unavailable, reason) }
  }

  private func remove(where matches: (PendingRequest) -> Bool) -> [(UInt64, PendingRequest)] {
    state.withLock { state in
      let numbers = state.requests.filter { matches($0.value) }.keys.sorted()
      return numbers.compactMap { number in state.take(number).map { (number, $0) } }
    }
  }
}
