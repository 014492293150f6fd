// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// One request, as the handlers see it.
struct Call: Sendable {
  let request: Request
  /// What it came on.
  let channel: any Channel
  /// What stands for the segments in braces of the endpoint's path.
  let parameters: [String: String]
  let query: Query
  /// Who asks. That the scope suffices has been checked, and the namespace in the path; others are the handler's to look at.
  let caller: Caller
  /// What the line in the log of events shall say of this request.
  let note: AuditNote

  init(
    _ request: Request, channel: any Channel, parameters: [String: String], caller: Caller,
    note: AuditNote = AuditNote()
  ) throws(Problem) {
    self.note = note
    self.request = request
    self.channel = channel
    self.parameters = parameters
    self.caller = caller
    query = try Query(path: request.head.path ?? "")
  }

  /// The channel's name.
  var connection: ObjectIdentifier { ObjectIdentifier(channel) }

  var headers: HTTPFields { request.head.headerFields }

  /// A field that the library has no name for; `name` is in lower case.
  func field(_ name: String) -> String? { headers.first { $0.name.canonicalName == name }?.value }

  /// Content-Length, if there is one.
  var declaredLength: Int? { headers[.contentLength].flatMap { Int($0) } }

  /// The device of `{namespace}/{name}`.
  func device() throws(Problem) -> DeviceName {
    let namespace = parameters["namespace"] ?? ""
    let name = parameters["name"] ?? ""
    guard let device = DeviceName(namespace: namespace, name: name) else {
      throw Problem(
        .badRequest, "bad-request", "this is not the name of a device",
        detail:
          "\(namespace)/\(name): expected lower-case letters, digits, '-' and '.' as Kubernetes takes them.")
    }
    return device
  }

  /// The whole body. To be asked for once: what was read is gone.
  func body() async throws(Problem) -> ByteBuffer {
    var whole = ByteBuffer()
    var length = 0
    let end = WallClock.monotonic + Limits.bodyTime
    do {
      for try await part in request.body {
        length += part.readableBytes
        // A byte now and then would hold the connection for ever; silence is ended with the idle ones.
        if WallClock.monotonic > end { break }
        if length <= Limits.body {
          whole.writeImmutableBuffer(part)
        } else if length > Limits.body + Limits.discarded {
          break
        }
      }
    } catch {
      throw Problem(.badRequest, "bad-request", "the body did not arrive", detail: "\(error)")
    }
    guard length <= Limits.body else { throw .bodyTooLarge }
    guard WallClock.monotonic <= end else { throw .bodyTooSlow }
    return whole
  }

  /// The body as JSON.
  /// - Parameter types: media types that are taken beside a request that names none.
  func json(types: [String]) async throws(Problem) -> JSON {
    try requireType(types)
    return try Self.parse(try await body())
  }

  /// The body as a JSON object; an empty one is the empty object.
  func members(_ what: String) async throws(Problem) -> JSON.Members {
    let bytes = try await body()
    if bytes.readableBytes == 0 { return [:] }
    try requireType(["application/json"])
    let json = try Self.parse(bytes)
    guard let members = json.object else {
      throw Problem(
        .badRequest, "bad-request", "the body cannot be read",
        detail: "Expected an object with \(what), found \(json.kind).")
    }
    return members
  }

  private static func parse(_ bytes: ByteBuffer) throws(Problem) -> JSON {
    do throws(JSONError) {
      return try JSON.parse(Array(bytes.readableBytesView))
    } catch {
      throw Problem(
        .badRequest, "invalid-json", "the body is not JSON",
        detail: "At byte \(error.offset): \(error.reason).", members: ["offset": .int(Int64(error.offset))])
    }
  }

  /// Refuses a body of another media type; parameters such as `charset` are not looked at.
  func requireType(_ types: [String]) throws(Problem) {
    guard let field = headers[.contentType] else { return }
    let type = field.prefix { $0 != ";" }.trimmingSpaces().lowercased()
    guard !types.contains(type) else { return }
    throw Problem(
      .unsupportedMediaType, "unsupported-media-type", "the body's type is not taken",
      detail: "Content-Type \(type): expected \(types.joined(separator: " or ")).")
  }
}

extension StringProtocol {
  func trimmingSpaces() -> String {
    var view = self[...]
    while view.first == " " || view.first == "\t" { view = view.dropFirst() }
    while view.last == " " || view.last == "\t" { view = view.dropLast() }
    return String(view)
  }
}
