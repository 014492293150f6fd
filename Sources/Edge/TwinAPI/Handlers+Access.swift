// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Tokens, and who is asking.
extension Handlers {
  static func accessEndpoints(_ handlers: Handlers) -> [Endpoint] {
    [
      Endpoint(method: .get, path: "/v1/whoami", scope: .none, handler: handlers.whoAmI),
      Endpoint(method: .post, path: "/v1/session", scope: .none, handler: handlers.logIn),
      Endpoint(method: .delete, path: "/v1/session", scope: .none, handler: handlers.logOut),
      Endpoint(method: .get, path: "/v1/tokens", scope: .admin, handler: handlers.listTokens),
      Endpoint(method: .post, path: "/v1/tokens", scope: .admin, handler: handlers.createToken),
      Endpoint(method: .delete, path: "/v1/tokens/{id}", scope: .admin, handler: handlers.deleteToken),
    ]
  }

  func whoAmI(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    return .json(Self.identity(call.caller))
  }

  private static func identity(_ caller: Caller) -> JSONWriter {
    var members: JSON.Members = ["name": .string(caller.name), "scope": .string(caller.scope.name)]
    members["namespaces"] = caller.namespaces.map { .array($0.sorted().map { .string($0) }) }
    members["source"] = .string(caller.source)
    var writer = JSONWriter()
    writer.value(.object(members))
    return writer
  }

  // MARK: - Sessions

  /// For browsers, whose event streams cannot carry a header.
  func logIn(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let members = try await call.members("a token")
    guard let secret = members["token"]?.string, members.count == 1 else {
      throw .badBody("token", expected: "{\"token\":\"sel_…\"}")
    }
    let token: Token
    do throws(AccessControl.Refusal) {
      token = try access.logIn(secret, from: call.caller.source)
    } catch {
      if !error.isRecorded { call.note.keepQuiet() }
      throw error.problem
    }
    call.note.say("token \(token.name) logs in", ["token": .string(token.name)])
    var response = Response.json(Self.identity(token.caller(source: call.caller.source)))
    response.headers[.setCookie] = cookie(access.sessions.begin(token: token.id), age: Sessions.age)
    return response
  }

  func logOut(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    if let secret = AccessControl.cookie(call.request.head) { access.sessions.end(secret) }
    call.note.say("\(call.caller.name) logs out")
    return Response(status: .noContent, headers: [.setCookie: cookie("", age: 0), .cacheControl: "no-store"])
  }

  private func cookie(_ value: String, age: Int64) -> String {
    "\(Sessions.cookie)=\(value); Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict"
      + (isSecure ? "; Secure" : "")
  }

  // MARK: - Tokens

  func listTokens(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    var writer = JSONWriter(capacity: 1024)
    writer.value(["items": .array(access.tokens.all.map { .object($0.members) })])
    return .json(writer)
  }

  func createToken(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let wish = try TokenWish(try await call.members("name and scope"), now: WallClock.system.nanoseconds)
    let token: Token
    let secret: String
    do throws(TokenStore.Failure) {
      (token, secret) = try await access.tokens.create(
        name: wish.name, scope: wish.scope, namespaces: wish.namespaces, expires: wish.expires,
        by: call.caller.name)
    } catch {
      throw Problem(error)
    }
    call.note.say("makes the token \(token.name) (\(token.scope.name))", token.members)
    var members = token.members
    members["token"] = .string(secret)
    var writer = JSONWriter()
    writer.value(.object(members))
    return .json(writer, status: .created)
  }

  func deleteToken(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let token: Token
    do throws(TokenStore.Failure) {
      token = try await access.tokens.delete(id: call.parameters["id"] ?? "")
    } catch {
      throw Problem(error)
    }
    access.sessions.end(token: token.id)
    call.note.say(
      "takes back the token \(token.name)", ["id": .string(token.id), "token": .string(token.name)])
    return Response(status: .noContent, headers: [.cacheControl: "no-store"])
  }
}

/// What somebody wants of a new token.
struct TokenWish: Equatable {
  var name: String
  var scope: Caller.Scope
  var namespaces: Set<String>?
  /// Unix nanoseconds.
  var expires: Int64?

  private static let longestName = 64
  private static let mostNamespaces = 64
  /// A hundred years: beyond that a time has no room.
  private static let longestDays: Int64 = 36_525

  init(_ members: JSON.Members, now: Int64) throws(Problem) {
    for member in members where !["name", "scope", "namespaces", "expires"].contains(member.name) {
      throw .badBody(member.name, expected: "one of name, scope, namespaces, expires")
    }
    guard let name = members["name"]?.string, Self.isName(name) else {
      throw .badBody(
        "name", expected: "1 to \(Self.longestName) letters, digits, '-', '_' and '.', such as line-3")
    }
    guard let scope = members["scope"]?.string.flatMap(Caller.Scope.init(name:)), scope != .none else {
      throw .badBody("scope", expected: "read, write or admin")
    }
    self.name = name
    self.scope = scope
    if let list = members["namespaces"], !list.isNull {
      guard let texts = list.array?.compactMap(\.string), texts.count == list.array?.count,
        (1...Self.mostNamespaces).contains(texts.count),
        texts.allSatisfy({ DeviceName(namespace: $0, name: "x") != nil })
      else { throw .badBody("namespaces", expected: "a list of 1 to \(Self.mostNamespaces) namespaces") }
      guard scope != .admin else {
        throw .badBody("namespaces", expected: "no namespaces with admin, which is for the whole node")
      }
      namespaces = Set(texts)
    }
    if let time = members["expires"], !time.isNull {
      guard let text = time.string, let end = Self.end(text, now: now), end > now else {
        throw .badBody("expires", expected: "a time to come: RFC 3339 in UTC, or 12h or 30d from now")
      }
      expires = end
    }
  }

  private static func end(_ text: String, now: Int64) -> Int64? {
    if text.hasSuffix("d") {
      guard let days = Int64(text.dropLast()), (1...longestDays).contains(days) else { return nil }
      return now + days * 86_400_000_000_000
    }
    if let duration = Duration(parsing: text) { return now + duration.components.seconds * 1_000_000_000 }
    return RFC3339.parse(text)
  }

  private static func isName(_ text: String) -> Bool {
    (1...longestName).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
          || $0 == "_" || $0 == "."
      }
  }
}

extension Problem {
  static func badBody(_ member: String, expected: String) -> Problem {
    Problem(
      .unprocessableContent, "invalid-member", "a member of the body is not right",
      detail: "\(member): expected \(expected).",
      members: ["member": .string(member), "expected": .string(expected)])
  }

  init(_ failure: TokenStore.Failure) {
    self =
      switch failure {
      case .nameTaken:
        Problem(
          .conflict, "token-exists", "a token has this name", detail: "Take another name, or delete that one."
        )
      case .full(let limit):
        Problem(
          .conflict, "too-many-tokens", "there are too many tokens", detail: "At most \(limit) are kept.")
      case .notFound:
        Problem(.notFound, "token-not-found", "no token has this id", detail: "GET /v1/tokens lists them.")
      case .busy: .busy("Too many changes of tokens wait for the disk, or the agent stops.")
      case .storage(let reason):
        Problem(.internalServerError, "storage", "the tokens cannot be kept", detail: reason)
      }
  }
}
