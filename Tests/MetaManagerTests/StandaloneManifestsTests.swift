// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import MetaManager
import Testing

/// A DeviceModel with one property.
func model(_ name: String = "m", type: String = "INT") -> String {
  """
  apiVersion: devices.kubeedge.io/v1beta1
  kind: DeviceModel
  metadata: {name: \(name)}
  spec:
    properties:
    - {name: p, type: \(type), accessMode: ReadWrite, maximum: "100"}

  """
}

func device(_ name: String, model: String = "m", desired: String? = nil, extra: String = "") -> String {
  let desired = desired.map { ", desired: {value: \"\($0)\"}" } ?? ""
  return """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: \(name)}
    spec:
      deviceModelRef: {name: \(model)}
      properties: [{name: p\(desired)}]
    \(extra)
    """
}

@Suite struct StandaloneManifestsTests {
  @Test func `loads the folder at start, in any order of files and documents`() async throws {
    let folder = try TestFolder()
    try folder.write(device("d2") + "\n---\n" + device("d1"), to: "a.yaml")
    try folder.write(model(), to: "z.yml")
    try folder.write(
      #"{"apiVersion":"devices.kubeedge.io/v1beta1","kind":"Device","metadata":{"name":"d3"},"spec":{"deviceModelRef":{"name":"m"}}}"#,
      to: "j.json")
    try folder.write("no manifest", to: "notes.txt")
    try folder.write("no manifest", to: ".hidden.yaml")
    mkdir(folder.path + "/folder.yaml", 0o755)
    try await folder.withManifests { manifests, recorder in
      #expect(recorder.calls == ["+ default/d1", "+ default/d2", "+ default/d3"])
      #expect(recorder.device("d1")?.origin == folder.path + "/a.yaml")
      #expect(manifests.problemTexts == [])
      #expect(manifests.objects().map { $0["metadata"]?["name"]?.string } == ["d1", "d2", "d3", "m"])
    }
  }

  @Test func `makes the folder, and starts with nothing`() async throws {
    let folder = try TestFolder()
    rmdir(folder.path)
    try await folder.withManifests { manifests, recorder in
      try folder.write(model() + "---\n" + device("d1"), to: "a.yaml")
      try await eventually { recorder.device("d1") != nil }
    }
  }

  @Test func `follows files that come, change and go, and tells real changes only`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try await folder.withManifests { manifests, recorder in
      try folder.write(device("d1"), to: "d1.yaml")
      try await eventually { recorder.device("d1") != nil }
      try folder.replace("d1.yaml", by: device("d1", desired: "5"))
      try await eventually { recorder.device("d1")?.properties.first?.desired == "5" }
      // The same in other words: d2 shows that the folder was looked at since.
      try folder.replace("d1.yaml", by: "# comment\n" + device("d1", desired: "5"))
      try folder.write(device("d2"), to: "d2.yaml")
      try await eventually { recorder.device("d2") != nil }
      folder.remove("d1.yaml")
      try await eventually { recorder.device("d1") == nil }
      #expect(recorder.calls == ["+ default/d1", "+ default/d1", "+ default/d2", "- default/d1"])
    }
  }

  @Test func `a device waits for its model and comes alive when it arrives`() async throws {
    let folder = try TestFolder()
    try folder.write(device("d1"), to: "d.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(recorder.calls.isEmpty)
      #expect(
        manifests.problemTexts == [
          "\(folder.path)/d.yaml:5: spec.deviceModelRef.name: m: expected a manifest of this model: "
            + "default/d1 waits for DeviceModel default/m"
        ])
      try folder.write(model(), to: "m.yaml")
      try await eventually { recorder.device("d1") != nil }
      // The model goes: the device stays what it was, and the problem is back.
      folder.remove("m.yaml")
      try await eventually { manifests.problemTexts.count == 1 }
      #expect(recorder.calls == ["+ default/d1"])
    }
  }

  @Test func `a change of the model reaches its devices`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try folder.write(device("d1", desired: "5"), to: "d.yaml")
    try await folder.withManifests { manifests, recorder in
      try folder.replace("m.yaml", by: model(type: "DOUBLE"))
      try await eventually { recorder.device("d1")?.properties.first?.type == .double }
      // Now the desired value does not fit: the device stays as it was.
      try folder.replace("m.yaml", by: model(type: "BOOLEAN"))
      try await eventually {
        manifests.problemTexts == [
          "\(folder.path)/d.yaml:6: spec.properties[0].desired.value: 5: expected a value of type BOOLEAN"
        ]
      }
      #expect(recorder.device("d1")?.properties.first?.type == .double)
    }
  }

  @Test func `a file that is wrong takes nothing away until it is right`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try folder.write(device("d1") + "\n---\n" + device("d2"), to: "d.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(recorder.devices.count == 2)
      // Not YAML at all.
      try folder.replace("d.yaml", by: "kind: [")
      try await eventually { manifests.problemTexts.count == 1 }
      // d1 wrong, d2 changed: the change of d2 counts.
      try folder.replace(
        "d.yaml", by: device("d1", extra: "  nodname: x") + "\n---\n" + device("d2", desired: "7"))
      try await eventually { recorder.device("d2")?.properties.first?.desired == "7" }
      #expect(
        manifests.problemTexts == [
          "\(folder.path)/d.yaml:7: spec.nodname: expected one of the known keys: deviceModelRef, methods, nodeName, "
            + "properties, protocol, stateReport"
        ])
      // Empty, as after a power cut.
      try folder.replace("d.yaml", by: "")
      try await eventually {
        manifests.problemTexts == [
          "\(folder.path)/d.yaml: expected a manifest; the file is empty (remove it, or leave a comment in it)"
        ]
      }
      #expect(recorder.devices.count == 2)
      // Right again, without d1.
      try folder.replace("d.yaml", by: device("d2", desired: "7"))
      try await eventually { recorder.device("d1") == nil }
      #expect(recorder.calls == ["+ default/d1", "+ default/d2", "+ default/d2", "- default/d1"])
      #expect(manifests.problemTexts == [])
    }
  }

  @Test func `a file of comments declares nothing, on purpose`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1"), to: "d.yaml")
    try await folder.withManifests { manifests, recorder in
      try folder.replace("d.yaml", by: "# nothing any more\n")
      try await eventually { recorder.device("d1") == nil }
      #expect(manifests.problemTexts == [])
    }
  }

  @Test func `does not read what somebody is still writing`() async throws {
    let folder = try TestFolder()
    try folder.write(model(), to: "m.yaml")
    try folder.write(device("d1") + "\n---\n" + device("d2"), to: "d.yaml")
    try await folder.withManifests(writingSeconds: 600) { manifests, recorder in
      do {
        let file = try TestFolder.OpenFile(folder.path + "/d.yaml")
        // A good text so far, but half of it.
        try file.append(device("d1", desired: "1"))
        try folder.write(device("d3"), to: "d3.yaml")
        try await eventually { recorder.device("d3") != nil }
        #expect(recorder.device("d2") != nil)
        try file.append("\n---\n" + device("d2", desired: "2"))
      }
      try await eventually { recorder.device("d2")?.properties.first?.desired == "2" }
      #expect(!recorder.calls.contains("- default/d2"))
    }
  }

  @Test func `of two declarations the first file counts, and the problem names both`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1", desired: "1"), to: "a.yaml")
    try folder.write(device("d1", desired: "2"), to: "b.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(recorder.device("d1")?.properties.first?.desired == "1")
      #expect(
        manifests.problemTexts == [
          "\(folder.path)/b.yaml:3: metadata.name: Device default/d1: expected no second declaration: "
            + "\(folder.path)/a.yaml has it, and counts"
        ])
      try folder.replace("a.yaml", by: model())
      try await eventually { recorder.device("d1")?.properties.first?.desired == "2" }
      #expect(recorder.calls == ["+ default/d1", "+ default/d1"])
    }
  }

  @Test func `forgets devices of an earlier run that nobody declares`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1"), to: "a.yaml")
    try folder.write(device("waits", model: "absent"), to: "b.yaml")
    try folder.write(device("wrong", extra: "  x: 1"), to: "c.yaml")
    let known = ["default/d1", "default/old", "default/waits", "default/wrong"]
    try await folder.withManifests(known: known) { manifests, recorder in
      #expect(recorder.calls == ["- default/old", "+ default/d1"])
    }
  }

  @Test func `forgets nothing while a file cannot be read`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1"), to: "a.yaml")
    try folder.write("kind: [", to: "b.yaml")
    try await folder.withManifests(known: ["default/d1", "default/old", "default/b"]) { manifests, recorder in
      #expect(recorder.calls == ["+ default/d1"])
      // A device that vanishes from a good file stays too: it may have moved to the broken one.
      try folder.replace("a.yaml", by: model())
      try await eventually {
        manifests.problemTexts.contains(
          "\(folder.path)/b.yaml: Device default/d1: expected a readable text: the device is kept, since it may be declared here"
        )
      }
      #expect(recorder.calls == ["+ default/d1"])
      try folder.replace("b.yaml", by: device("b"))
      try await eventually { recorder.device("b") != nil }
      #expect(recorder.calls == ["+ default/d1", "- default/d1", "- default/old", "+ default/b"])
    }
  }

  @Test func `a link that leads nowhere takes nothing away`() async throws {
    let folder = try TestFolder()
    let target = try TestFolder()
    try target.write(model() + "---\n" + device("d1"), to: "t.yaml")
    symlink(target.path + "/t.yaml", folder.path + "/a.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(recorder.device("d1") != nil)
      target.remove("t.yaml")
      try folder.write("# news", to: "b.yaml")
      try await eventually {
        manifests.problemTexts == [
          "\(folder.path)/a.yaml: expected a readable file: No such file or directory"
        ]
      }
      #expect(recorder.calls == ["+ default/d1"])
    }
  }

  @Test func `keeps everything when the folder goes away, and goes on when it is back`() async throws {
    let folder = try TestFolder()
    try folder.write(model() + "---\n" + device("d1"), to: "a.yaml")
    try await folder.withManifests { manifests, recorder in
      #expect(rename(folder.path, folder.path + ".gone") == 0)
      try await eventually {
        manifests.problemTexts.contains {
          $0 == "\(folder.path): expected a readable folder: No such file or directory"
        }
      }
      #expect(recorder.calls == ["+ default/d1"])
      #expect(rename(folder.path + ".gone", folder.path) == 0)
      try folder.write(device("d2"), to: "b.yaml")
      try await eventually { recorder.device("d2") != nil }
      #expect(recorder.calls == ["+ default/d1", "+ default/d2"])
    }
  }
}
