// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The agent's log of events.
struct EventLog {
  private let client: AgentClient

  private static let page = 500

  init(_ client: AgentClient) { self.client = client }

  /// The newest events of a filter, the newest last.
  /// - Parameter since: Unix milliseconds; nothing older.
  func newest(
    _ filter: [(String, String)], limit: Int, since: Int64? = nil
  ) async throws(Failure) -> [JSON] {
    guard limit > 0 else { return [] }
    var events: [JSON] = []
    var token: String?
    repeat {
      var query = filter + [("limit", "\(min(limit - events.count, Self.page))")]
      if let token { query.append(("before", token)) }
      let json = try await client.send(.get, ["v1", "events"], query: query).json
      let items = json["items"]?.array ?? []
      let young = items.filter { event in
        guard let since, let time = event["time"]?.string.flatMap(RFC3339.parse) else {
          return true
        }
        return time / 1_000_000 >= since
      }
      events += young
      token =
        young.count < items.count || items.isEmpty
        ? nil : json["continue"].map { $0.string ?? $0.text }
    } while token != nil && events.count < limit
    return events.reversed()
  }

  /// Hands over what happens, until the agent ends it.
  func follow(
    _ filter: [(String, String)], after id: Int64?, _ body: (JSON) throws -> Void,
    missed: (Int64) -> Void
  ) async throws(Failure) {
    let headers = id.map { [("last-event-id", "\($0)")] } ?? []
    try await client.follow(.get, ["v1", "events", "stream"], query: filter, headers: headers) {
      event in
      guard let json = try? JSON.parse(event.data) else {
        throw Failure(.failed, "an event of the agent is not JSON: \(event.data)")
      }
      switch event.name {
      case "event": try body(json)
      case "missed": missed(json["count"]?.int ?? 0)
      default: break
      }
      return true
    }
    throw Failure(
      .unreachable, "the agent ended the stream", hint: "It stops or restarts; start again.")
  }
}
