// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// Where the agent is, and who asks: every command has these options.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The agent's unix socket.",
      discussion: "Default: $SELVEDGE_SOCKET, or /run/selvedge/twin.sock.", valueName: "path"),
    completion: .file())
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "Use the agent's port instead: http://127.0.0.1:10560 of this machine, https://NODE:PORT of another.",
      discussion: "Default: $SELVEDGE_SERVER. Without a token it only reads.", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "Who you are, for --server ('edgectl token create' makes one).",
      discussion: "Others on this machine may see it; better $SELVEDGE_TOKEN or --token-file.",
      valueName: "token"))
  var token: String?

  @Option(
    help: ArgumentHelp("A file with the token, for --server.", valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @Option(
    help: ArgumentHelp(
      "Whom to trust for https, as PEM, in place of the system's authorities.", valueName: "file"),
    completion: .file())
  var caFile: String?

  static let defaultSocket = "/run/selvedge/twin.sock"
  /// The options with a value that are taken before the command too.
  static let names = ["--socket", "--server", "--token", "--token-file", "--ca-file"]

  func validate() throws {
    if socket != nil, server != nil {
      throw ValidationError("--socket and --server exclude each other.")
    }
    if let server, !Self.isURL(server) {
      throw ValidationError(
        "--server \(server): expected a URL such as http://127.0.0.1:10560 or https://edge-1:10560."
      )
    }
    if token != nil, tokenFile != nil {
      throw ValidationError("--token and --token-file exclude each other.")
    }
    if socket != nil, token != nil || tokenFile != nil || caFile != nil {
      throw ValidationError("--token, --token-file and --ca-file go with --server.")
    }
  }

  /// Runs `body` with a client, and closes it.
  func withClient<Result>(_ body: (AgentClient) async throws -> Result) async throws -> Result {
    let client = try client()
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  /// Its user closes it.
  func client() throws(Failure) -> AgentClient { try client(at: place) }

  func client(at place: AgentClient.Place) throws(Failure) -> AgentClient {
    guard case .server(let url) = place else { return try AgentClient(place) }
    guard Self.isURL(url) else {
      throw Failure(.usage, "SELVEDGE_SERVER=\(url) is no http:// or https:// URL")
    }
    let token = try secret()
    if token != nil, !url.hasPrefix("https://"), !Self.isLoopback(url) {
      throw Failure(
        .usage, "the token would go to \(url) unencrypted", hint: "Use https:// for other machines."
      )
    }
    return try AgentClient(place, token: token, authorities: caFile)
  }

  var place: AgentClient.Place {
    if let socket { return .socket(socket) }
    if let server { return .server(Self.base(server)) }
    if let socket = Self.variable("SELVEDGE_SOCKET") { return .socket(socket) }
    if let server = Self.variable("SELVEDGE_SERVER") { return .server(Self.base(server)) }
    return .socket(Self.defaultSocket)
  }

  private func secret() throws(Failure) -> String? {
    if let token { return token }
    guard let tokenFile else { return Self.variable("SELVEDGE_TOKEN") }
    let text = try FileText.read(tokenFile)
    guard let line = text.split(whereSeparator: \.isNewline).first.map(String.init), !line.isEmpty
    else {
      throw Failure(.usage, "\(tokenFile): expected a token, the file is empty")
    }
    return line
  }

  private static func variable(_ name: String) -> String? {
    Terminal.environment(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func base(_ url: String) -> String {
    url.hasSuffix("/") ? String(url.dropLast()) : url
  }

  private static func isURL(_ text: String) -> Bool {
    ["http://", "https://"].contains { text.hasPrefix($0) && text.count > $0.count }
  }

  private static func isLoopback(_ url: String) -> Bool {
    let place = url.dropFirst("http://".count)
    return ["127.", "localhost:", "localhost/", "[::1]"].contains { place.hasPrefix($0) }
      || place == "localhost"
  }
}
