// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON

struct Delete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete devices or device models and their manifests.",
    discussion: """
      For nodes in standalone mode. An object that shares its file with others
      is not deleted; the message names the file.

      Examples:
        edgectl delete device plant/pump-1
        edgectl delete devicemodel pump
        edgectl delete -f pump.yaml              what the file declares
      """)

  @Argument(help: "device or devicemodel.", completion: .list(["device", "devicemodel"]))
  var kind: String?

  @Argument(
    help: "NAME or NAMESPACE/NAME; may be given several times.", completion: Completions.devices)
  var names: [String] = []

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: ArgumentHelp("A file, a folder, or - for standard input.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var files: [String] = []

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  struct Target: Equatable {
    let kind: String
    let name: DeviceName
  }

  func validate() throws {
    if files.isEmpty {
      guard kind != nil, !names.isEmpty else {
        throw ValidationError("Say what to delete: KIND and NAME, or -f FILE.")
      }
      _ = try namedTargets()
    } else if kind != nil {
      throw ValidationError("KIND and -f exclude each other.")
    }
  }

  func run() async throws {
    let targets = files.isEmpty ? try namedTargets() : try declaredTargets()
    let terminal = Terminal.standard
    try await connection.withClient { client in
      for target in targets {
        let reply = try await client.send(
          .delete, ["v1", "manifests", target.kind, target.name.namespace, target.name.name])
        terminal.out(ChangeList.text(of: reply.json))
      }
    }
  }

  private func namedTargets() throws -> [Target] {
    guard let kind = kind.flatMap(Self.kind) else {
      throw ValidationError("'\(kind ?? "")' is not a kind: expected device or devicemodel.")
    }
    return try names.map {
      Target(kind: kind, name: try DeviceArgument.parse($0, namespace: namespace.namespace))
    }
  }

  private func declaredTargets() throws -> [Target] {
    var targets: [Target] = []
    for file in files {
      for text in try ManifestSource.read(file) {
        targets += try Self.targets(in: text, namespace: namespace.namespace)
      }
    }
    return targets
  }

  /// What a text declares: devices first, since their models are in use until they are gone.
  static func targets(in text: ManifestSource.Text, namespace: String?) throws(Failure) -> [Target] {
    let documents: [YAMLNode]
    do throws(YAMLError) {
      documents = try YAMLNode.parse(text.text, file: text.name)
    } catch {
      throw Failure(.failed, "\(error)")
    }
    var targets: [Target] = []
    for document in documents.map(\.json) where !document.isNull {
      let place =
        document["metadata"]?["namespace"]?.string ?? namespace ?? DeviceArgument.defaultNamespace
      guard let kind = document["kind"]?.string.flatMap(kind),
        let name = document["metadata"]?["name"]?.string.flatMap({
          DeviceName(namespace: place, name: $0)
        })
      else {
        throw Failure(
          .failed, "\(text.name): expected Devices and DeviceModels with kind and metadata.name")
      }
      targets.append(Target(kind: kind, name: name))
    }
    return targets.filter { $0.kind == "Device" } + targets.filter { $0.kind != "Device" }
  }

  private static func kind(_ text: String) -> String? {
    switch text.lowercased() {
    case "device", "devices": "Device"
    case "devicemodel", "devicemodels": "DeviceModel"
    default: nil
    }
  }
}
