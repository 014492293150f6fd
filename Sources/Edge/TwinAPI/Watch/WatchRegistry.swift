// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOCore
internal import Synchronization

/// The watches that requests hold now: bounded in number, and ended together when the API stops.
final class WatchRegistry: Sendable {
  private struct State {
    var ends: [Int: @Sendable () -> Void] = [:]
    var next = 0
    var isClosed = false
    /// One an event loop.
    var pumps: [ObjectIdentifier: WatchPump] = [:]
  }
  let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// How many are open now.
  var count: Int { state.withLock { $0.ends.count } }

  /// A place for one watch; it is given back with the last reference.
  final class Place: Sendable {
    private let registry: WatchRegistry
    private let number: Int

    fileprivate init(_ registry: WatchRegistry, number: Int) {
      self.registry = registry
      self.number = number
    }

    deinit { registry.leave(number) }

    /// What ends the watch when the API stops; called at once where it has stopped.
    func onClose(_ end: @escaping @Sendable () -> Void) { registry.set(end, of: number) }
  }

  func place() throws(Problem) -> Place {
    let number = state.withLock { state -> Int? in
      guard state.ends.count < limit, !state.isClosed else { return nil }
      state.next += 1
      state.ends[state.next] = {}
      return state.next
    }
    guard let number else { throw .busy("All \(limit) watches are in use, or the agent stops.") }
    return Place(self, number: number)
  }

  private func leave(_ number: Int) { state.withLock { _ = $0.ends.removeValue(forKey: number) } }

  private func set(_ end: @escaping @Sendable () -> Void, of number: Int) {
    let isClosed = state.withLock { state in
      if state.ends[number] != nil { state.ends[number] = end }
      return state.isClosed
    }
    if isClosed { end() }
  }

  /// Opens a watch for as long as `body` runs. A watch that is over, also because the API stops, gives nil.
  func withWatch<Result>(
    _ filter: WatchFilter, of twins: any TwinAccess, _ body: (any TwinWatch) async throws -> Result
  ) async throws -> Result {
    let watch = twins.watch(filter)
    defer { watch.cancel() }
    let place = try place()
    place.onClose { watch.cancel() }
    defer { withExtendedLifetime(place) {} }
    return try await body(watch)
  }

  /// What serves the streams of an event loop.
  func pump(on loop: any EventLoop, twins: any TwinAccess, heartbeat: Duration) -> WatchPump {
    state.withLock { state in
      if let known = state.pumps[ObjectIdentifier(loop)] { return known }
      let new = WatchPump(loop: loop, twins: twins, heartbeat: heartbeat)
      state.pumps[ObjectIdentifier(loop)] = new
      return new
    }
  }

  /// Ends all of them and lets none begin.
  func close() {
    let ends = state.withLock { state in
      state.isClosed = true
      return Array(state.ends.values)
    }
    for end in ends { end() }
  }
}
