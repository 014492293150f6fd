// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import Synchronization
import TestSupport

/// An `edgecore --standalone` with a root folder of its own; it may end and start again on it.
final class Node: Sendable {
  struct StartError: Error, CustomStringConvertible {
    let description: String
  }

  /// How it speaks MQTT.
  enum MQTT: Sendable {
    case none
    case external(MosquittoServer)
    /// A broker that the agent starts itself, on this port.
    case own(UInt16)

    var arguments: [String] {
      switch self {
      case .none: ["--no-event-bus"]
      case .external(let broker): ["--mqtt-mode", "2", "--mqtt-server-external", broker.url]
      case .own(let port): ["--mqtt-mode", "0", "--mqtt-server-internal", "tcp://127.0.0.1:\(port)"]
      }
    }
  }

  static let name = "edge-1"

  private let folder: TemporaryFolder
  private let mqtt: MQTT
  private let arguments: [String]
  private let running = Mutex<ChildProcess?>(nil)

  var root: String { folder.path }
  var manifests: String { root + "/etc/selvedge/devices.d" }
  var mappers: String { root + "/var/lib/selvedge/mappers" }
  var state: String { root + "/var/lib/selvedge" }
  var socketPath: String { root + "/run/selvedge/twin.sock" }
  var logFile: String { root + "/edgecore.log" }
  var log: String { Files.text(logFile) }
  var http: HTTPClient { HTTPClient(socketPath: socketPath) }

  /// Nothing runs yet.
  init(_ mqtt: MQTT = .none, arguments: [String] = []) throws {
    folder = try TemporaryFolder()
    self.mqtt = mqtt
    self.arguments = arguments
    try Files.makeFolder(manifests)
    try Files.makeFolder(mappers)
  }

  deinit { kill() }

  /// One that runs, with these mappers and manifests.
  static func started(
    _ mqtt: MQTT = .none, mappers: [String] = [], manifests: [String: String] = [:]
  ) async throws -> Node {
    let node = try Node(mqtt)
    for name in mappers { try node.install(mapper: name) }
    for (name, text) in manifests { try node.declare(text, as: name) }
    try await node.start()
    return node
  }

  // MARK: Its files

  func declare(_ text: String, as name: String) throws {
    try Files.write(text, to: manifests + "/" + name + ".yaml")
  }
  func withdraw(_ name: String) throws { try Files.remove(manifests + "/" + name + ".yaml") }
  func install(mapper name: String) throws {
    try Files.copy(Programs.mapper(name), to: mappers + "/\(name).so")
  }

  // MARK: Its process

  /// Starts it without waiting for anything.
  @discardableResult
  ///
  /// - Parameter wrapper: a program that becomes the agent: one with arguments of its own, which the agent's follow.
  func launch(environment: [String] = [], extra: [String] = [], wrapper: String? = nil) throws -> ChildProcess
  {
    let agent = try Programs.path("edgecore")
    let process = try ChildProcess(
      wrapper ?? agent,
      (wrapper == nil ? [] : [agent])
        + ["--standalone", "--root", root, "--node-name", Self.name, "--twin-api-port", "0"]
        + mqtt.arguments + arguments + extra,
      environment: environment, output: logFile)
    running.withLock { $0 = process }
    return process
  }

  /// Starts it and waits until it says that it is ready.
  func start(environment: [String] = [], wrapper: String? = nil) async throws {
    let process = try launch(environment: environment, wrapper: wrapper)
    let isReady = await eventually {
      if process.ending != nil { return true }
      return (try? await http.send("GET", "/readyz", limit: 5))?.status == 200
    }
    guard isReady, process.ending == nil else {
      let problem = process.ending.map { "edgecore ended: \($0)" } ?? "edgecore is not ready"
      throw StartError(description: problem + "\n" + log)
    }
  }

  var process: ChildProcess? { running.withLock { $0 } }

  /// As a power supply does it.
  func kill() { running.withLock { $0 }?.kill() }

  /// As an operator does it. Nil: it did not end within the limit.
  func stop(within limit: Duration = .seconds(60)) async -> ChildProcess.End? {
    guard let process else { return nil }
    process.signal(SIGTERM)
    return await process.wait(within: limit)
  }
}
