// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// The manifests of the standalone mode.
extension Handlers {
  /// What is wrong in the manifests folder now.
  func getManifests(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    // A problem quotes the manifest, and says of no namespace whose it is.
    guard call.caller.namespaces == nil else {
      throw Problem(
        .forbidden, "scope-missing", "the caller may not do this",
        detail: "\(call.caller.name) is limited to namespaces; manifests are the node's.")
    }
    let problems = try await store().problems()
    var writer = JSONWriter()
    writer.value(["problems": .array(problems.map(Problem.member))])
    return .json(writer)
  }

  func putManifests(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("source")
    let store = try store()
    try call.requireType([
      "application/yaml", "application/x-yaml", "text/yaml", "application/json", "text/plain",
    ])
    let source = try call.query.value("source") ?? "request"
    guard source.utf8.count <= 255, source.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw Query.problem("source", expected: "a file name of at most 255 bytes")
    }
    let bytes = try await call.body()
    guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
      throw Problem(.badRequest, "bad-request", "the body is not text", detail: "Expected UTF-8.")
    }
    let changes = try await store.apply(text, source: source)
    note(changes, of: call)
    return Self.answer(changes)
  }

  func deleteManifest(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let change = try await store().delete(
      kind: call.parameters["kind"] ?? "", namespace: call.parameters["namespace"] ?? "",
      name: call.parameters["name"] ?? "")
    note([change], of: call)
    return Self.answer([change])
  }

  /// For the log of events.
  private func note(_ changes: [ManifestChange], of call: Call) {
    let texts = changes.map { "\($0.kind) \($0.namespace)/\($0.name): \($0.outcome.rawValue)" }
    let more = texts.count > 3 ? " and \(texts.count - 3) more" : ""
    call.note.say(
      "manifests: " + texts.prefix(3).joined(separator: ", ") + more,
      ["changes": .array(texts.prefix(50).map { .string($0) })])
  }

  private func store() throws(Problem) -> ManifestQueue {
    guard let manifests else {
      throw Problem(
        .notFound, "no-manifests", "this node keeps no manifests",
        detail: "Its devices come from the cloud. The key standalone.enable makes a node that keeps its own.")
    }
    return manifests
  }

  private static func answer(_ changes: [ManifestChange]) -> Response {
    var writer = JSONWriter()
    writer.changes(changes)
    return .json(writer)
  }
}
