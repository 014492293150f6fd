// SPDX-License-Identifier: Apache-2.0
import Config
import DeviceAPI
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct DiscoverTests {
  let plain = Terminal(hasColor: false)

  static let found = #"""
    {"driver":"modbus","confidence":90,"namespace":"default","name":"meter-3","exists":false,"title":"ACME 7",
    "settings":{"ip":"10.0.0.7","unit":3},"properties":[{"name":"power"}],
    "manifest":{"apiVersion":"v1","kind":"List","items":[
    {"kind":"DeviceModel","metadata":{"name":"meter-3","namespace":"default"},"spec":{"properties":[]}},
    {"kind":"Device","metadata":{"name":"meter-3","namespace":"default"},
    "spec":{"deviceModelRef":{"name":"meter-3"},"protocol":{"protocolName":"modbus"}}}]}}
    """#

  static func finds(_ count: Int, end: String? = #"{"status":"ok","counts":{"found":1}}"#) throws
    -> FindList
  {
    var finds = FindList()
    for _ in 0..<count { _ = try finds.take(.init(name: "found", data: found)) }
    if let end { _ = try finds.take(.init(name: "end", data: end)) }
    return finds
  }

  @Test func `shows finds with number and confidence`() throws {
    let finds = try Self.finds(1)
    #expect(
      FindList.cells(of: finds.items[0], number: 1) == [
        "1", .init("90%", .green), "default/meter-3", "ACME 7", "1", "ip=10.0.0.7 unit=3",
      ])
    let known: JSON = ["confidence": 20, "namespace": "a", "name": "b", "exists": true]
    #expect(
      FindList.cells(of: known, number: 2) == [
        "2", .init("20%", .red), .init("a/b (exists)", .yellow), "-", "0", "",
      ])
    #expect(FindList.header.count == FindList.cells(of: known, number: 1).count)
  }

  @Test func `chooses by number`() throws {
    let finds = try Self.finds(2)
    #expect(try finds.chosen([]).count == 2)
    #expect(try finds.chosen([2]) == [finds.items[1]])
    #expect(throws: Failure(.notFound, "--pick 3: 2 devices were found")) {
      try finds.chosen([1, 3])
    }
    #expect(throws: Failure(.notFound, "--pick 1: nothing was found")) {
      try FindList().chosen([1])
    }
  }

  @Test func `says why a scan ended early`() throws {
    #expect(try Self.finds(1).failure == nil)
    let late = try Self.finds(1, end: #"{"status":"timeout","text":"7 left"}"#)
    #expect(late.failure == Failure(.timeout, "the scan ended early: timeout: 7 left"))
    #expect(try Self.finds(0, end: #"{"status":"denied"}"#).failure?.code == .failed)
    #expect(try Self.finds(1, end: nil).failure?.code == .unreachable)
    #expect(throws: Failure.self) {
      var finds = FindList()
      _ = try finds.take(.init(name: "found", data: "{"))
    }
  }

  @Test func `shows how far it is`() {
    func text(_ data: String, found: Int = 0) -> String? {
      FindList.progress(.init(name: "progress", data: data), found: found)
    }
    #expect(text(#"{"done":3,"total":247,"text":"unit 3"}"#) == "3 of 247: unit 3")
    #expect(text(#"{"done":3}"#, found: 2) == "3 (2 found)")
    #expect(text(#"{"done":1,"text":"\u001b[2Ja\nb"}"#) == "1:  [2Ja b")
    #expect(FindList.progress(.init(name: "found", data: "{}"), found: 0) == nil)
  }

  @Test func `gives the device and its model another name`() throws {
    var manifest = FoundManifest(try JSON.parse(Self.found))
    #expect(manifest.name?.description == "default/meter-3")
    manifest.rename(to: try #require(DeviceName(parsing: "plant/boiler")))
    let metadata: JSON = ["name": "boiler", "namespace": "plant"]
    #expect(manifest.objects.map { $0["metadata"] } == [metadata, metadata])
    #expect(manifest.objects[1]["spec"]?["deviceModelRef"] == ["name": "boiler"])
    #expect(manifest.objects[1]["spec"]?["protocol"] == ["protocolName": "modbus"])
    #expect(manifest.objects[0]["spec"]?["deviceModelRef"] == nil)
    let list = FoundManifest.list([manifest, manifest])
    #expect(list["kind"] == "List")
    #expect(list["items"]?.array?.count == 4)
    let documents = try YAMLNode.parse(FoundManifest.yaml([manifest, manifest]), file: "x")
    #expect(documents.map(\.json) == list["items"]?.array)
  }

  @Test func `lists the drivers that can look, with their options`() throws {
    let mappers = try JSON.parse(
      #"""
      [{"file":"modbus.so","drivers":[{"id":"modbus","title":"Modbus","canScan":true,
      "scanSchema":{"type":"object","required":["ip"],
      "properties":{"ip":{"type":"string","description":"of the line"},
      "unitTo":{"type":"integer","minimum":1,"maximum":247,"default":247},"mode":{"enum":["tcp","rtu"]},
      "units":{"type":"array"}}}}]},
      {"file":"mqtt.so","drivers":[{"id":"mqtt","canScan":false}]},
      {"file":"x.so","drivers":[{"id":"x","title":"X","canScan":true}]}]
      """#)
    let drivers = ScanDriver.all(in: mappers.array ?? [])
    #expect(drivers.map(\.id) == ["modbus", "x"])
    #expect(
      drivers[0].rows.map { $0.map(\.text) } == [
        ["modbus", "ip", "string", "required", "of the line"],
        ["", "unitTo", "integer, 1 to 247", "247", ""],
        ["", "mode", "one of tcp, rtu", "-", ""], ["", "units", "array", "-", ""],
      ])
    #expect(drivers[1].rows.map { $0.map(\.text) } == [["x", "-", "-", "-", "X"]])
    #expect(drivers[0].type(of: "unitTo").json("7") == 7)
    #expect(drivers[0].type(of: "units").json("[7]") == [7])
    #expect(drivers[0].type(of: "ip").json("7") == "7")
    #expect(drivers[0].type(of: "other").json("7") == "7")
  }

  @Test func `writes a new file, and no other`() throws {
    let folder = try TemporaryFolder()
    try NewFile.create(folder.file("a.yaml"), text: "kind: Device\n")
    #expect(try ManifestSource.read(folder.file("a.yaml")).map(\.text) == ["kind: Device\n"])
    #expect(throws: Failure.self) { try NewFile.create(folder.file("a.yaml"), text: "other") }
    #expect(try ManifestSource.read(folder.file("a.yaml")).map(\.text) == ["kind: Device\n"])
  }
}
