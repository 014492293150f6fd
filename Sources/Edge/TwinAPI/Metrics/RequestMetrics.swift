// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// How many requests each route had, with which status, and how long the answers took to begin.
///
/// Bounded: there are as many routes as the router has, and a few statuses.
final class RequestMetrics: Sendable {
  /// Upper bounds in microseconds; what took longer is above the last one.
  static let bounds: [Int64] = [
    500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
  ]

  struct Route: Sendable {
    /// Requests by status.
    var statuses: [Int: UInt64] = [:]
    /// By the bounds, and those above the last; not added up.
    var buckets = [UInt64](repeating: 0, count: bounds.count + 1)
    var microseconds: UInt64 = 0
  }

  private struct State {
    var routes: [String: Route] = [:]
    var refusals: [String: UInt64] = [:]
    var underWay = 0
  }

  private let state = Mutex(State())

  func began() { state.withLock { $0.underWay += 1 } }

  /// - Parameters:
  ///   - route: method and path of the endpoint, as in the documentation; `other` where there is none.
  ///   - refusal: the name of the problem when the request did not reach its handler.
  func ended(route: String, status: Int, microseconds: Int64, refusal: String?) {
    let place = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
    state.withLock { state in
      state.underWay -= 1
      state.routes[route, default: Route()].statuses[status, default: 0] += 1
      state.routes[route]?.buckets[place] += 1
      state.routes[route]?.microseconds += UInt64(max(0, microseconds))
      if let refusal { state.refusals[refusal, default: 0] += 1 }
    }
  }

  var content: (routes: [String: Route], refusals: [String: UInt64], underWay: Int) {
    state.withLock { ($0.routes, $0.refusals, $0.underWay) }
  }
}
