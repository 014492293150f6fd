// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// What goes on at drivers because a request asked for it: bounded in number, cancelled when its client hangs
/// up, and all together when the API stops.
final class WorkRegistry: Sendable {
  enum Kind: Sendable {
    case call
    case scan
  }

  /// A place for one piece of work. It is given back with the last reference, and the work is cancelled then:
  /// who dropped it does not wait for the answer any more.
  final class Place: Sendable {
    private let registry: WorkRegistry
    private let number: Int
    private let relay: WorkRelay

    fileprivate init(_ registry: WorkRegistry, number: Int, relay: WorkRelay) {
      self.registry = registry
      self.number = number
      self.relay = relay
    }

    deinit {
      registry.leave(number)
      relay.cancel()
    }

    func set(_ work: any OngoingWork) { relay.set(work) }
  }

  private struct Entry {
    let kind: Kind
    let connection: ObjectIdentifier
    let relay: WorkRelay
  }

  private struct State {
    /// Open connections; true: the client sends nothing more and counts as gone.
    var connections: [ObjectIdentifier: Bool] = [:]
    var entries: [Int: Entry] = [:]
    var next = 0
    var isClosed = false
  }

  private let calls: Int
  private let scans: Int
  private let state = Mutex(State())

  init(calls: Int = Limits.calls, scans: Int = Limits.scans) {
    self.calls = calls
    self.scans = scans
  }

  /// How much goes on now.
  var count: Int { state.withLock { $0.entries.count } }

  /// - Parameter connection: the channel of the request, as `HangUpHandler` names it.
  func place(for kind: Kind, on connection: ObjectIdentifier) throws(Problem) -> Place {
    let limit = kind == .call ? calls : scans
    let relay = WorkRelay()
    let (number, isGone) = state.withLock { state -> (Int?, Bool) in
      guard !state.isClosed, state.entries.values.count(where: { $0.kind == kind }) < limit else {
        return (nil, false)
      }
      state.next += 1
      state.entries[state.next] = Entry(kind: kind, connection: connection, relay: relay)
      return (state.next, state.connections[connection] ?? true)
    }
    guard let number else {
      throw .busy("\(limit) \(kind == .call ? "method calls" : "scans") go on, or the agent stops.")
    }
    if isGone { relay.cancel() }
    return Place(self, number: number, relay: relay)
  }

  private func leave(_ number: Int) { state.withLock { _ = $0.entries.removeValue(forKey: number) } }

  // MARK: - Connections

  func opened(_ connection: ObjectIdentifier) { state.withLock { $0.connections[connection] = false } }

  /// The client sends nothing more: it has hung up.
  func ended(_ connection: ObjectIdentifier, isClosed: Bool) {
    let relays = state.withLock { state in
      state.connections[connection] = isClosed ? nil : true
      return state.entries.values.filter { $0.connection == connection }.map(\.relay)
    }
    for relay in relays { relay.cancel() }
  }

  /// Cancels all and lets nothing begin.
  func close() {
    let relays = state.withLock { state in
      state.isClosed = true
      return state.entries.values.map(\.relay)
    }
    for relay in relays { relay.cancel() }
  }
}
