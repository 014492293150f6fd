// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

/// Words that the shell proposes and that only the agent knows. Nothing is proposed where it does not answer at once:
/// somebody waits at a prompt.
enum Completions {
  private static let patience = Duration.milliseconds(700)
  /// More would help nobody.
  private static let most = 1000

  static let devices = CompletionKind.custom { words, _, prefix async in
    await ask(words) { try await deviceNames($0, words, prefix) }
  }

  static let properties = CompletionKind.custom { words, index, _ async in
    await ask(words) { try await propertyNames($0, words, before: index) }
  }

  /// `setpoint=`, of properties that can be set; devices too, since several may be named.
  static let assignments = CompletionKind.custom { words, index, prefix async in
    await ask(words) { client in
      let names = try await propertyNames(client, words, before: index, settable: true).map {
        $0 + "="
      }
      return try await names + (prefix.contains("=") ? [] : deviceNames(client, words, prefix))
    }
  }

  static let methods = CompletionKind.custom { words, index, _ async in
    await ask(words) { client in
      guard let device = device(in: words, before: index) else { return [] }
      let path = ["v1", "devices", device.namespace, device.name, "methods"]
      return names(try await client.send(.get, path, within: patience).json, "name")
    }
  }

  static let mappers = CompletionKind.custom { words, _, _ async in
    await ask(words) {
      names(try await $0.send(.get, ["v1", "mappers"], within: patience).json, "file")
    }
  }

  static let drivers = CompletionKind.custom { words, _, _ async in
    await ask(words) { client in
      ScanDriver.all(
        in: try await client.send(.get, ["v1", "mappers"], within: patience).json["items"]?.array
          ?? []
      )
      .map(\.id)
    }
  }

  static let tokens = CompletionKind.custom { words, _, _ async in
    await ask(words) {
      names(try await $0.send(.get, ["v1", "tokens"], within: patience).json, "name")
    }
  }

  // MARK: - Reading the line

  /// The value of an option in a line that is not finished.
  static func option(_ names: [String], in words: [String]) -> String? {
    for (index, word) in words.enumerated() {
      if names.contains(word), words.indices.contains(index + 1) {
        return unquoted(words[index + 1])
      }
      if let name = names.first(where: { word.hasPrefix($0 + "=") }) {
        return unquoted(String(word.dropFirst(name.count + 1)))
      }
    }
    return nil
  }

  /// The device that the line names before the word at `index`: the first word that reads like one and is neither a
  /// command nor an option's value.
  static func device(in words: [String], before index: Int) -> DeviceName? {
    let words = words[..<min(index, words.count)]
    let plain = plain(words)
    for word in plain.dropFirst(commandDepth(plain)) {
      if let name = try? DeviceArgument.parse(
        word, namespace: option(["-n", "--namespace"], in: Array(words)))
      {
        return name
      }
    }
    return nil
  }

  /// Without options and their values.
  private static func plain(_ words: ArraySlice<String>) -> [String] {
    var plain: [String] = []
    var isValue = false
    for word in words.map(unquoted) {
      if isValue {
        isValue = false
      } else if word.hasPrefix("-") {
        isValue = valued.contains(word)
      } else {
        plain.append(word)
      }
    }
    return plain
  }

  /// How many words name the command: `edgectl twin get` are three.
  private static func commandDepth(_ words: [String]) -> Int {
    var command: any ParsableCommand.Type = Edgectl.self
    var depth = 1
    for word in words.dropFirst() {
      let next = command.configuration.subcommands.first {
        ($0.configuration.commandName ?? $0._commandName) == word
          || $0.configuration.aliases.contains(word)
      }
      guard let next else { break }
      command = next
      depth += 1
    }
    return depth
  }

  private static let valued: Set<String> = Set(
    ConnectionOptions.names + [
      "-n", "--namespace", "-o", "--output", "-l", "--selector", "-p", "--property", "--from",
      "--to", "--step",
      "--limit", "--timeout", "--state", "--where", "--sort", "--if-version", "--if-reported",
      "--args", "--format",
      "--file", "--height",
    ])

  private static func unquoted(_ word: String) -> String {
    var word = word
    for quote in ["\"", "'"] where word.hasPrefix(quote) {
      word.removeFirst()
      if word.hasSuffix(quote) { word.removeLast() }
    }
    return word
  }

  // MARK: - Asking

  private static func ask(_ words: [String], _ body: (AgentClient) async throws -> [String]) async
    -> [String]
  {
    var options: [String] = []
    for name in ConnectionOptions.names {
      if let value = option([name], in: words) { options += [name, value] }
    }
    guard let connection = try? ConnectionOptions.parse(options) else { return [] }
    return (try? await connection.withClient(body)) ?? []
  }

  private static func deviceNames(_ client: AgentClient, _ words: [String], _ prefix: String)
    async throws -> [String]
  {
    // With a namespace given, or begun, names have none or this one.
    let namespace = option(["-n", "--namespace"], in: words)
    let query = [("limit", "\(most)")] + (namespace.map { [("namespace", $0)] } ?? [])
    let devices = try await client.send(.get, ["v1", "devices"], query: query, within: patience)
      .json
    return (devices["items"]?.array ?? []).map { device in
      let isNear = device["namespace"]?.string == (namespace ?? DeviceArgument.defaultNamespace)
      return isNear && !prefix.contains("/")
        ? device["name"]?.string ?? "" : DeviceRow.name(of: device)
    }
  }

  private static func propertyNames(
    _ client: AgentClient, _ words: [String], before index: Int, settable: Bool = false
  ) async throws -> [String] {
    guard let device = device(in: words, before: index) else { return [] }
    let twin = try await client.send(
      .get, ["v1", "devices", device.namespace, device.name], within: patience)
    return (twin.json["properties"]?.object ?? [:]).filter {
      !settable || $0.value["access"]?.string == "readWrite"
    }.map(\.name)
  }

  private static func names(_ list: JSON, _ member: String) -> [String] {
    (list["items"]?.array ?? []).compactMap { $0[member]?.string }
  }
}
