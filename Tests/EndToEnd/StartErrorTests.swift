// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// A start that cannot be: said clearly, with another status than 0.
@Suite(.runsNodes) struct StartErrorTests {
  /// Ends by itself, in time and not well; returns what it said.
  private func refusal(_ node: Node, _ extra: [String] = []) async throws -> String {
    let process = try node.launch(extra: extra)
    guard case .exited(let status) = await process.wait() else {
      Issue.record("edgecore did not end by itself:\n\(node.log)")
      return ""
    }
    #expect(status != 0)
    return node.log
  }

  @Test func `a port that is taken`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let text = try await refusal(Node(), ["--twin-api-port", "\(broker.port)"])
    #expect(text.contains("modules.twinAPI.port: \(broker.port): expected a free port"), "\(text)")
  }

  @Test func `a second agent on the same root`() async throws {
    let node = try await Node.started()
    let second = try ChildProcess(
      Programs.path("edgecore"),
      ["--standalone", "--root", node.root, "--no-event-bus", "--twin-api-port", "0"],
      output: node.root + "/second.log")
    let end = await second.wait()
    let text = Files.text(second.output)
    #expect(end != nil && end != .exited(0), "\(text)")
    #expect(text.contains("edgecore.db"), "\(text)")
    #expect(text.contains("locked") || text.contains("another"), "\(text)")
    // The first one has not noticed.
    #expect(try await node.http.send("GET", "/readyz").status == 200)
  }

  @Test(arguments: [
    ("modules: [", ["edgecore.yaml"]),
    ("modules:\n  twinAPI:\n    port: many\n", ["edgecore.yaml", "modules.twinAPI.port", "many"]),
    ("modules:\n  eventBus:\n    mqttMode: 7\n", ["edgecore.yaml", "modules.eventBus.mqttMode", "7"]),
  ])
  func `a broken configuration file`(_ file: (text: String, words: [String])) async throws {
    let node = try Node()
    try Files.makeFolder(node.root + "/etc/selvedge")
    try Files.write(file.text, to: node.root + "/etc/selvedge/edgecore.yaml")
    let text = try await refusal(node)
    for word in file.words { #expect(text.contains(word), "\(text)") }
  }

  @Test func `a configuration file that is not there`() async throws {
    let node = try Node()
    let text = try await refusal(node, ["--config", node.root + "/nowhere.yaml"])
    #expect(text.contains("nowhere.yaml"), "\(text)")
  }

  @Test func `a flag that means nothing`() async throws {
    let text = try await refusal(Node(), ["--mqtt-mode", "5"])
    #expect(text.contains("--mqtt-mode 5"), "\(text)")
  }

  /// One bad file must not keep a site's other devices from working.
  @Test func `a manifest that cannot be read is named and the rest works`() async throws {
    let node = try Node()
    try node.declare(Manifests.plainModel() + "---\n" + Manifests.plain("good"), as: "good")
    #expect(symlink("nowhere", node.manifests + "/lost.yaml") == 0)
    try Files.write([0x6B, 0x3A, 0x20, 0xFF, 0xFE], to: node.manifests + "/bytes.yaml")
    try await node.start()
    #expect(await node.twin("default/good")["name"] == "good")
    let problems = await node.get("/v1/manifests")["problems"]?.array ?? []
    let files = problems.compactMap { $0["file"]?.string }
    #expect(files.contains { $0.hasSuffix("lost.yaml") }, "\(problems)")
    #expect(files.contains { $0.hasSuffix("bytes.yaml") }, "\(problems)")
    #expect(node.log.contains("bytes.yaml"))
  }
}
