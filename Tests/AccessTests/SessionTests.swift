// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct SessionTests {
  private func logIn(_ api: GuardedAPI, _ secret: String) async throws -> Answer {
    try await api.ask("POST", "/v1/session", #"{"token":"\#(secret)"}"#)
  }

  private func cookie(_ answer: Answer) throws -> String {
    let field = try #require(answer.headers["set-cookie"])
    return "Cookie: other=1; " + field.prefix { $0 != ";" }
  }

  @Test func `a browser logs in with a token, and its cookie is not the token`() async throws {
    try await GuardedAPI.running { api in
      let token = try await api.token("console", "write")
      let answer = try await logIn(api, token.secret)
      #expect(answer.status == 200 && answer.json["scope"] == "write")
      let field = try #require(answer.headers["set-cookie"])
      for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] { #expect(field.contains(part)) }
      #expect(!field.contains(token.secret.dropFirst(4)) && !field.contains("Secure"))
      let cookie = try cookie(answer)
      let devices = try await api.ask("GET", "/v1/devices", headers: [cookie])
      #expect(devices.status == 200)
      let who = try await api.ask("GET", "/v1/whoami", headers: [cookie])
      #expect(who.json["name"] == "token console")
    }
  }

  @Test func `with a cookie a change needs the console's header`() async throws {
    try await GuardedAPI.running { api in
      let cookie = try cookie(try await logIn(api, try await api.token("c", "admin").secret))
      let refused = try await api.ask("PUT", "/v1/manifests", "kind: Device", headers: [cookie])
      #expect(refused.status == 403 && refused.problem == "cross-site")
      let body = #"{"name":"b","scope":"read"}"#
      #expect(try await api.ask("POST", "/v1/tokens", body, headers: [cookie]).problem == "cross-site")
      let taken = try await api.ask("POST", "/v1/tokens", body, headers: [cookie, "X-Selvedge-Console: 1"])
      #expect(taken.status == 201)
    }
  }

  @Test func `logging out, and taking the token back, end the session`() async throws {
    try await GuardedAPI.running { api in
      let token = try await api.token("c", "read")
      let first = try cookie(try await logIn(api, token.secret))
      let second = try cookie(try await logIn(api, token.secret))
      let out = try await api.ask("DELETE", "/v1/session", headers: [first, "X-Selvedge-Console: 1"])
      #expect(out.status == 204 && out.headers["set-cookie"]?.contains("Max-Age=0") == true)
      #expect(try await api.ask("GET", "/v1/devices", headers: [first]).status == 401)
      #expect(try await api.ask("GET", "/v1/devices", headers: [second]).status == 200)
      #expect(try await api.ask("DELETE", "/v1/tokens/\(token.id)", by: .socket).status == 204)
      // No token is left, so the port may be read again; the session says nothing any more.
      #expect(try await api.ask("GET", "/v1/whoami", headers: [second]).json["name"] == "anybody")
    }
  }

  @Test func `wrong tokens are limited, and right ones are not held up by them`() async throws {
    try await GuardedAPI.running { api in
      let token = try await api.token("c", "read")
      var statuses: [Int] = []
      for number in 0..<12 {
        statuses.append(try await logIn(api, "sel_wrong\(number)").status)
      }
      #expect(statuses.first == 401 && statuses.contains(429))
      let limited = try await api.ask("GET", "/v1/devices", headers: .bearer("sel_wrong"))
      #expect(limited.status == 429 && limited.headers["retry-after"] != nil)
      #expect(try await logIn(api, token.secret).status == 200)
      #expect(try await api.ask("GET", "/v1/devices", headers: .bearer(token.secret)).status == 200)
      let logins = api.changes.filter { $0.action == "login" }
      #expect(logins.filter { $0.problem.hasPrefix("token-invalid") }.count == statuses.count { $0 == 401 })
      #expect(logins.filter { $0.problem.hasPrefix("too-many-requests") }.count == 1)
      #expect(logins.allSatisfy { $0.caller?.source == "127.0.0.1" })
    }
  }

  @Test(arguments: ["", "{}", "[]", #"{"token":1}"#, #"{"token":"a","more":1}"#])
  func `refuses a login without a token`(body: String) async throws {
    try await GuardedAPI.running { api in
      let answer = try await api.ask("POST", "/v1/session", body)
      #expect(answer.status == 400 || answer.status == 422)
    }
  }

  @Test func `as many sessions as there are places, and the oldest goes`() {
    let sessions = Sessions()
    let first = sessions.begin(token: "a")
    let second = sessions.begin(token: "a")
    for number in 0..<255 { _ = sessions.begin(token: "b\(number)") }
    #expect(sessions.token(of: first) == nil && sessions.token(of: second) == "a")
    #expect(sessions.count == 256)
    sessions.end(token: "b7")
    #expect(sessions.count == 255)
  }

  @Test func `a token that asks for too many sessions ends its own`() {
    let sessions = Sessions()
    let other = sessions.begin(token: "a")
    let first = sessions.begin(token: "b")
    for _ in 0..<300 { _ = sessions.begin(token: "b") }
    #expect(sessions.token(of: other) == "a" && sessions.token(of: first) == nil)
    #expect(sessions.count == 17)
  }
}
