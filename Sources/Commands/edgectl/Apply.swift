// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct Apply: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Create or change devices and device models from manifests.",
    discussion: """
      For nodes in standalone mode. All that is wrong in a file is said at once,
      and nothing of that file is taken; other files are.

      Examples:
        edgectl apply -f pump.yaml
        edgectl apply -f devices/
        generate | edgectl apply -f -
      """)

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: ArgumentHelp(
      "A file, a folder, or - for standard input; may be given several times.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var files: [String]

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    var texts: [ManifestSource.Text] = []
    for file in files { texts += try ManifestSource.read(file) }
    let terminal = Terminal.standard
    let refused = try await connection.withClient { client in
      var refused: [Failure] = []
      for text in texts {
        do throws(Failure) {
          let reply = try await client.send(
            .put, ["v1", "manifests"], query: [("source", text.shortName)], body: text.text,
            type: "application/yaml")
          terminal.out(ChangeList.text(of: reply.json))
        } catch {
          // Without an agent the other files fare no better.
          if error.code == .unreachable || texts.count == 1 { throw error }
          terminal.error(error)
          refused.append(error)
        }
      }
      return refused
    }
    guard let first = refused.first else { return }
    throw Failure(first.code, "\(refused.count) of \(texts.count) files were not taken")
  }
}

extension ManifestSource.Text {
  /// As far as the agent takes a name.
  var shortName: String { String(decoding: name.utf8.suffix(255), as: UTF8.self) }
}

enum ChangeList {
  /// `Device default/pump-1 created`
  static func text(of reply: JSON) -> String {
    (reply["changes"]?.array ?? []).map { change in
      "\(change["kind"]?.string ?? "") \(DeviceRow.name(of: change)) \(change["outcome"]?.string ?? "")\n"
    }.joined()
  }
}
