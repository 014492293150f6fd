// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Methods and what scans find, as JSON.
extension JSONWriter {
  mutating func method(_ method: MethodDescription) {
    beginObject()
    name("name")
    string(method.name)
    text("summary", method.summary)
    name("arguments")
    beginArray()
    for argument in method.arguments {
      beginObject()
      name("name")
      string(argument.name)
      name("type")
      string(argument.type.rawValue)
      endObject()
    }
    endArray()
    if method.result != .none {
      name("result")
      string(method.result.rawValue)
    }
    name("idempotent")
    bool(method.isIdempotent)
    name("changesState")
    bool(method.changesState)
    name("needsConfirmation")
    bool(method.needsConfirmation)
    endObject()
  }

  mutating func found(_ device: FoundDevice, draft: ManifestDrafts.Draft?) {
    beginObject()
    name("driver")
    string(device.driver)
    name("confidence")
    int(Int64(device.confidence))
    if let draft {
      name("namespace")
      string(draft.name.namespace)
      name("name")
      string(draft.name.name)
      name("exists")
      bool(draft.exists)
    }
    text("title", device.title)
    name("settings")
    value(.object(device.settings))
    name("properties")
    beginArray()
    for property in device.properties { self.property(property) }
    endArray()
    if let draft {
      if !draft.notes.isEmpty {
        name("notes")
        value(.array(draft.notes.map { .string($0) }))
      }
      name("manifest")
      value(draft.manifest)
    }
    endObject()
  }

  private mutating func property(_ property: FoundDevice.Property) {
    beginObject()
    name("name")
    string(property.name)
    text("summary", property.summary)
    if let type = property.type {
      name("type")
      string(type.twinName)
    }
    name("access")
    string(property.isWritable ? "readWrite" : "readOnly")
    text("unit", property.unit)
    name("settings")
    value(.object(property.settings))
    endObject()
  }

  mutating func progress(done: Int, total: Int, text: String) {
    beginObject()
    name("done")
    int(Int64(done))
    if total > 0 {
      name("total")
      int(Int64(total))
    }
    self.text("text", text)
    endObject()
  }

  mutating func scanEnd(_ status: MapperStatus, text: String, found: Int, dropped: Int) {
    beginObject()
    name("status")
    string(status.description)
    self.text("text", text)
    name("counts")
    beginObject()
    name("found")
    int(Int64(found))
    name("dropped")
    int(Int64(dropped))
    endObject()
    endObject()
  }
}
