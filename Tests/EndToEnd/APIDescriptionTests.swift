// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// The API's description against the API, by a program that knows nothing but the description.
@Suite struct APIDescriptionTests {
  private static let manifest = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: lamp, namespace: default}
    spec:
      properties:
      - {name: level, type: INT, accessMode: ReadWrite, minimum: "0", maximum: "100"}
      - {name: text, type: STRING, accessMode: ReadWrite}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: lamp, namespace: default}
    spec:
      deviceModelRef: {name: lamp}
    """

  /// Streams do not end, a WebSocket is none of its kinds, and the console is a page.
  private static let left = "^/(v1/watch|v1/ws|v1/events/stream|console/.*|)$|/(scan|describe)$"

  @Test func `schemathesis finds no server error and no answer that is not as described`() async throws {
    let port = FreePort.find()
    let node = try Node(arguments: ["--twin-api-port", "\(port)"])
    try node.declare(Self.manifest, as: "lamp")
    try await node.start()
    let token = try await node.http.send(
      "POST", "/v1/tokens", body: #"{"name":"test","scope":"admin"}"#)
    let secret = try #require(token.json["token"]?.string)
    let python = try await Python.with(["schemathesis==4.32.5"], as: "schemathesis-4.32.5")
    // Once with names of its own making, once with those that are there.
    let names = node.root + "/names.toml"
    try Files.write(
      """
      [parameters]
      "path.namespace" = "default"
      "path.name" = "lamp"
      "path.property" = "level"
      """, to: names)
    for configuration in [[], ["--config-file", names]] {
      let result = try await Command.run(
        String(python.dropLast("python".count)) + "schemathesis",
        configuration + [
          "run", "http://127.0.0.1:\(port)/openapi.json", "--header", "Authorization: Bearer \(secret)",
          "--exclude-path-regex", Self.left, "--checks",
          "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
          "--max-examples", "20", "--phases", "examples,coverage,fuzzing", "--request-timeout", "30",
          "--no-color", "--seed", "1",
        ], environment: ["HYPOTHESIS_STORAGE_DIRECTORY=\(node.root)/hypothesis"], within: .seconds(600))
      #expect(result.status == 0, "\(result.all)")
    }
    #expect(try await node.http.send("GET", "/readyz").status == 200)
  }
}
