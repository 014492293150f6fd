// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// Following changes and asking for them on one WebSocket.
extension Handlers {
  static let socketProtocol = "selvedge.v1"

  func openSocket(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let upgrade = (call.field("upgrade") ?? "").lowercased().split(separator: ",").map { $0.trimmingSpaces() }
    guard call.request.method == .get, upgrade.contains("websocket") else {
      throw Problem(
        .upgradeRequired, "not-a-websocket", "this route is a WebSocket",
        detail: "Expected the fields Upgrade: websocket, Sec-WebSocket-Key and Sec-WebSocket-Version: 13.")
    }
    let fields = try await handshake(call)
    let place = try watches.place()
    let session = SocketSession(handlers: self, call: call)
    do {
      try await session.install()
    } catch {
      throw .busy("The connection cannot become a WebSocket.")
    }
    place.onClose { session.stop() }
    // A response that is not sent, as to HEAD, would leave the connection between two protocols; GET always is.
    let body = ResponseBody { _ in
      defer { withExtendedLifetime(place) {} }
      try await session.run()
    }
    return Response(status: .switchingProtocols, headers: fields, body: body)
  }

  private func handshake(_ call: Call) async throws(Problem) -> HTTPFields {
    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    for name in ["sec-websocket-key", "sec-websocket-version"] {
      if let value = call.field(name) { head.headers.add(name: name, value: value) }
    }
    let upgrader = NIOWebSocketServerUpgrader(
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
      upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
    let headers: HTTPHeaders
    do {
      let request = head
      let channel = call.channel
      headers = try await channel.eventLoop.flatSubmit {
        upgrader.buildUpgradeResponse(
          channel: channel, upgradeRequest: request, initialResponseHeaders: HTTPHeaders())
      }.get()
    } catch {
      throw Problem(
        .badRequest, "bad-request", "the handshake is not right",
        detail: "Expected Sec-WebSocket-Key of 16 bytes in base64 and Sec-WebSocket-Version: 13.")
    }
    var fields = HTTPFields()
    fields[.connection] = "upgrade"
    for header in headers {
      if let name = HTTPField.Name(header.name) { fields[name] = header.value }
    }
    let offered = (call.field("sec-websocket-protocol") ?? "").split(separator: ",").map {
      $0.trimmingSpaces()
    }
    if offered.contains(Self.socketProtocol), let name = HTTPField.Name("Sec-WebSocket-Protocol") {
      fields[name] = Self.socketProtocol
    }
    if let name = HTTPField.Name("Upgrade") { fields[name] = "websocket" }
    return fields
  }
}
