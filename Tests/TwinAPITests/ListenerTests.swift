// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Testing

@testable import TwinAPI

@Suite struct ListenerTests {
  @Test func `makes the folder and a socket of mode 0660, and removes the socket`() async throws {
    let api = TestAPI()
    try await TestAPI.running(api) { api in
      var status = stat()
      #expect(stat(api.socket, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o660)
      let answer = try await api.ask("GET", "/healthz")
      #expect(answer.body == "ok\n")
    }
    #expect(access(api.socket, F_OK) != 0)
  }

  @Test func `takes over a socket that nobody answers`() async throws {
    let path = TestAPI.freshSocket()
    let folder = String(path.dropLast("/api.sock".count))
    #expect(mkdir(folder, 0o755) == 0)
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    close(descriptor)
    try await TestAPI.running(TestAPI(socket: path)) { api in
      let answer = try await api.ask("GET", "/healthz")
      #expect(answer.status == 200)
    }
  }

  @Test func `leaves a socket alone that another process answers`() async throws {
    try await TestAPI.running { first in
      let second = TestAPI(socket: first.socket)
      await #expect(throws: StartError.self) { try await second.server.start() }
      await second.stop()
      let answer = try await first.ask("GET", "/healthz")
      #expect(answer.status == 200)
    }
  }

  @Test func `leaves a file alone that is not a socket`() async throws {
    let api = TestAPI(socket: "/etc/hostname")
    let error = await #expect(throws: StartError.self) { try await api.server.start() }
    #expect(error?.key == "modules.twinAPI.socket")
    await api.stop()
  }

  @Test func `names the key of a port that is in use`() async throws {
    try await TestAPI.running { first in
      let port = try #require(first.server.port)
      let second = TestAPI(port: port)
      let error = await #expect(throws: StartError.self) { try await second.server.start() }
      #expect(
        error?.description
          == "modules.twinAPI.port: \(port): expected a free port, but another process uses it")
      await second.stop()
      #expect(access(second.socket, F_OK) != 0)
    }
  }

  @Test func `refuses a path that no socket can have`() async throws {
    for path in ["relative.sock", "/" + String(repeating: "x", count: 120)] {
      let api = TestAPI(socket: path)
      let error = await #expect(throws: StartError.self) { try await api.server.start() }
      #expect(error?.key == "modules.twinAPI.socket")
      await api.stop()
    }
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true), ("localhost", true), ("0.0.0.0", false),
    ("::", false),
    ("10.0.0.1", false), ("127.0.0.1.evil.example", false), ("127.0.0", false), ("example.org", false),
  ])
  func `listens on loopback only`(address: String, isLoopback: Bool) {
    #expect(RequestGuard.isLoopback(address) == isLoopback)
  }

  @Test func `reads on the port and writes on the socket only`() async throws {
    try await TestAPI.running { api in
      let path = "/v1/devices/default/pump-1"
      #expect(try await api.ask("GET", path, tcp: true).status == 200)
      for (method, path) in [
        ("PATCH", path), ("PUT", path + "/properties/setpoint/desired"), ("PUT", "/v1/manifests"),
        ("DELETE", "/v1/manifests/Device/default/pump-1"),
      ] {
        let refused = try await api.ask(method, path, "{}", tcp: true)
        #expect(refused.status == 403)
        #expect(refused.problem == "read-only")
        #expect(refused.json["detail"]?.string?.contains(api.socket) == true)
      }
      #expect(api.twins.setCount == 0)
    }
  }

  @Test(arguments: [
    ("localhost", 200), ("LOCALHOST:10560", 200), ("127.0.0.1:1", 200), ("[::1]:10560", 200),
    ("edge.local", 200),
    ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example:10560", 403),
    ("[::2]", 403),
  ])
  func `serves on the port only the names that it knows`(host: String, status: Int) async throws {
    try await TestAPI.running(TestAPI(hostNames: ["Edge.local"])) { api in
      let answer = try await api.ask("GET", "/healthz", headers: ["Host: \(host)"], tcp: true)
      #expect(answer.status == status)
      #expect(status == 200 || answer.problem == "host-not-allowed")
      // Names do not matter on the socket: no browser reaches it.
      #expect(try await api.ask("GET", "/healthz", headers: ["Host: \(host)"]).status == 200)
    }
  }

  @Test(arguments: [
    (["Origin: http://localhost:10560"], 200), (["Origin: http://evil.example"], 403),
    (["Origin: null"], 403),
    (["Origin: https://localhost:10560"], 403), (["Origin: http://localhost:3000"], 403),
    (["Sec-Fetch-Site: cross-site"], 403), (["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], 403),
    (["Sec-Fetch-Site: same-origin"], 200), (["Sec-Fetch-Site: none"], 200),
    (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"], 200),
  ])
  func `refuses pages of other sites`(headers: [String], status: Int) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "GET", "/healthz", headers: ["Host: localhost:10560"] + headers, tcp: true)
      #expect(answer.status == status)
      #expect(status == 200 || answer.problem == "cross-site")
    }
  }

  @Test func `keeps a connection for many requests, also when they come at once`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        try await connection.send(request + request + "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + request)
        var statuses: [Int] = []
        for _ in 0..<4 { statuses.append(try await connection.answer().status) }
        #expect(statuses == [200, 200, 404, 200])
      }
    }
  }

  @Test func `survives what is not HTTP`() async throws {
    try await TestAPI.running { api in
      for text in [
        "\0\0\0\0\r\n\r\n", "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n",
      ] {
        let answer = try await api.connect().withConnection { connection in
          try await connection.send(text)
          return try await connection.readToEnd()
        }
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 404"))
      }
      #expect(try await api.ask("GET", "/healthz").status == 200)
    }
  }
}
