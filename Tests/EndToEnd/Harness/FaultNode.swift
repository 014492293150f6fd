// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// A node with libraries of Tests/Fixtures/mappers, and a mapper that behaves beside them: the neighbour.
final class FaultNode: Sendable {
  struct Neighbour: Sendable {
    var mapper: JSON
    var count: Int
  }

  let node: Node
  private let folder: TemporaryFolder

  /// - Parameter limits: the inside of `modules.mapperHost.limits`.
  init(limits: String = "", mappers: [String]) async throws {
    folder = try TemporaryFolder()
    node = try Node()
    try await Command.check(
      "/usr/bin/make",
      ["-s", "-C", Programs.fixture("mappers"), "OUT=" + folder.path, "CFLAGS=-O0"]
        + mappers.map { folder.file($0 + ".so") }, within: .seconds(120))
    // A test's folder is closed to other users, as /var/lib is not: a runner may have one.
    chmod(node.root, 0o711)
    try Files.makeFolder(node.root + "/etc/selvedge")
    try Files.write(
      "modules: {mapperHost: {limits: {\(limits)}}}\n", to: node.root + "/etc/selvedge/edgecore.yaml")
    try node.install(mapper: "virtual")
    for name in mappers { try Files.copy(folder.file(name + ".so"), to: node.mappers + "/\(name).so") }
    try node.declare(Self.neighbour, as: "neighbour")
    try await node.start()
    #expect(await node.becomes("online", "default/neighbour"))
    #expect(await eventually { await neighbour().count > 1 })
  }

  /// Declares a device of the mapper of that name.
  ///
  /// - Parameters:
  ///   - point: settings of its point `p`.
  ///   - settings: settings of the device.
  func declare(_ mapper: String, as name: String? = nil, point: String = "", settings: String = "")
    throws
  {
    let name = name ?? mapper
    try node.declare(
      """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: \(name), namespace: default}
      spec: {protocol: \(mapper), properties: [{name: p, type: INT, accessMode: ReadOnly}]}
      ---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: \(name), namespace: default}
      spec:
        deviceModelRef: {name: \(name)}
        protocol: {protocolName: \(mapper), configData: {\(settings)}}
        properties: [{name: p, collectCycle: 100, reportCycle: 100, visitors: {configData: {\(point)}}}]

      """, as: name)
  }

  /// The processes that have a path of the node in their command line: the agent, runners, and what runners forked.
  var processes: [String] {
    Files.list("/proc").filter { entry in
      guard entry.first?.isNumber == true else { return false }
      return Files.text("/proc/\(entry)/cmdline").contains(node.root)
    }
  }

  // MARK: The neighbour

  private static let neighbour = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: neighbour, namespace: default}
    spec: {protocol: virtual, properties: [{name: count, type: INT, accessMode: ReadOnly}]}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: neighbour, namespace: default}
    spec:
      deviceModelRef: {name: neighbour}
      protocol: {protocolName: virtual, configData: {}}
      properties: [{name: count, collectCycle: 1000, reportCycle: 100, visitors: {configData: {kind: counter}}}]

    """

  func neighbour() async -> Neighbour {
    let count = Int(await node.reported("count", of: "default/neighbour").int ?? 0)
    return Neighbour(mapper: await node.mapper("virtual"), count: count)
  }

  /// The same process has read on, without a cycle that was missed.
  func expectUnharmed(since before: Neighbour) async throws {
    #expect(await eventually { await neighbour().count >= before.count + 2 })
    let after = await neighbour().mapper
    #expect(after["processID"] == before.mapper["processID"] && after["restarts"] == 0, "\(after.text)")
    for counter in ["missedCycles", "readFailures", "droppedSamples"] {
      #expect(after["counters"]?[counter] == before.mapper["counters"]?[counter], "\(counter)")
    }
    #expect(await node.link(of: "default/neighbour") == "online")
    #expect(try await node.http.send("GET", "/readyz").status == 200)
  }
}
