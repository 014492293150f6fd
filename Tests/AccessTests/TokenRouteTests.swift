// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import Journal
import JSON
import Synchronization
import Testing
import TestSupport

@testable import TwinAPI

@Suite struct TokenRouteTests {
  private static let desired = "/v1/devices/default/pump-1/properties/setpoint/desired"

  @Test func `without tokens the port may be read by anybody, and only that`() async throws {
    try await GuardedAPI.running { api in
      let who = try await api.ask("GET", "/v1/whoami")
      #expect(who.json["name"] == "anybody" && who.json["scope"] == "read")
      #expect(who.json["source"] == "127.0.0.1")
      #expect(try await api.ask("GET", "/v1/devices").status == 200)
      let refused = try await api.ask("PUT", Self.desired, "22")
      #expect(refused.status == 403 && refused.problem == "read-only")
    }
  }

  @Test func `once there is a token, every request of the port needs one, but health does not`() async throws
  {
    try await GuardedAPI.running { api in
      let token = try await api.token("line-3", "read")
      let refused = try await api.ask("GET", "/v1/devices")
      #expect(refused.status == 401 && refused.problem == "token-required")
      #expect(refused.headers["www-authenticate"] == "Bearer realm=\"selvedge\"")
      #expect(try await api.ask("GET", "/healthz").status == 200)
      #expect(try await api.ask("GET", "/v1/whoami").json["scope"] == "none")
      let answer = try await api.ask("GET", "/v1/devices", headers: .bearer(token.secret))
      #expect(answer.status == 200)
      let who = try await api.ask("GET", "/v1/whoami", headers: .bearer(token.secret))
      #expect(who.json["name"] == "token line-3" && who.json["scope"] == "read")
    }
  }

  @Test func `a token may do what its scope says`() async throws {
    try await GuardedAPI.running { api in
      let read = try await api.token("r", "read")
      let write = try await api.token("w", "write")
      let admin = try await api.token("a", "admin")
      for (secret, statuses) in [
        (read.secret, [200, 403, 403]), (write.secret, [200, 200, 403]), (admin.secret, [200, 200, 200]),
      ] {
        #expect(try await api.ask("GET", "/v1/devices", headers: .bearer(secret)).status == statuses[0])
        let set = try await api.ask("PUT", Self.desired, "22", headers: .bearer(secret))
        #expect(set.status == statuses[1] || (statuses[1] == 200 && set.problem == "property-not-found"))
        let tokens = try await api.ask("GET", "/v1/tokens", headers: .bearer(secret))
        #expect(tokens.status == statuses[2])
        #expect(statuses[2] == 200 || tokens.problem == "scope-missing")
      }
      // The twin hears who asked.
      #expect(api.twins.callers.withLock { $0.map(\.name) } == ["token w", "token a"])
    }
  }

  @Test func `a token of some namespaces sees no others`() async throws {
    try await GuardedAPI.running { api in
      let other = try await api.token("o", "write", more: #","namespaces":["line-1"]"#)
      let answer = try await api.ask("GET", "/v1/devices/default/pump-1", headers: .bearer(other.secret))
      #expect(answer.status == 403 && answer.problem == "scope-missing")
      #expect(answer.json["namespace"] == "default")
      let metrics = try await api.ask("GET", "/metrics?devices=true", headers: .bearer(other.secret))
      #expect(metrics.status == 200 && !metrics.body.contains("pump-1"))
      api.journal.record(EventRecord(.link, "online", "x", device: FakeTwins.pump.name))
      let events = try await api.ask("GET", "/v1/events", headers: .bearer(other.secret))
      #expect(events.json["items"] == [])
    }
  }

  @Test func `tokens are kept hashed, for the agent alone, over a restart`() async throws {
    let folder = try GuardedAPI.makeFolder()
    defer { GuardedAPI.removeFolder(folder) }
    let kept = Kept()
    try await GuardedAPI.running(in: folder) { api in
      let token = try await api.token("line-3", "write", more: #","expires":"30d","namespaces":["default"]"#)
      kept.secret = token.secret
      #expect(token.secret.hasPrefix("sel_") && token.secret.utf8.count == 47)
      #expect(try await api.ask("GET", "/v1/whoami", headers: .bearer(token.secret)).status == 200)
    }
    var status = stat()
    #expect(stat(folder + "/tokens.json", &status) == 0 && status.st_mode & 0o777 == 0o600)
    let text = try #require(Self.read(folder + "/tokens.json"))
    #expect(!text.contains(kept.secret.dropFirst(4)))
    try await GuardedAPI.running(in: folder) { api in
      let who = try await api.ask("GET", "/v1/whoami", headers: .bearer(kept.secret))
      #expect(who.json["scope"] == "write" && who.json["namespaces"] == ["default"])
      let list = try await api.ask("GET", "/v1/tokens", by: .socket)
      let token = try #require(list.json["items"]?.array?.first)
      #expect(token["name"] == "line-3" && token["lastUsed"] != nil && token["expires"] != nil)
      #expect(token["hash"] == nil && token["token"] == nil)
      #expect(token["createdBy"]?.string?.isEmpty == false)
    }
  }

  @Test func `a token that is taken back or has expired is worth nothing`() async throws {
    try await GuardedAPI.running { api in
      let first = try await api.token("first", "read")
      let second = try await api.token("second", "read", more: #","expires":"1s""#)
      #expect(
        await eventually {
          (try? await api.ask("GET", "/v1/devices", headers: .bearer(second.secret)).status) == 401
        })
      #expect(try await api.ask("DELETE", "/v1/tokens/\(first.id)", by: .socket).status == 204)
      let answer = try await api.ask("GET", "/v1/devices", headers: .bearer(first.secret))
      #expect(answer.status == 401 && answer.problem == "token-invalid")
      #expect(answer.headers["www-authenticate"]?.contains("invalid_token") == true)
      #expect(try await api.ask("DELETE", "/v1/tokens/\(first.id)", by: .socket).status == 404)
      // The expired one is still there: an expiry must not open the port for everybody.
      #expect(try await api.ask("GET", "/v1/devices").problem == "token-required")
    }
  }

  @Test func `a damaged file lets nobody in, is left alone, and the socket works`() async throws {
    let folder = try GuardedAPI.makeFolder()
    defer { GuardedAPI.removeFolder(folder) }
    Self.write("{\"version\":1,\"tokens\":[{}]}", to: folder + "/tokens.json")
    try await GuardedAPI.running(in: folder) { api in
      #expect(try await api.ask("GET", "/v1/devices").problem == "token-required")
      #expect(try await api.ask("GET", "/v1/devices", by: .socket).status == 200)
      let answer = try await api.ask("POST", "/v1/tokens", #"{"name":"a","scope":"read"}"#, by: .socket)
      #expect(answer.status == 500 && answer.problem == "storage")
      #expect(answer.json["detail"]?.string?.contains("tokens[0]") == true)
    }
    #expect(Self.read(folder + "/tokens.json") == "{\"version\":1,\"tokens\":[{}]}")
  }

  @Test(arguments: [
    (#"{"scope":"read"}"#, "name"), (#"{"name":"a b","scope":"read"}"#, "name"), (#"{"name":"a"}"#, "scope"),
    (#"{"name":"a","scope":"none"}"#, "scope"),
    (#"{"name":"a","scope":"read","namespaces":[]}"#, "namespaces"),
    (#"{"name":"a","scope":"read","namespaces":["A"]}"#, "namespaces"),
    (#"{"name":"a","scope":"admin","namespaces":["x"]}"#, "namespaces"),
    (#"{"name":"a","scope":"read","expires":"soon"}"#, "expires"),
    (#"{"name":"a","scope":"read","expires":"2001-01-01T00:00:00Z"}"#, "expires"),
    (#"{"name":"a","scope":"read","expires":"99999999999d"}"#, "expires"),
    (#"{"name":"a","scope":"read","more":1}"#, "more"),
  ])
  func `refuses a token that is not clear, naming the member`(body: String, member: String) async throws {
    try await GuardedAPI.running { api in
      let answer = try await api.ask("POST", "/v1/tokens", body, by: .socket)
      #expect(answer.status == 422 && answer.json["member"]?.string == member)
      #expect(try await api.ask("GET", "/v1/devices").status == 200)
    }
  }

  @Test func `no two tokens have a name`() async throws {
    try await GuardedAPI.running { api in
      _ = try await api.token("a", "read")
      let answer = try await api.ask("POST", "/v1/tokens", #"{"name":"a","scope":"read"}"#, by: .socket)
      #expect(answer.status == 409 && answer.problem == "token-exists")
    }
  }

  @Test func `many tokens at once are all kept`() async throws {
    try await GuardedAPI.running { api in
      let secrets = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<12 {
          group.addTask { try await api.token("t\(number)", "read").secret }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(secrets.count == 12)
      for secret in secrets {
        #expect(try await api.ask("GET", "/v1/devices", headers: .bearer(secret)).status == 200)
      }
    }
  }

  private final class Kept: @unchecked Sendable {
    // Sound: one test writes it, and reads it later.
    var secret = ""
  }

  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }

  static func write(_ text: String, to path: String) {
    guard let file = fopen(path, "w") else { return }
    fputs(text, file)
    fclose(file)
  }
}
