// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON

struct Token: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Make, list and delete the tokens with which programs and people use the agent's port.",
    discussion: """
      Scopes: read; write (values, methods); admin (manifests, tokens, scans). A
      token is shown once, when it is made: the agent keeps a hash of it alone.
      As soon as there is a token the port asks everybody for one.

      Examples:
        edgectl token create dashboard
        edgectl token create line-3 --scope write --namespace plant --expires 90d > line-3.token
        edgectl token list
        edgectl token delete line-3
      """,
    subcommands: [TokenCreate.self, TokenList.self, TokenDelete.self])
}

struct TokenCreate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a token, and print it: it cannot be seen again.",
    discussion: """
      The token alone goes to standard output.

      Examples:
        edgectl token create dashboard
        edgectl token create line-3 --scope write --namespace plant --expires 90d
      """)

  enum Scope: String, ExpressibleByArgument, CaseIterable { case read, write, admin }
  enum Format: String, ExpressibleByArgument, CaseIterable { case token, json, yaml }

  @Argument(help: "Its name: who or what uses it.")
  var name: String

  @Option(help: "What it may do.")
  var scope = Scope.read

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Only devices of this namespace; may be given several times, or between commas.",
      valueName: "namespace"))
  var namespace: [String] = []

  @Option(
    help: ArgumentHelp(
      "How long it lives, such as 12h or 90d, or until when (RFC 3339).", valueName: "time"))
  var expires: String?

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.token

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    guard let expires else { return }
    guard
      !expires.hasSuffix("w") && (TimeArgument.span(expires) ?? 0) > 0
        || RFC3339.parse(expires) != nil
    else {
      throw ValidationError(
        "--expires \(expires): expected a time such as 12h, 90d or 2027-01-01T00:00:00Z.")
    }
  }

  func run() async throws {
    var body: JSON.Members = ["name": .string(name), "scope": .string(scope.rawValue)]
    let namespaces = namespace.flatMap { $0.split(separator: ",") }
    if !namespaces.isEmpty {
      body.append("namespaces", .array(namespaces.map { .string(String($0)) }))
    }
    if let expires { body.append("expires", .string(expires)) }
    let request = JSON.object(body).text
    let made = try await connection.withClient {
      try await $0.send(.post, ["v1", "tokens"], body: request).json
    }
    let terminal = Terminal.standard
    switch output {
    case .json: terminal.out(PrettyJSON.text(made))
    case .yaml: terminal.out(YAMLWriter.text(of: made))
    case .token:
      terminal.out((made["token"]?.string ?? "") + "\n")
      terminal.error("Keep it: it cannot be shown again.\n")
    }
  }
}

struct TokenList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the tokens: what they may do, until when, and when they were used.",
    aliases: ["ls"])

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = OutputFormat.table

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let document = try await connection.withClient {
      try await $0.send(.get, ["v1", "tokens"]).json
    }
    let terminal = Terminal.standard
    let tokens = document["items"]?.array ?? []
    if let text = output.document(document) {
      terminal.out(text)
    } else if output == .name {
      terminal.out(tokens.map { ($0["name"]?.string ?? "") + "\n" }.joined())
    } else if tokens.isEmpty {
      terminal.error("No tokens: the port only reads.\n")
    } else {
      terminal.out(Self.table(of: tokens, now: WallClock.system.nanoseconds, on: terminal))
    }
  }

  static func table(of tokens: [JSON], now: Int64, on terminal: Terminal) -> String {
    var table = Table(["NAME", "ID", "SCOPE", "NAMESPACES", "AGE", "LAST USED", "EXPIRES"])
    for token in tokens {
      let namespaces = token["namespaces"]?.array?.compactMap(\.string)
      table.add([
        .init(token["name"]?.string ?? ""), .init(token["id"]?.string ?? "-"),
        .init(token["scope"]?.string ?? "-"), .init(namespaces?.joined(separator: ",") ?? "all"),
        .init(Age.text(since: token["created"]?.string, now: now)),
        .init(Age.text(since: token["lastUsed"]?.string, now: now)), expiry(of: token, now: now),
      ])
    }
    return table.text(on: terminal)
  }

  private static func expiry(of token: JSON, now: Int64) -> Table.Cell {
    guard let end = token["expires"]?.string.flatMap(RFC3339.parse) else { return "never" }
    guard end > now else { return .init("expired", .red) }
    let rest = (end - now) / 1_000_000
    return .init("in " + SpanText.text(rest), rest < 14 * 86_400_000 ? .yellow : nil)
  }
}

struct TokenDelete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete tokens: they are refused from then on.",
    aliases: ["rm"])

  @Argument(help: "Names or ids; may be several.", completion: Completions.tokens)
  var names: [String]

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client in
      let tokens = try await client.send(.get, ["v1", "tokens"]).json["items"]?.array ?? []
      for name in names {
        let token =
          tokens.first { $0["id"]?.string == name } ?? tokens.first { $0["name"]?.string == name }
        guard let id = token?["id"]?.string else {
          throw Failure(
            .notFound, "there is no token \(name)", hint: "'edgectl token list' lists them.")
        }
        _ = try await client.send(.delete, ["v1", "tokens", id])
        Terminal.standard.out("Token \(name) deleted\n")
      }
    }
  }
}
