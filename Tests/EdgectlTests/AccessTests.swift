// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DeviceAPI
import Glibc
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct AccessTests {
  @Test func `prints a new token alone`() async throws {
    let agent = try FakeAgent { request in
      request.line == "POST /v1/tokens"
        ? .json(["id": "7", "name": "line-3", "token": "sel_abc"]) : nil
    }
    let result = try await Tool.edgectl([
      "token", "create", "line-3", "--scope", "write", "--namespace", "plant,hall", "--expires",
      "90d", "--socket",
      agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "sel_abc\n")
    #expect(
      agent.requests.first?.body
        == #"{"name":"line-3","scope":"write","namespaces":["plant","hall"],"expires":"90d"}"#)
  }

  @Test func `deletes by name and by id`() async throws {
    let agent = try FakeAgent { request in
      request.line == "GET /v1/tokens"
        ? .json(["items": [["id": "7", "name": "line-3"]]]) : .init(status: 204, body: "")
    }
    let result = try await Tool.edgectl([
      "token", "delete", "line-3", "7", "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      agent.requests.map(\.line) == [
        "GET /v1/tokens", "DELETE /v1/tokens/7", "DELETE /v1/tokens/7",
      ])
    #expect(
      try await Tool.edgectl(["token", "delete", "x", "--socket", agent.socketPath]).status == 3)
  }

  @Test func `shows when tokens end`() {
    let now: Int64 = 1_795_521_600_000_000_000
    let table = TokenList.table(
      of: [
        ["name": "a", "id": "1", "scope": "read"],
        [
          "name": "b", "id": "2", "scope": "write", "namespaces": ["x", "y"],
          "expires": .string(RFC3339.text(now + 86_400_000_000_000)),
        ],
        ["name": "c", "id": "3", "scope": "admin", "expires": .string(RFC3339.text(now - 1))],
      ], now: now, on: Terminal(hasColor: false))
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines[1] == ["a", "1", "read", "all", "-", "-", "never"])
    #expect(lines[2] == ["b", "2", "write", "x,y", "-", "-", "in", "1d"])
    #expect(lines[3] == ["c", "3", "admin", "all", "-", "-", "expired"])
  }

  @Test func `says who you are`() {
    #expect(
      Whoami.text(of: ["name": "root", "source": "unix socket", "scope": "admin"])
        == "root (unix socket): admin, all namespaces\n")
    #expect(
      Whoami.text(of: ["name": "token x", "scope": "read", "namespaces": ["a", "b"]])
        == "token x: read, namespaces a, b\n")
  }

  // MARK: - Where the token goes

  @Test(arguments: [
    (["--server", "http://edge-1:10560", "--token", "x"], "unencrypted"),
    (["--server", "http://127.0.0.1.evil.example:1", "--token", "x"], ""),
    (["--server", "ftp://h"], "expected a URL"), (["--server", "https://"], "expected a URL"),
    (["--socket", "/s", "--token", "x"], "go with --server"),
    (["--socket", "/s", "--server", "http://h"], "exclude"),
    (["--server", "https://h", "--token", "x", "--token-file", "/y"], "exclude"),
    (["--server", "https://127.0.0.1:1", "--token-file", "/nowhere/token"], "/nowhere/token"),
    (["--server", "https://127.0.0.1:1", "--ca-file", "/nowhere/ca"], "/nowhere/ca"),
  ])
  func `keeps a token where it belongs`(options: [String], words: String) async throws {
    let result = try await Tool.edgectl(["get", "node"] + options)
    #expect(result.status != 0)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func `speaks TLS with whom it is told to trust, and shows its token`() async throws {
    let folder = try TemporaryFolder()
    let make =
      "cd \(folder.path) && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
      + "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 -keyout key.pem -out cert.pem 2>/dev/null"
    try #require(system(make) == 0)
    try folder.write("sel_file\nsecond line\n", to: "token")
    // A server of a few lines: it answers each request with what it was told.
    let server = try folder.write(
      """
      import http.server, json, ssl, sys
      class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments): pass
        def do_GET(self):
          body = json.dumps({"name": self.headers.get("authorization", "nobody"), "scope": "read"}).encode()
          self.send_response(200)
          self.send_header("content-length", str(len(body)))
          self.end_headers()
          self.wfile.write(body)
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain("cert.pem", "key.pem")
      server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
      open("port.new", "w").write(str(server.server_port))
      import os; os.rename("port.new", "port")
      server.serve_forever()
      """, to: "server.py")
    try #require(
      system(
        "cd \(folder.path) && { timeout 300 python3 \(server) >/dev/null 2>&1 & echo $! >pid; }")
        == 0)
    defer {
      if let id = pid_t(Tool.text(folder.file("pid")).split(separator: "\n").first ?? "") {
        kill(id, SIGTERM)
      }
    }
    #expect(await eventually { !Tool.text(folder.file("port")).isEmpty })
    let url = "https://localhost:" + Tool.text(folder.file("port"))
    let whoami = ["whoami", "--server", url, "--ca-file", folder.file("cert.pem")]
    #expect(try await Tool.edgectl(whoami).output == "nobody: read, all namespaces\n")
    let file = try await Tool.edgectl(whoami + ["--token-file", folder.file("token")])
    #expect(file.output == "Bearer sel_file: read, all namespaces\n", "\(file.errors)")
    let variable = try await Tool.edgectl(whoami, environment: ["SELVEDGE_TOKEN=sel_env"])
    #expect(variable.output == "Bearer sel_env: read, all namespaces\n")
    let stranger = try await Tool.edgectl(["whoami", "--server", url])
    #expect(stranger.status == 4)
    #expect(stranger.errors.contains("--ca-file"), "\(stranger.errors)")
    let other = url.split(separator: ":").last.map { "https://127.0.0.1:\($0)" } ?? ""
    let misnamed = try await Tool.edgectl([
      "whoami", "--server", other, "--ca-file", folder.file("cert.pem"),
    ])
    #expect(misnamed.status == 4, "\(misnamed.output)")
    let plain = try await Tool.edgectl(
      ["whoami"], environment: ["SELVEDGE_SERVER=https://localhost:1", "SELVEDGE_SOCKET="])
    #expect(plain.status == 4)
    #expect(plain.errors.contains("https://localhost:1"), "\(plain.errors)")
  }
}
