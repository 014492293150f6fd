// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// The console. Everybody may load it; what it shows then comes from the API, under the API's rules.
extension Handlers {
  static func pageEndpoints(_ handlers: Handlers) -> [Endpoint] {
    [
      Endpoint(method: .get, path: "/", scope: Caller.Scope.none, handler: handlers.getPage),
      Endpoint(
        method: .get, path: "/console/{file}", scope: Caller.Scope.none, handler: handlers.getPage),
    ]
  }

  private func getPage(_ call: Call) async throws(Problem) -> Response {
    let name = call.parameters["file"] ?? "index.html"
    guard let page = services.pages?.page(name) else {
      throw Problem(
        .notFound, "not-found", "nothing is here",
        detail: services.pages == nil ? "This agent serves no console." : "The console has no file \(name).")
    }
    let tag = "\"\(page.tag)\""
    // A browser keeps the files and asks each time whether they are still those: after an update of the agent
    // nobody sees a mixture of two consoles.
    var headers: HTTPFields = [
      .contentType: page.type, .cacheControl: "no-cache", .eTag: tag, .xContentTypeOptions: "nosniff",
      .contentSecurityPolicy: Self.contentSecurityPolicy,
    ]
    if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
    if let name = HTTPField.Name("Cross-Origin-Opener-Policy") { headers[name] = "same-origin" }
    if Self.names(tag, in: call.headers[.ifNoneMatch]) {
      headers[.contentType] = nil
      return Response(status: .notModified, headers: headers)
    }
    return Response(
      status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: page.bytes)))
  }

  /// Nothing from elsewhere, nothing inline, no frame around it: text of a device that reached the page as markup would
  /// still not run.
  private static let contentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

  /// Whether `If-None-Match` has the tag, weak or not (RFC 9110, 13.1.2).
  private static func names(_ tag: String, in field: String?) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { item in
      let item = item.trimmingSpaces()
      return item == "*" || item == tag || item == "W/" + tag
    }
  }
}
