// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import Glibc
internal import Synchronization

/// What a mapper reaches through its `mapper_host`: counts what comes, and can be slow, busy and gone.
///
/// Sound as `@unchecked Sendable`: the table is constant after init, everything else is under a lock.
final class ProbeHost: @unchecked Sendable {
  struct Subscription {
    var isRunning = true
    var underWay = 0
    var reports = 0
    /// That began after `stop` had returned.
    var late = 0
    /// That came a while after the first CLOSED.
    var afterClosed = 0
    var firstClosed: Int64?
    /// What was wrong with a sample, the first time.
    var fault: String?
  }

  /// What `report` answers, and how long it takes to.
  struct Behaviour {
    var answer = MAPPER_OK
    var delayMilliseconds: Int32 = 0
  }

  private struct State {
    var subscriptions: [UInt64: Subscription] = [:]
    var behaviour = Behaviour()
    var pointCount: UInt32 = 0
    var unknownReports = 0
    var faults: [String] = []
  }

  /// A driver may need a moment to see that nobody listens any more.
  private static let closedPatience: Int64 = 500_000_000

  let table: UnsafePointer<mapper_host_api>
  private let state = Mutex(State())

  /// - Parameter isLarge: the table of a later host, with members that this mapper cannot know.
  init(isLarge: Bool = false) {
    let size = isLarge ? 4096 : MemoryLayout<mapper_host_api>.size
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0xEE, count: size)
    let table = memory.bindMemory(to: mapper_host_api.self, capacity: 1)
    table.initialize(
      to: mapper_host_api(
        size: UInt32(size), abi_minor: isLarge ? 99 : UInt32(MAPPER_ABI_MINOR), log: probeLog,
        report: probeReport, link: probeLink, cancelled: probeCancelled, cancel_fd: probeCancelDescriptor,
        deadline_ns: probeDeadline, alloc: probeAlloc, fail: probeFail, fail_item: probeFailItem,
        query: probeQuery))
    self.table = UnsafePointer(table)
    // The mapper keeps the pointer until the process ends.
    _ = Unmanaged.passRetained(self)
  }

  var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func from(_ handle: OpaquePointer) -> ProbeHost {
    Unmanaged<ProbeHost>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  /// What the mapper did that it must not.
  var faults: [String] { state.withLock { $0.faults } }

  func note(_ fault: String) {
    state.withLock { Self.add(fault, to: &$0) }
  }

  /// The first 20 different ones.
  private static func add(_ fault: String, to state: inout State) {
    if state.faults.count < 20, !state.faults.contains(fault) { state.faults.append(fault) }
  }

  func begin(_ subscription: UInt64, points: UInt32) {
    state.withLock {
      $0.subscriptions[subscription] = Subscription()
      $0.pointCount = points
    }
  }

  /// `stop` has returned. The subscription as it is then.
  func end(_ subscription: UInt64) -> Subscription {
    state.withLock {
      $0.subscriptions[subscription]?.isRunning = false
      return $0.subscriptions[subscription] ?? Subscription()
    }
  }

  func subscription(_ id: UInt64) -> Subscription {
    state.withLock { $0.subscriptions[id] ?? Subscription() }
  }

  func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

  func report(_ id: UInt64, _ samples: UnsafeBufferPointer<mapper_sample>) -> mapper_status {
    let behaviour: Behaviour? = state.withLock { state in
      guard state.subscriptions[id] != nil else {
        state.unknownReports += 1
        Self.add("report for subscription \(id), which never began", to: &state)
        return nil
      }
      return begin(id, in: &state)
    }
    guard let behaviour else { return MAPPER_CLOSED }
    var fault: String?
    let count = state.withLock { $0.pointCount }
    for sample in samples where fault == nil {
      fault = sample.point < count ? SampleRules.fault(sample) : "point \(sample.point), which was not bound"
    }
    if behaviour.delayMilliseconds > 0 { sv_sleep_ms(behaviour.delayMilliseconds) }
    state.withLock {
      $0.subscriptions[id]?.underWay -= 1
      if $0.subscriptions[id]?.fault == nil { $0.subscriptions[id]?.fault = fault }
    }
    return behaviour.answer
  }

  private func begin(_ id: UInt64, in state: inout State) -> Behaviour? {
    guard state.subscriptions[id]?.isRunning == true else {
      state.subscriptions[id]?.late += 1
      return nil
    }
    state.subscriptions[id]?.reports += 1
    state.subscriptions[id]?.underWay += 1
    if state.behaviour.answer == MAPPER_CLOSED {
      let now = sv_monotonic_ns()
      let first = state.subscriptions[id]?.firstClosed ?? now
      state.subscriptions[id]?.firstClosed = first
      if now - first > Self.closedPatience { state.subscriptions[id]?.afterClosed += 1 }
    }
    return state.behaviour
  }
}
