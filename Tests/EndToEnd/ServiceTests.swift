// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

/// The agent as a service: what it tells systemd, and reading its configuration again.
@Suite(.runsNodes) struct ServiceTests {
  @Test func `systemd hears that it serves, that it lives and that it stops`() async throws {
    let systemd = try NotifySocket()
    let node = try Node()
    try await node.start(environment: ["NOTIFY_SOCKET=\(systemd.path)", "WATCHDOG_USEC=3000000"])
    #expect(await eventually { systemd.messages.contains("READY=1") })
    #expect(await eventually { systemd.messages.count { $0 == "WATCHDOG=1" } >= 3 })
    #expect(!systemd.messages.contains("STOPPING=1"))
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
    #expect(systemd.messages.contains("STOPPING=1"))
  }

  @Test func `SIGHUP takes over what it can, names what wants a restart, and a wrong file changes nothing`()
    async throws
  {
    let systemd = try NotifySocket()
    let node = try Node()
    try Files.makeFolder(node.root + "/etc/selvedge")
    let file = node.root + "/etc/selvedge/edgecore.yaml"
    try Files.write("modules: {mapperHost: {limits: {memoryMB: 200}}}\n", to: file)
    try await node.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
    #expect(await eventually { systemd.messages.contains("READY=1") })

    func reload(_ text: String, says line: String) async throws {
      try Files.write(text, to: file)
      node.process?.signal(SIGHUP)
      #expect(await eventually { node.log.contains(line) }, "\(node.log)")
    }
    try await reload(
      "modules: {mapperHost: {limits: {memoryMB: 300}, isolation: inProcess}}\n",
      says: "in force now: modules.mapperHost.limits.memoryMB")
    #expect(node.log.contains("a restart is needed for: modules.mapperHost.isolation"))
    try await reload("modules: {mapperHost: {limits: {memoryMB: 3}}}\n", says: "memoryMB: 3: expected")
    try await reload(
      "modules: {mapperHost: {limits: {memoryMB: 300, user: nobody-has-this-name}, isolation: inProcess}}\n",
      says: "the former limits stay")
    #expect(await eventually { systemd.messages.count { $0.hasPrefix("RELOADING=1") } == 3 })
    #expect(await eventually { systemd.messages.count { $0 == "READY=1" } == 4 })
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }
}
