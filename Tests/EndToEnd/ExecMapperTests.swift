// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// Devices behind programs: the example in Python, and a program that dies.
@Suite(.runsNodes, .enabled(if: access("/usr/bin/python3", X_OK) == 0, "needs /usr/bin/python3"))
struct ExecMapperTests {
  private static let examples = Programs.repository + "/mappers/exec/examples/"

  @Test func `the example in Python is asked and set`() async throws {
    let folder = try TemporaryFolder()
    let script = folder.path + "/board.py"
    try Files.copy(Self.examples + "board.py", to: script)
    let manifest = Files.text(Self.examples + "board.yaml").split(separator: "/opt/board/board.py").joined(
      separator: script)
    let node = try await Node.started(mappers: ["exec"], manifests: ["board": manifest])

    #expect(
      await eventually {
        (await node.reported("processes", of: "default/board-1").int ?? 0) > 0
      }, "\(node.log)")
    #expect(await node.reports("", as: "note", of: "default/board-1"))
    #expect(try await node.set("note", of: "default/board-1", to: #""door \"2\"""#).status == 200)
    #expect(await node.reports(#"door "2""#, as: "note", of: "default/board-1"))
  }

  @Test func `a program that dies is started again, and none outlives the agent`() async throws {
    let node = try await Node.started(
      mappers: ["exec"],
      manifests: [
        "mortal": """
        apiVersion: devices.kubeedge.io/v1beta1
        kind: DeviceModel
        metadata: {name: mortal, namespace: default}
        spec:
          protocol: exec
          properties:
          - {name: pid, type: INT, accessMode: ReadOnly, visitors: {protocolName: exec}}
        ---
        apiVersion: devices.kubeedge.io/v1beta1
        kind: Device
        metadata: {name: mortal, namespace: default}
        spec:
          deviceModelRef: {name: mortal}
          protocol:
            protocolName: exec
            configData:
              command: [sh, -c, 'echo "{\\"pid\\":$$}"; exec sleep 600']
              format: json
              ready: line
              backoffMaxMs: 1000
          properties:
          - {name: pid, reportCycle: 100}

        """
      ])
    let first = try #require(await Self.pid(of: node, not: 0), "\(node.log)")
    #expect(Glibc.kill(first, SIGKILL) == 0)
    let second = try #require(await Self.pid(of: node, not: first), "\(node.log)")
    #expect(await node.becomes("online", "default/mortal"))

    node.kill()
    #expect(await eventually { Self.isGone(second) })
  }

  /// The process number that the device reports, once it is another than `last`.
  private static func pid(of node: Node, not last: pid_t) async -> pid_t? {
    var pid: pid_t?
    _ = await eventually {
      let reported = pid_t(truncatingIfNeeded: await node.reported("pid", of: "default/mortal").int ?? 0)
      if reported > 1, reported != last { pid = reported }
      return pid != nil
    }
    return pid
  }

  /// A zombie has no command line.
  private static func isGone(_ pid: pid_t) -> Bool { Files.text("/proc/\(pid)/cmdline").isEmpty }
}
