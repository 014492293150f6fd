// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import Logging
import MetaManager
import Testing

@Suite struct ManifestChangesTests {
  @Test func `writes one file an object, in force at once, and durable`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, recorder in
      #expect(
        await manifests.applying(device("d1", desired: "5") + "\n---\n" + model())
          == ["created Device default/d1", "created DeviceModel default/m"])
      #expect(recorder.device("d1")?.properties.first?.desired == "5")
      #expect(folder.names == ["device.default.d1.yaml", "devicemodel.default.m.yaml"])
      #expect(
        folder.text(of: "device.default.d1.yaml") == """
          apiVersion: devices.kubeedge.io/v1beta1
          kind: Device
          metadata:
            name: d1
            namespace: default
          spec:
            deviceModelRef:
              name: m
            properties:
            - name: p
              desired:
                value: "5"

          """)
      #expect(
        await manifests.applying(model() + "---\n" + device("d1", desired: "6"))
          == ["unchanged DeviceModel default/m", "configured Device default/d1"])
      #expect(recorder.device("d1")?.properties.first?.desired == "6")
    }
    // The next run finds it.
    try await folder.withManifests { _, recorder in
      #expect(recorder.device("d1")?.properties.first?.desired == "6")
    }
  }

  @Test func `writes nothing when anything is wrong`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, recorder in
      #expect(
        await manifests.applying(
          model() + "---\n" + device("d1", desired: "101") + "\n---\n" + device("d2", desired: "x"))
          == [
            "request:13: spec.properties[0].desired.value: 101: expected at most 100",
            "request:21: spec.properties[0].desired.value: x: expected a value of type INT",
          ])
      #expect(
        await manifests.applying("kind: [") == [
          "request:2: expected well-formed YAML (column 1: did not find expected node content while parsing a flow node)"
        ])
      #expect(
        await manifests.applying("# nothing") == [
          "request: expected a Device or a DeviceModel; there is none"
        ])
      #expect(
        await manifests.applying(device("d1") + "\n---\n" + device("d1")) == [
          "request:11: metadata.name: Device default/d1: expected no second declaration: line 3 has it"
        ])
      #expect(folder.names == [])
      #expect(recorder.calls == [])
    }
  }

  @Test func `a device may be applied before its model`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, recorder in
      #expect(await manifests.applying(device("d1")) == ["created Device default/d1"])
      #expect(recorder.calls == [])
      #expect(manifests.problemTexts.count == 1)
      #expect(await manifests.applying(model()) == ["created DeviceModel default/m"])
      #expect(recorder.calls == ["+ default/d1"])
    }
  }

  @Test func `rewrites the file that an object has alone, in its own format`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "my-model.yaml")
    try folder.write(
      #"{"apiVersion":"devices.kubeedge.io/v1beta1","kind":"Device","metadata":{"name":"d1"},"spec":{"deviceModelRef":{"name":"m"}}}"#,
      to: "d.json")
    chmod(folder.path + "/d.json", 0o600)
    try await folder.withManifests { manifests, recorder in
      #expect(
        await manifests.applying(device("d1", desired: "3") + "\n---\n" + model(type: "FLOAT"))
          == ["configured Device default/d1", "configured DeviceModel default/m"])
      #expect(folder.names == ["d.json", "my-model.yaml"])
      #expect(folder.text(of: "d.json")?.hasPrefix("{\"apiVersion\":") == true)
      var status = stat()
      #expect(stat(folder.path + "/d.json", &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(recorder.device("d1")?.properties.first?.type == .float)
    }
  }

  @Test func `refuses to touch a file that others share, and names it`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1"), to: "all.yaml")
    try await folder.withManifests { manifests, recorder in
      let refusal = ["shared: \(folder.path)/all.yaml: DeviceModel default/m, Device default/d1"]
      #expect(await manifests.applying(device("d1", desired: "3") + "\n---\n" + device("d2")) == refusal)
      #expect(await manifests.deleting("Device", "d1") == refusal)
      #expect(folder.names == ["all.yaml"])
      // Without a change there is nothing to write.
      #expect(await manifests.applying(device("d1")) == ["unchanged Device default/d1"])
    }
  }

  @Test func `deletes the file of an object`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try folder.write(device("d1"), to: "d1.yaml")
    try folder.write("kind: [", to: "broken.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(await manifests.deleting("device", "d1") == ["deleted Device default/d1"])
      // Although a file is broken, since somebody asked for it.
      #expect(recorder.calls == ["+ default/d1", "- default/d1"])
      #expect(folder.names == ["broken.yaml", "m.yaml"])
      #expect(await manifests.deleting("Device", "d1") == ["not found: Device default/d1"])
      #expect(await manifests.deleting("Pod", "x") == ["not found: Pod default/x"])
      #expect(await manifests.deleting("Device", "No Name") == ["not found: Device default/No Name"])
    }
  }

  @Test func `repairs a broken file only where its name says whose it is`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try folder.write("", to: "device.default.d1.yaml")
    try folder.write(device("d2"), to: "mine.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(await manifests.applying(device("d1")) == ["created Device default/d1"])
      #expect(recorder.device("d1") != nil)
      try folder.replace("mine.yaml", by: "kind: [")
      try await eventually { manifests.problemTexts.count == 1 }
      #expect(
        await manifests.applying(device("d2", desired: "4")) == [
          "\(folder.path)/mine.yaml:2: expected well-formed YAML (column 1: did not find expected node content while parsing a flow node)"
        ])
      #expect(folder.text(of: "mine.yaml") == "kind: [")
    }
  }

  @Test func `does not take a file of another object for an object's own`() async throws {
    let folder = try TestFolder()
    try folder.write(device("other"), to: "device.default.d1.yaml")
    try await folder.withManifests { manifests, _ in
      #expect(
        await manifests.applying(device("d1"))
          == ["shared: \(folder.path)/device.default.d1.yaml: Device default/other"])
    }
  }

  @Test func `says when the disk refuses`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, recorder in
      // A folder in the place of the file, so that this holds for root too.
      mkdir(folder.path + "/devicemodel.default.m.yaml", 0o755)
      #expect(
        await manifests.applying(model()) == [
          "storage: \(folder.path)/devicemodel.default.m.yaml: Is a directory"
        ])
      #expect(folder.names == ["devicemodel.default.m.yaml"])
    }
  }

  @Test func `sees what changed on disk a moment ago`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, _ in
      for round in 0..<20 {
        try folder.replace("d.yaml", by: device("d1", desired: String(round)))
        #expect(
          await manifests.applying(device("d1", desired: String(round))) == ["unchanged Device default/d1"])
      }
    }
  }

  @Test func `serves many callers at once, one after the other`() async throws {
    let folder = try TestFolder()
    try await folder.withManifests { manifests, recorder in
      _ = await manifests.applying(model())
      await withTaskGroup(of: [String].self) { group in
        for number in 0..<40 { group.addTask { await manifests.applying(device("d\(number)")) } }
        for await answer in group { #expect(answer.first?.hasPrefix("created Device") == true) }
      }
      #expect(recorder.devices.count == 40)
      #expect(manifests.objects().count == 41)
    }
  }

  @Test func `answers after it was stopped, and before it was started`() async throws {
    let folder = try TestFolder()
    var kept: StandaloneManifests?
    try await folder.withManifests { manifests, _ in kept = manifests }
    #expect(await kept?.applying(model()) == ["storage: the manifest folder is not in use"])
  }

  @Test func `a folder that cannot be made is an error at start`() async throws {
    let folder = try TestFolder()
    try folder.write("x", to: "file")
    let blocked = folder.path + "/file/devices.d"
    let manifests = StandaloneManifests(
      folder: blocked, consumers: [], knownDevices: { [] }, log: Logger(label: "test"))
    await #expect(throws: ManifestError.self) { try await manifests.start() }
    await manifests.stop()
  }
}
