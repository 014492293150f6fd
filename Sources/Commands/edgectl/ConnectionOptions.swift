// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// Where the agent is: every command has these options.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The agent's unix socket.",
      discussion: "Default: $SELVEDGE_SOCKET, or /run/selvedge/twin.sock.", valueName: "path"))
  var socket: String?

  @Option(help: ArgumentHelp("Use the agent's loopback port instead; it only reads.", valueName: "url"))
  var server: String?

  static let defaultSocket = "/run/selvedge/twin.sock"

  func validate() throws {
    if socket != nil, server != nil { throw ValidationError("--socket and --server exclude each other.") }
    if let server, !server.hasPrefix("http://") {
      throw ValidationError("--server \(server): expected a URL such as http://127.0.0.1:10560.")
    }
  }

  /// Runs `body` with a client, and closes it.
  func withClient<Result>(_ body: (AgentClient) async throws -> Result) async throws -> Result {
    let client = AgentClient(place)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  private var place: AgentClient.Place {
    if let server { return .server(server.hasSuffix("/") ? String(server.dropLast()) : server) }
    if let socket { return .socket(socket) }
    return .socket(
      Terminal.environment("SELVEDGE_SOCKET").flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultSocket)
  }
}
