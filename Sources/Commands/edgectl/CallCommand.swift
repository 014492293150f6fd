// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON

struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call a method of a device, and print its result.",
    discussion: """
      Arguments are given by name, as KEY=VALUE or with --args as a JSON object;
      'edgectl get methods' of the device lists them. Bytes are base64. A method
      that can do harm asks first; where nobody can be asked it needs --yes.
      Ctrl-C cancels the call.

      Examples:
        edgectl call pump-1 reset
        edgectl call plant/pump-1 add a=1.5 b=2
        edgectl call pump-1 configure --args '{"mode":"auto"}' --timeout 30s
        edgectl call pump-1 factoryReset --yes
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case value, json, yaml }

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @Argument(help: "The method.", completion: Completions.methods)
  var method: String

  @Argument(
    help: ArgumentHelp(
      "KEY=VALUE, an argument of the method; may be given several times.", valueName: "key=value"))
  var pairs: [KeyValue] = []

  @Option(help: ArgumentHelp("Arguments as a JSON object.", valueName: "json"))
  var args: String?

  @Option(help: ArgumentHelp("How long it may take, up to 60s.", valueName: "time"))
  var timeout = "5s"

  @Flag(name: [.short, .long], help: "Do not ask: it is meant.")
  var yes = false

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.value

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    _ = try DeviceArgument.parse(device, namespace: namespace.namespace)
    guard let limit = Duration(parsing: timeout), limit <= MethodCall.longestTimeout, limit > .zero
    else {
      throw ValidationError("--timeout \(timeout): expected a time such as 500ms or 5s, up to 60s.")
    }
    _ = try arguments()
  }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let path = ["v1", "devices", name.namespace, name.name, "methods"]
    let limit = (Duration(parsing: timeout) ?? .zero) + .seconds(10)
    let terminal = Terminal.standard
    let reply = try await connection.withClient { client in
      let methods = try await client.send(.get, path).json["items"]?.array ?? []
      // Of an unknown method the agent itself tells which there are.
      let description = methods.first { $0["name"]?.string == method }
      let members = try KeyValue.members(pairs, over: arguments()) { key in
        let argument = description?["arguments"]?.array?.first { $0["name"]?.string == key }
        return .init(argument: argument?["type"]?.string)
      }
      var query = [("timeout", timeout)]
      if try confirms(description, of: name, terminal) { query.append(("confirm", "true")) }
      return try await client.send(
        .post, path + [method], query: query, body: JSON.object(members).text, within: limit)
    }
    switch output {
    case .json: terminal.out(PrettyJSON.text(reply.json))
    case .yaml: terminal.out(YAMLWriter.text(of: reply.json))
    case .value: terminal.out(Self.text(of: reply.json))
    }
  }

  /// The result alone, for scripts; `ok` where the method has none.
  static func text(of reply: JSON) -> String {
    (reply["result"].map { TwinView.text(of: $0) } ?? reply["status"]?.string ?? "") + "\n"
  }

  private func arguments() throws -> JSON.Members {
    guard let args else { return [:] }
    do throws(JSONError) {
      if let members = try JSON.parse(args).object { return members }
    } catch {
      throw ValidationError("--args: \(error): expected a JSON object such as {\"count\":3}.")
    }
    throw ValidationError("--args \(args): expected a JSON object such as {\"count\":3}.")
  }

  /// False also where nobody can be asked: the agent then says what is missing.
  private func confirms(_ method: JSON?, of device: DeviceName, _ terminal: Terminal)
    throws(Failure) -> Bool
  {
    if yes { return true }
    guard method?["needsConfirmation"]?.bool == true, terminal.isInteractive else { return false }
    let summary = method?["summary"]?.string.map { " (\(Table.Cell($0).text))" } ?? ""
    guard terminal.confirms("\(self.method)\(summary) can do harm. Call it on \(device)?") else {
      throw Failure(.failed, "not called")
    }
    return true
  }
}
