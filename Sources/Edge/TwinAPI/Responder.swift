// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// Answers the requests of one listener.
struct Responder: Sendable {
  let router: Router
  /// Nil on the unix socket, where the file's mode decides who may connect.
  let guardian: RequestGuard?
  let log: Logger

  /// Throws to close the connection.
  func answer(_ request: Request, _ writer: consuming ResponseWriter, channel: any Channel) async throws {
    let begin = WallClock.monotonic
    var response: Response
    var isBodyUnread = false
    do throws(Problem) {
      try guardian?.check(request.head)
      let (endpoint, parameters) = try router.endpoint(for: request.head)
      if endpoint.writes { try guardian?.refuseWrite(request.head) }
      let call = try Call(request, connection: ObjectIdentifier(channel), parameters: parameters)
      if let length = call.declaredLength, length > Limits.body {
        isBodyUnread = true
        throw .bodyTooLarge
      }
      if request.headers[.expect]?.lowercased() == "100-continue" { await Self.invite(writer) }
      response = try await endpoint.handler(call)
    } catch {
      response = error.response()
    }
    // What is left of a body that is too long is not waited for: the connection ends after the answer.
    let closes = response.status == .contentTooLarge
    if closes { response.headers[.connection] = "close" }
    if request.method == .head { response = response.createHeadResponse() }
    log.debug(
      "request",
      metadata: [
        "method": "\(request.method)", "path": "\(request.head.path ?? "")",
        "status": "\(response.status.code)",
        "microseconds": "\((WallClock.monotonic - begin) / 1000)",
      ])
    try await writer.write(response: response.head, body: response.body)
    if isBodyUnread { try await Self.discardBody(of: request) }
    if closes { throw ConnectionEnds() }
  }

  /// `100 Continue`: curl waits a second for it before it sends a body.
  private static func invite(_ writer: borrowing ResponseWriter) async {
    // A connection that is gone shows when the body is read.
    try? await writer.writeInformationalHead(.init(status: .continue))
  }

  /// Reads a part of the body, so that the client sees the answer before the connection ends.
  private static func discardBody(of request: Request) async throws {
    var left = Limits.discarded
    for try await part in request.body {
      left -= part.readableBytes
      if left <= 0 { return }
    }
  }

  private struct ConnectionEnds: Error {}
}
