// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct SupportBundleTests {
  /// All of them differ, so that a test that fails says which one came through.
  static let secrets = [
    "planted-mqtt-1", "planted-manifest-2", "sel_planted3planted3", "planted-user-4",
    "planted-log-5",
    "planted-twin-6", "planted-event-7", "planted-comment-8",
  ]

  static func agent() throws -> FakeAgent {
    try FakeAgent { request in
      switch request.line {
      case "GET /v1/node":
        .json([
          "name": "edge-1", "version": "0.1.0", "ready": true, "time": "2999-01-01T00:00:00.000Z",
        ])
      case "GET /v1/mappers":
        .json([
          "items": [
            [
              "file": "m.so", "state": "refused", "message": "login planted-mqtt-1 refused",
              "processID": 999_999_999,
            ]
          ]
        ])
      case "GET /v1/devices":
        .json([
          "items": [
            [
              "namespace": "plant", "name": "a",
              "properties": [
                "password": [
                  "type": "string", "reported": ["value": "planted-twin-6", "quality": "good"],
                ],
                "level": ["type": "int", "reported": ["value": 4711, "quality": "good"]],
              ],
            ]
          ]
        ])
      case "GET /v1/events":
        .json([
          "items": [
            [
              "id": 1, "time": "2999-01-01T00:00:00.000Z", "kind": "change", "level": "info",
              "property": "password",
              "action": "set", "text": "password set to planted-event-7",
              "details": ["value": "planted-event-7"],
            ]
          ]
        ])
      case "GET /metrics":
        .init(type: "text/plain", body: "selvedge_up{broker=\"tcp://planted-user-4@h\"} 1\n")
      default: nil
      }
    }
  }

  static func root() throws -> TemporaryFolder {
    let root = try TemporaryFolder()
    for part in ["etc", "etc/selvedge", "etc/selvedge/devices.d"] { mkdir(root.file(part), 0o755) }
    try root.write(
      """
      # the old password was planted-comment-8
      apiVersion: edgecore.config.kubeedge.io/v1alpha2
      kind: EdgeCore
      standalone: {enable: true}
      modules:
        eventBus: {mqttPassword: planted-mqtt-1}
      """, to: "etc/selvedge/edgecore.yaml")
    try root.write(
      """
      kind: Device
      spec: {protocol: {configData: {ip: 10.0.0.7, apiKey: planted-manifest-2, url: "tcp://planted-user-4:x@h"}}}
      """, to: "etc/selvedge/devices.d/a.yaml")
    try root.write("a: [broken planted-mqtt-1", to: "etc/selvedge/devices.d/broken.yaml")
    try root.write(
      "login with password=planted-log-5\nsel_planted3planted3 refused\nnothing secret: planted-mqtt-1\n",
      to: "log")
    return root
  }

  @Test(arguments: [false, true])
  func `holds much, and no secret`(withValues: Bool) async throws {
    let agent = try Self.agent()
    let root = try Self.root()
    let file = root.file("bundle.tar")
    let result = try await Tool.edgectl(
      [
        "support-bundle", "--file", file, "--root", root.path, "--log", root.file("log"),
        "--socket", agent.socketPath,
      ]
        + (withValues ? ["--values"] : []))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("Written to \(file)"), "\(result.output)")
    let text = Tool.text(file)
    let found = Self.secrets.filter { text.contains($0) }
    #expect(found.isEmpty)
    for name in [
      "README.txt", "node.json", "mappers.json", "devices.json", "events.jsonl", "metrics.txt",
      "doctor.txt",
      "configuration/edgecore.yaml", "configuration/effective.txt", "manifests/a.yaml", "log/1.txt",
      "system/limits.txt", "system/folders.txt",
    ] {
      let isThere = text.contains("/" + name)
      #expect(isThere, "\(name)")
    }
    let holdsAddress = text.contains("10.0.0.7")
    let holdsValue = text.contains("4711")
    #expect(holdsAddress)
    #expect(holdsValue == withValues)
    #expect(result.errors.contains("left out: manifests/broken.yaml"), "\(result.errors)")
    var status = stat()
    #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func `is read by tar`() async throws {
    let agent = try Self.agent()
    let root = try Self.root()
    let file = root.file("bundle.tar.gz")
    let result = try await Tool.edgectl([
      "support-bundle", "--file", file, "--root", root.path, "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    let list = root.file("list")
    let status = try await offload { system("tar -tzf \(Tool.quoted(file)) >\(Tool.quoted(list))") }
    #expect(status == 0)
    let names = Tool.text(list).split(separator: "\n")
    #expect(
      names.contains { $0.hasSuffix("/README.txt") }
        && names.contains { $0.hasSuffix("/node.json") })
    #expect(names.allSatisfy { $0.hasPrefix("selvedge-edge-1-") }, "\(names)")
  }

  @Test func `works without an agent, and takes no file that is there`() async throws {
    let root = try Self.root()
    let arguments = ["support-bundle", "--file", root.file("b.tar"), "--root", root.path]
    let result = try await Tool.edgectl(arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("left out: node.json"), "\(result.errors)")
    #expect(Tool.text(root.file("b.tar")).contains("configuration/edgecore.yaml"))
    let again = try await Tool.edgectl(arguments)
    #expect(again.status == 1)
    #expect(again.errors.contains("file exists"), "\(again.errors)")
  }

  @Test func `writes what ustar says`() {
    var archive = TarArchive(time: 0)
    archive.add("a/b.txt", Array("hello".utf8))
    archive.finish()
    let bytes = archive.bytes
    #expect(bytes.count == 10240)
    #expect(String(decoding: bytes[257..<263], as: UTF8.self) == "ustar\0")
    #expect(String(decoding: bytes[124..<135], as: UTF8.self) == "00000000005")
    #expect(String(decoding: bytes[512..<517], as: UTF8.self) == "hello")
    var header = Array(bytes[..<512])
    header.replaceSubrange(148..<156, with: repeatElement(0x20, count: 8))
    let sum = header.reduce(0) { $0 + Int($1) }
    #expect(Int(String(decoding: bytes[148..<154], as: UTF8.self), radix: 8) == sum)
  }
}
