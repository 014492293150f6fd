// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// Answers the requests of one listener.
struct Responder: Sendable {
  let router: Router
  let door: Door
  let access: AccessControl
  let audit: Audit
  let metrics: RequestMetrics
  let log: Logger

  /// What became of a request.
  private struct Outcome {
    var response: Response
    /// As in the documentation, or `other`.
    var route = "other"
    /// The name of the problem, when the handler was not reached.
    var refusal: String?
    var caller: Caller?
    /// The body is too long to be read.
    var isBodyUnread = false
  }

  /// Throws to close the connection.
  func answer(_ request: Request, _ writer: consuming ResponseWriter, channel: any Channel) async throws {
    let begin = WallClock.monotonic
    metrics.began()
    let outcome = await outcome(of: request, writer, channel: channel)
    var response = outcome.response
    // What is left of a body that is too long or too slow is not waited for: the connection ends after the answer.
    let closes = response.status == .contentTooLarge || response.status == .requestTimeout
    if closes { response.headers[.connection] = "close" }
    if request.method == .head { response = response.createHeadResponse() }
    let microseconds = (WallClock.monotonic - begin) / 1000
    metrics.ended(
      route: outcome.route, status: response.status.code, microseconds: microseconds, refusal: outcome.refusal
    )
    log.debug(
      "request",
      metadata: [
        "method": "\(request.method)", "path": "\(request.head.path ?? "")",
        "status": "\(response.status.code)", "caller": "\(outcome.caller?.name ?? "")",
        "microseconds": "\(microseconds)",
      ])
    try await writer.write(response: response.head, body: response.body)
    if outcome.isBodyUnread { try await Self.discardBody(of: request) }
    if closes { throw ConnectionEnds() }
  }

  private func outcome(
    of request: Request, _ writer: borrowing ResponseWriter, channel: any Channel
  ) async -> Outcome {
    let endpoint: Endpoint
    let parameters: [String: String]
    do throws(Problem) {
      if case .port(let guardian, _, _) = door { try guardian.check(request.head) }
      (endpoint, parameters) = try router.endpoint(for: request.head)
    } catch {
      return Outcome(response: error.response(), refusal: error.name)
    }
    let route = "\(endpoint.method.rawValue) \(endpoint.path)"
    let visitor: AccessControl.Visitor
    do throws(AccessControl.Refusal) {
      visitor = try await access.visitor(request.head, channel, door: door, isOpen: endpoint.scope == .none)
      try access.check(visitor, endpoint, parameters, request.head, door: door)
    } catch {
      let problem = error.problem
      if error.isRecorded {
        audit.record(
          endpoint, request.head, parameters, caller: error.caller, status: problem.status.code,
          problem: problem, note: AuditNote())
      }
      return Outcome(response: problem.response(), route: route, refusal: problem.name, caller: error.caller)
    }
    return await handle(request, endpoint, parameters, visitor.caller, route, writer, channel: channel)
  }

  private func handle(
    _ request: Request, _ endpoint: Endpoint, _ parameters: [String: String], _ caller: Caller,
    _ route: String, _ writer: borrowing ResponseWriter, channel: any Channel
  ) async -> Outcome {
    let note = AuditNote()
    var isBodyUnread = false
    var response: Response
    var problem: Problem?
    do throws(Problem) {
      let call = try Call(
        request, channel: channel, parameters: parameters, caller: caller, note: note)
      if let length = call.declaredLength, length > Limits.body {
        isBodyUnread = true
        throw .bodyTooLarge
      }
      if request.headers[.expect]?.lowercased() == "100-continue" { await Self.invite(writer) }
      response = try await endpoint.handler(call)
    } catch {
      problem = error
      response = error.response()
    }
    audit.record(
      endpoint, request.head, parameters, caller: caller, status: response.status.code, problem: problem,
      note: note)
    return Outcome(response: response, route: route, caller: caller, isBodyUnread: isBodyUnread)
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
