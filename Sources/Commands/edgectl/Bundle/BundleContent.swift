// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import JSON

/// The files of a support bundle. All of them pass through the redactor.
struct BundleContent {
  struct Entry {
    let name: String
    let bytes: [UInt8]
    let note: String
  }

  private(set) var entries: [Entry] = []
  /// What could not be had, and why.
  private(set) var missing: [String] = []
  var redactor = Redactor()
  /// Whether values of devices are in.
  let hasValues: Bool

  init(hasValues: Bool) { self.hasValues = hasValues }

  mutating func add(_ name: String, _ text: String, _ note: String) {
    entries.append(Entry(name: name, bytes: Array(redactor.hide(text).utf8), note: note))
  }

  mutating func add(_ name: String, _ json: JSON, _ note: String) {
    let hidden = redactor.hide(json)
    add(name, PrettyJSON.text(hidden), note)
  }

  mutating func miss(_ name: String, _ why: String) { missing.append("\(name): \(why)") }

  // MARK: - Files

  /// A YAML file, whose comments are left out: they may hold old passwords.
  mutating func addYAML(_ name: String, path: String, _ note: String) {
    let text: String
    do throws(Failure) {
      text = try FileText.read(path)
    } catch {
      return miss(name, error.message)
    }
    do throws(YAMLError) {
      let documents = try YAMLNode.parse(text, file: path)
      let hidden = documents.map { YAMLWriter.text(of: redactor.hide($0.json)) }
      add(
        name, "# \(path), without comments and secrets\n" + hidden.joined(separator: "---\n"), note)
    } catch {
      // What cannot be read cannot be searched for secrets either.
      miss(name, "\(error)")
    }
  }

  // MARK: - The agent's documents

  mutating func addDevices(_ devices: [JSON]) {
    add(
      "devices.json", ["items": .array(devices.map { twin($0) })],
      hasValues ? "with values" : "without values")
  }

  mutating func addEvents(_ events: [JSON]) {
    var text = ""
    for event in events {
      let isSecret = event["property"]?.string.map(Redactor.isSecret) == true
      var members = event.object ?? [:]
      if isSecret || !hasValues { members["details"] = nil }
      if isSecret { members["text"] = .string(Redactor.mark) }
      text += redactor.hide(.object(members)).text + "\n"
    }
    add("events.jsonl", text, "\(events.count) events")
  }

  private func twin(_ device: JSON) -> JSON {
    guard !hasValues, var members = device.object, let properties = members["properties"]?.object
    else { return device }
    members["properties"] = .object(
      JSON.Members(
        properties.map { property in
          var value = property.value.object ?? [:]
          for side in ["reported", "desired"] {
            guard var part = value[side]?.object, part["value"] != nil else { continue }
            part["value"] = "(left out)"
            value[side] = .object(part)
          }
          return .init(name: property.name, value: .object(value))
        }))
    return .object(members)
  }

  // MARK: - The whole

  func archive(folder: String, time: Int64, title: String) -> [UInt8] {
    var archive = TarArchive(time: time)
    archive.add(folder + "/README.txt", Array(readme(title).utf8))
    for entry in entries { archive.add(folder + "/" + entry.name, entry.bytes) }
    archive.finish()
    return archive.bytes
  }

  private func readme(_ title: String) -> String {
    var text =
      title + "\n\nPasswords, tokens, keys and other secrets were replaced by \(Redactor.mark)."
    text += hasValues ? "\n" : " Values of devices were left out.\n"
    text += "Look through it before you give it away all the same.\n\n"
    for entry in entries { text += "\(entry.name): \(entry.note)\n" }
    if !missing.isEmpty { text += "\nMissing:\n" + missing.map { $0 + "\n" }.joined() }
    return redactor.hide(text)
  }
}
