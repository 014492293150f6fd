// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// What the agent says of itself; nil where it does not answer, has not got it, or does not let us see it.
struct AgentFacts: Sendable {
  var node: JSON?
  /// Why there is no node.
  var failure: Failure?
  var mappers: [JSON]?
  var devices: [JSON]?
  var manifestProblems: [JSON]?
  var tokens: [JSON]?
  /// Events of level error in the last hour, the newest last.
  var errors: [JSON]?

  static func gather(_ client: AgentClient) async -> AgentFacts {
    var facts = AgentFacts()
    do throws(Failure) {
      facts.node = try await client.send(.get, ["v1", "node"]).json
    } catch {
      facts.failure = error
      return facts
    }
    func items(_ path: [String], _ member: String = "items") async -> [JSON]? {
      (try? await client.send(.get, ["v1"] + path).json)?[member]?.array
    }
    facts.mappers = await items(["mappers"])
    facts.devices = try? await client.devices([("limit", "5000")])
    facts.manifestProblems = await items(["manifests"], "problems")
    facts.tokens = await items(["tokens"])
    facts.errors = try? await EventLog(client).newest(
      [("level", "error")], limit: 20, since: WallClock.system.milliseconds - 3_600_000)
    return facts
  }
}
