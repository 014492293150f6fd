// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Testing
import TestSupport

@testable import TwinAPI

@Suite struct SocketAccessTests {
  @Test func `root and the agent's own user may do everything, others as the first rule says`() {
    let policy = SocketPolicy(
      rules: [
        SocketRule(.user("scada"), scope: .read, namespaces: ["line-1"]),
        SocketRule(.group("operators"), scope: .admin),
        SocketRule(.user("mapper"), scope: .read),
      ], runnerUsers: ["mapper", "nobody"], ownUser: 999)
    func scope(_ id: UInt32, _ name: String, _ groups: Set<String> = []) -> Caller.Scope {
      policy.caller(SystemUser(id: id, name: name, groups: groups), source: "").scope
    }
    #expect(scope(0, "root") == .admin && scope(999, "selvedge") == .admin)
    #expect(scope(1, "scada", ["operators"]) == .read)
    #expect(scope(2, "anna", ["staff", "operators"]) == .admin)
    #expect(scope(3, "bob", ["staff"]) == .write)
    #expect(scope(4, "mapper") == .read && scope(5, "nobody") == .none)
    let scada = policy.caller(SystemUser(id: 1, name: "scada", groups: []), source: "x")
    #expect(scada.namespaces == ["line-1"] && scada.name == "scada" && scada.source == "x")
  }

  @Test func `the kernel says who is at the other end`() async throws {
    try await GuardedAPI.running { api in
      let who = try await api.ask("GET", "/v1/whoami", by: .socket)
      let user = try #require(SystemUser(id: geteuid(), group: getegid()))
      #expect(who.json["name"]?.string == user.name && who.json["scope"] == "admin")
      #expect(who.json["source"]?.string?.hasPrefix("unix socket, pid \(getpid()) (") == true)
    }
  }

  @Test func `the system knows root and its group`() throws {
    let root = try #require(SystemUser(id: 0, group: 0))
    #expect(root.name == "root" && root.groups.contains("root"))
    let nobody = try #require(SystemUser(id: 4_000_000_000, group: 4_000_000_000))
    #expect(nobody.name == "4000000000" && nobody.groups.isEmpty)
  }

  /// Another user needs root to become.
  @Test(.enabled(if: geteuid() == 0), .blocking)
  func `another user of the socket's group may write, and a mapper's user nothing`() async throws {
    for (runners, scope) in [(Set<String>(), "write"), (["nobody"], "none")] {
      try await GuardedAPI.running(
        in: nil, { $0.runnerUsers = runners },
        { api in
          #expect(chmod(api.folder, 0o755) == 0)
          let text = try ask(api.socket, asUser: 65534, group: 0)
          #expect(text.contains("\"name\":\"nobody\"") && text.contains("\"scope\":\"\(scope)\""), "\(text)")
        })
    }
  }

  /// In a child, since a process cannot take its user back for good.
  private func ask(_ socket: String, asUser user: UInt32, group: UInt32) throws -> String {
    let command = """
      import os, socket, sys
      os.setgroups([]); os.setgid(\(group)); os.setuid(\(user))
      s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(sys.argv[1])
      s.sendall(b"GET /v1/whoami HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
      text = b""
      while True:
        part = s.recv(4096)
        if not part: break
        text += part
      print(text.decode())
      """
    let pipe = try #require(
      popen("python3 -c '\(command)' '\(socket)' 2>&1", "r"))
    defer { pclose(pipe) }
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&buffer, 1, buffer.count, pipe)
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}
