// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import KubeAPI
import Testing

@testable import TwinAPI

@Suite struct ManifestDraftsTests {
  @Test func `makes a manifest that reads as the devices it stands for`() throws {
    var drafts = ManifestDrafts(namespace: "plant") { _ in false }
    let found = FoundDevice(
      driver: "modbus", confidence: 80, name: "meter-3", settings: ["ip": "10.0.0.7", "unit": 3],
      properties: [
        .init(
          name: "power", summary: "active power", type: .float, unit: "W", settings: ["register": 1]),
        .init(name: "relay", type: .boolean, isWritable: true, settings: ["coil": 2]),
      ])
    let next = drafts.next(for: found)
    let draft = try #require(next)
    #expect(draft.name == .test("plant/meter-3"))
    #expect(draft.notes.isEmpty)
    let manifest = Manifest(draft.manifest.bytes, file: "draft")
    #expect(manifest.problems.isEmpty)
    #expect(manifest.warnings.isEmpty)
    guard case .model(let model) = manifest.entries[0].object,
      case .device(let device) = manifest.entries[1].object
    else {
      Issue.record("expected a model and a device")
      return
    }
    #expect(model.metadata.name == .test("plant/meter-3"))
    #expect(model.properties.map(\.name) == ["power", "relay"])
    #expect(model.properties.map(\.type) == [.float, .boolean])
    #expect(model.properties.map(\.accessMode) == [.readOnly, .readWrite])
    #expect(model.properties[0].unit == "W")
    #expect(model.properties[0].summary == "active power")
    #expect(device.model == "meter-3")
    #expect(device.protocolName == "modbus")
    #expect(device.configData == found.settings)
    #expect(device.properties.map(\.name) == ["power", "relay"])
    #expect(device.properties.map { $0.visitors?.configData } == [["register": 1], ["coil": 2]])
    #expect(device.properties.map { $0.visitors?.protocolName } == ["modbus", "modbus"])
  }

  @Test func `says so when there is something to add or to look at`() throws {
    var drafts = ManifestDrafts(namespace: "default") { _ in false }
    let first = drafts.next(for: FoundDevice(driver: "modbus", confidence: 1))
    let bare = try #require(first)
    #expect(bare.notes.count == 1)
    #expect(bare.notes[0].contains("no properties"))
    #expect(Manifest(bare.manifest.bytes, file: "draft").problems.isEmpty)
    let untyped = drafts.next(
      for: FoundDevice(driver: "modbus", confidence: 1, properties: [.init(name: "a")]))
    #expect(untyped?.notes == ["The type is a guess (STRING): a."])
  }

  @Test func `gives each find a name of its own`() throws {
    let taken = DeviceName.test("default/my-driver-2")
    var drafts = ManifestDrafts(namespace: "default") { $0 == taken || $0 == .test("default/meter") }
    let names = ["", "", "meter", "meter"].compactMap {
      drafts.next(for: FoundDevice(driver: "My_Driver", confidence: 1, name: $0))
    }
    #expect(
      names.map(\.name.description) == [
        "default/my-driver-1", "default/my-driver-3", "default/meter", "default/meter-2",
      ])
    #expect(names.map(\.exists) == [false, false, true, false])
  }

  @Test func `gives equal properties different names`() throws {
    var drafts = ManifestDrafts(namespace: "default") { _ in false }
    let found = FoundDevice(
      driver: "d", confidence: 1, name: "x",
      properties: [
        .init(name: "a", type: .int), .init(name: "a", type: .int), .init(name: "a-2", type: .int),
      ])
    let draft = drafts.next(for: found)
    let manifest = Manifest(try #require(draft).manifest.bytes, file: "draft")
    #expect(manifest.problems.isEmpty)
    guard case .model(let model) = manifest.entries[0].object else {
      Issue.record("expected a model")
      return
    }
    #expect(model.properties.map(\.name) == ["a", "a-2", "a-2-2"])
  }
}
