// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DeviceAPI
import JSON
import Testing

@testable import edgectl

@Suite struct ArgumentTests {
  @Test(arguments: [
    (["--socket", "/s", "get", "devices"], ["get", "devices", "--socket", "/s"]),
    (
      ["--server=http://h", "get", "node", "-o", "json"],
      ["get", "node", "-o", "json", "--server=http://h"]
    ),
    (
      ["--socket", "/s", "twin", "set", "a", "--", "b-"],
      ["twin", "set", "a", "--socket", "/s", "--", "b-"]
    ),
    (["get", "devices", "--socket", "/s"], ["get", "devices", "--socket", "/s"]),
    (["--socket"], ["--socket"]), (["--socket", "/s"], ["--socket", "/s"]), ([], []),
  ])
  func `takes the place of the agent before the command too`(arguments: [String], hoisted: [String]) {
    #expect(EntryPoint.hoist(arguments) == hoisted)
  }

  @Test(arguments: [
    ("pump-1", nil, "default/pump-1"), ("pump-1", "plant", "plant/pump-1"),
    ("plant/pump-1", nil, "plant/pump-1"),
    ("plant/pump-1", "plant", "plant/pump-1"), ("pump-1.line.a", nil, "default/pump-1.line.a"),
  ])
  func `completes names with the namespace`(text: String, namespace: String?, name: String) throws {
    #expect(try DeviceArgument.parse(text, namespace: namespace).description == name)
  }

  @Test(arguments: [
    ("Pump", nil), ("a/b/c", nil), ("/a", nil), ("a/", nil), ("plant/pump-1", "other"), ("", nil),
  ])
  func `refuses what names no device`(text: String, namespace: String?) {
    #expect(throws: ValidationError.self) { try DeviceArgument.parse(text, namespace: namespace) }
  }

  @Test func `reads assignments`() throws {
    let texts = ["a=1", "b=x=y", "c=", "d-", "e-f=-1"]
    let assignments = try texts.map { try #require(Assignment(argument: $0)) }
    #expect(assignments.map(\.property) == ["a", "b", "c", "d", "e-f"])
    #expect(assignments.map(\.value) == ["1", "x=y", "", nil, "-1"])
    #expect(
      Assignment.patch(assignments).text
        == #"{"properties":{"a":{"desired":"1"},"b":{"desired":"x=y"},"c":{"desired":""},"d":{"desired":null},"e-f":{"desired":"-1"}}}"#
    )
    for text in ["a", "=1", "-", ""] { #expect(Assignment(argument: text) == nil) }
  }

  @Test(arguments: [
    ["get", "devices", "-A", "-n", "x"], ["get", "devices", "a", "-l", "x=1"],
    ["get", "devices", "-o", "xml"],
    ["get", "devices", "A"], ["get", "devices", "-w", "-o", "json"],
    ["twin", "get", "a", "-o", "value"],
    ["twin", "set", "a"], ["twin", "set", "a", "b"],
    ["twin", "set", "a", "b=1", "--timeout", "5s"],
    ["twin", "set", "a", "b=1", "--wait", "--timeout", "5"],
    ["twin", "set", "a", "b=1", "--wait", "--timeout", "2m"],
    ["delete"], ["delete", "pod", "a"], ["delete", "device"], ["delete", "device", "a", "-f", "x"],
    ["apply"],
    ["get", "node", "--socket", "/a", "--server", "http://b"],
    ["get", "node", "--server", "127.0.0.1:1"],
  ])
  func `refuses wrong usage`(arguments: [String]) {
    let error = #expect(throws: (any Error).self) { try Edgectl.parseAsRoot(arguments) }
    if let error { #expect(Edgectl.exitCode(for: error) == .validationFailure) }
  }

  @Test func `finds what a manifest declares, devices first`() throws {
    let text = """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata:
        name: pump
      ---
      kind: Device
      metadata: {name: pump-1, namespace: plant}
      """
    let targets = try Delete.targets(in: .init(name: "pump.yaml", text: text), namespace: nil)
    #expect(
      targets.map { "\($0.kind) \($0.name)" } == [
        "Device plant/pump-1", "DeviceModel default/pump",
      ])
    for bad in [
      "kind: Pod\nmetadata: {name: a}", "kind: Device", "a: [",
      "kind: Device\nmetadata: {name: A_b}",
    ] {
      #expect(throws: Failure.self) {
        try Delete.targets(in: .init(name: "x", text: bad), namespace: nil)
      }
    }
  }
}
