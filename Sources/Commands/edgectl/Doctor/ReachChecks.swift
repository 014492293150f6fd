// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Checks of whether things can be reached: the socket, the broker.
struct ReachChecks {
  let place: AgentClient.Place
  let failure: Failure?

  /// How the agent is reached; why not.
  func agent() -> Finding {
    switch place {
    case .server(let url):
      guard let failure else { return .ok("port", "\(url) answers") }
      return .failed("port", failure.message, remedy: failure.hint)
    case .socket(let path):
      guard let failure else { return .ok("socket", "\(path) answers") }
      return socket(path, failure)
    }
  }

  private func socket(_ path: String, _ failure: Failure) -> Finding {
    let logs = "journalctl -u edgecore -n 50 tells why it ended."
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      if code == EACCES { return denied(path, group: nil) }
      if let agent = LocalAgent.byName {
        return .failed(
          "socket", "\(path): \(Errno.text(code)), but an edgecore runs as process \(agent.id)",
          remedy: "Name its socket with --socket or SELVEDGE_SOCKET, or its folder with --root.")
      }
      return .failed(
        "agent", "edgecore does not run: \(path): \(Errno.text(code))",
        remedy: "systemctl start edgecore\n" + logs)
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      return .failed("socket", "\(path) is no socket", remedy: "Remove it, and restart the agent.")
    }
    if access(path, W_OK) != 0 {
      return denied(
        path, group: getgrgid(status.st_gid).map { String(cString: $0.pointee.gr_name) })
    }
    if failure.code == .unreachable, LocalAgent.byName == nil {
      return .failed(
        "agent", "edgecore does not run: nobody serves \(path)",
        remedy: "systemctl start edgecore\n" + logs)
    }
    return .failed(
      "socket", failure.message, remedy: "Restart the agent: systemctl restart edgecore\n" + logs)
  }

  private func denied(_ path: String, group: String?) -> Finding {
    .failed(
      "socket", "you may not use \(path)",
      remedy: group.map { "Run this as root, or join the group: usermod -aG \($0) \(Self.user)" }
        ?? "Run this as root.")
  }

  private static var user: String {
    getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "USER"
  }

  /// The brokers of a configuration, tried from here: for an agent that does not run.
  static func brokers(_ configuration: EdgeCoreConfiguration) async -> [Finding] {
    let bus = configuration.eventBus
    guard bus.enable else { return [] }
    var findings: [Finding] = []
    if bus.mqttMode != .external, Program.find("mosquitto") == nil {
      findings.append(
        .failed(
          "broker", "mqttMode \(bus.mqttMode.rawValue) needs mosquitto, which is not installed",
          remedy: "apt-get install mosquitto, or mqttMode 2 with a broker of yours."))
    }
    guard bus.mqttMode != .internal else { return findings }
    let server = bus.mqttServerExternal
    do {
      let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(.seconds(3)).connect(host: server.host, port: server.port).get()
      try? await channel.close()
      findings.append(.ok("broker", "\(server) takes connections"))
    } catch {
      findings.append(
        .failed(
          "broker", "\(server) takes no connection",
          remedy:
            "Start it (systemctl start mosquitto), or mend modules.eventBus.mqttServerExternal."))
    }
    return findings
  }
}
