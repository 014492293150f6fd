// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// The mappers, the node and its health.
extension Handlers {
  func listMappers(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for mapper in mappers.mappers() { writer.mapper(mapper, schemas: false) }
    writer.endArray()
    writer.endObject()
    return .json(writer)
  }

  func getMapper(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let file = call.parameters["file"] ?? ""
    guard let mapper = mappers.mappers().first(where: { $0.fileName == file || $0.file == file }) else {
      throw Problem(
        .notFound, "mapper-not-found", "no such mapper",
        detail: "No mapper library \(file) is in the mappers folders.", members: ["file": .string(file)])
    }
    var writer = JSONWriter(capacity: 4096)
    writer.mapper(mapper, schemas: true)
    return .json(writer)
  }

  func getNode(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    var writer = JSONWriter(capacity: 1024)
    writer.node(node.node(), devices: twins.deviceNames().count, now: WallClock.system.nanoseconds)
    return .json(writer)
  }

  /// The process answers.
  func health(_ call: Call) async throws(Problem) -> Response { Self.plain("ok\n") }

  func readiness(_ call: Call) async throws(Problem) -> Response {
    let reasons = node.node().notReady
    guard reasons.isEmpty else {
      throw Problem(
        .serviceUnavailable, "not-ready", "the node is not ready", detail: reasons.joined(separator: "\n"),
        members: ["reasons": .array(reasons.map { .string($0) })])
    }
    return Self.plain("ok\n")
  }

  private static func plain(_ text: String) -> Response {
    Response(
      status: .ok, headers: .api(type: "text/plain"), body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
