// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore

/// One thing that the API does: a method on a path.
struct Endpoint: Sendable {
  let method: HTTPRequest.Method
  /// `/v1/devices/{namespace}/{name}`: a segment in braces takes any text.
  let path: String
  /// What the caller must be allowed.
  let scope: Caller.Scope
  /// The twin itself writes the line in the log of events when it has taken what was asked.
  let isRecordedByTwin: Bool
  /// Changes something: has a line in the log of events, whatever comes of it.
  var writes: Bool { method != .get }
  let handler: @Sendable (Call) async throws(Problem) -> Response

  init(
    method: HTTPRequest.Method, path: String, scope: Caller.Scope, isRecordedByTwin: Bool = false,
    handler: @escaping @Sendable (Call) async throws(Problem) -> Response
  ) {
    self.method = method
    self.path = path
    self.isRecordedByTwin = isRecordedByTwin
    self.scope = scope
    self.handler = handler
  }

  /// GET needs `read`, all else `write`.
  init(
    method: HTTPRequest.Method, path: String, isRecordedByTwin: Bool = false,
    handler: @escaping @Sendable (Call) async throws(Problem) -> Response
  ) {
    self.init(
      method: method, path: path, scope: method == .get ? .read : .write, isRecordedByTwin: isRecordedByTwin,
      handler: handler)
  }
}

/// Finds the endpoint of a request.
///
/// The table is walked from top to bottom; it is short, and comparing segments is a small part of a request.
struct Router: Sendable {
  private struct Route: Sendable {
    let segments: [String]
    var endpoints: [Endpoint]
  }
  private var routes: [Route] = []

  init(_ endpoints: [Endpoint]) {
    for endpoint in endpoints {
      let segments = endpoint.path.split(separator: "/").map(String.init)
      if let place = routes.firstIndex(where: { $0.segments == segments }) {
        routes[place].endpoints.append(endpoint)
      } else {
        routes.append(Route(segments: segments, endpoints: [endpoint]))
      }
    }
  }

  /// Every method and path, for the documentation's tests.
  var table: [String] { routes.flatMap { $0.endpoints.map { "\($0.method.rawValue) \($0.path)" } } }

  /// - Returns: the endpoint and what stands for its segments in braces, without percent signs. HEAD is
  ///   served by the endpoint of GET.
  func endpoint(for head: HTTPRequest) throws(Problem) -> (Endpoint, [String: String]) {
    let path = (head.path ?? "").prefix { $0 != "?" && $0 != "#" }
    let segments = try Self.segments(of: path)
    for route in routes {
      guard let parameters = Self.match(route.segments, segments) else { continue }
      let method = head.method == .head ? .get : head.method
      guard let endpoint = route.endpoints.first(where: { $0.method == method }) else {
        throw Self.methodNotAllowed(head.method, allowed: route.endpoints.map(\.method))
      }
      return (endpoint, parameters)
    }
    throw Problem(
      .notFound, "not-found", "nothing is here", detail: "No route leads to \(path). docs/api.md lists them.")
  }

  private static func segments(of path: Substring) throws(Problem) -> [String] {
    var segments: [String] = []
    for part in path.split(separator: "/") {
      guard let segment = PercentEncoding.decode(part) else {
        throw Problem(
          .badRequest, "bad-request", "the path cannot be read",
          detail: "\(part): expected percent signs before two hexadecimal digits of UTF-8.")
      }
      segments.append(segment)
    }
    return segments
  }

  private static func match(_ pattern: [String], _ segments: [String]) -> [String: String]? {
    guard pattern.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (expected, segment) in zip(pattern, segments) {
      if expected.hasPrefix("{") {
        parameters[String(expected.dropFirst().dropLast())] = segment
      } else if expected != segment {
        return nil
      }
    }
    return parameters
  }

  private static func methodNotAllowed(
    _ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]
  ) -> Problem {
    var names = allowed.map(\.rawValue)
    if allowed.contains(.get) { names.append("HEAD") }
    let list = names.sorted().joined(separator: ", ")
    var problem = Problem(
      .methodNotAllowed, "method-not-allowed", "this method is not served here",
      detail: "\(method.rawValue) is not served on this path; it takes \(list).")
    problem.headers[.allow] = list
    return problem
  }
}
