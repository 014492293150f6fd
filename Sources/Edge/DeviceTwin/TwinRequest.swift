// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// The body of a request, read as KubeEdge reads it: member names in any case, the last of equal ones counts,
/// null is as good as absent.
struct RequestBody {
  let members: JSON.Members
  let event: String

  /// What is wrong with a body, and the event id as far as it could be read.
  struct Malformed: Error {
    var event: String
    var reason: String
  }

  init(_ payload: UnsafeRawBufferPointer) throws(Malformed) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(payload)
    } catch {
      throw Malformed(event: "", reason: "\(error)")
    }
    switch json {
    case .null: members = JSON.Members()
    case .object(let object): members = object
    default: throw Malformed(event: "", reason: "expected an object, found \(json.kind)")
    }
    switch members.folded("event_id") {
    case nil: event = ""
    case .string(let text): event = text
    case .some(let other):
      throw Malformed(event: "", reason: "event_id: expected a string, found \(other.kind)")
    }
    if let time = members.folded("timestamp"), time.int == nil {
      throw Malformed(event: event, reason: "timestamp: expected a whole number")
    }
  }
}

extension JSON.Members {
  /// The member of that name in any case; nil also for null. `name` is in lower case.
  func folded(_ name: StaticString) -> JSON? {
    for member in all.reversed() where Self.equal(member.name, name) {
      // `.none`, since a bare nil would be the JSON null.
      return member.value.isNull ? .none : .some(member.value)
    }
    return nil
  }

  private static func equal(_ text: String, _ name: StaticString) -> Bool {
    guard text.utf8.count == name.utf8CodeUnitCount else { return false }
    var index = 0
    for byte in text.utf8 {
      let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      guard (isUpper ? byte | 0x20 : byte) == name.utf8Start[index] else { return false }
      index += 1
    }
    return true
  }
}

/// `twin/update`.
struct TwinRequest {
  struct Change {
    var expected: String?
    var actual: String?
    var isOptional: Bool?
    var type: String?
  }

  let event: String
  /// Sorted by name, each name once; nil deletes.
  let items: [(name: String, change: Change?)]

  /// What a program reports by another way than MQTT.
  init(reported values: [(name: String, text: String)]) {
    event = ""
    items =
      values.map { (name: $0.name, change: Change(actual: $0.text)) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  static let malformed = "Unmarshal update request body failed, please check the request"

  init(_ payload: UnsafeRawBufferPointer, maximumValueBytes: Int) throws(RequestBody.Malformed) {
    let body: RequestBody
    do throws(RequestBody.Malformed) {
      body = try RequestBody(payload)
    } catch {
      throw RequestBody.Malformed(event: error.event, reason: Self.malformed + ": " + error.reason)
    }
    event = body.event
    guard let twin = body.members.folded("twin") else {
      throw RequestBody.Malformed(event: event, reason: "Update twin error, key:twin does not exist")
    }
    guard let properties = twin.object else { throw Self.wrong(event, "twin", "an object", twin) }
    var items: [(name: String, change: Change?)] = []
    items.reserveCapacity(properties.count)
    var places: [String: Int] = [:]
    for member in properties {
      let change = try Self.change(member.value, name: member.name, event: event)
      // The last of equal names counts.
      if properties.count > 1, let place = places[member.name] {
        items[place].change = change
      } else {
        if properties.count > 1 { places[member.name] = items.count }
        items.append((member.name, change))
      }
    }
    for (name, change) in items {
      guard Self.isName(name) else { throw RequestBody.Malformed(event: event, reason: Self.badName) }
      for value in [change?.expected, change?.actual] {
        guard let value else { continue }
        guard Self.isValue(value, limit: maximumValueBytes) else {
          throw RequestBody.Malformed(
            event: event,
            reason:
              "The value of twin must be 1 to \(maximumValueBytes) bytes of text without control characters")
        }
      }
    }
    if items.count > 1 { items.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
    self.items = items
  }

  private static func change(_ json: JSON, name: String, event: String) throws(RequestBody.Malformed)
    -> Change?
  {
    if json.isNull { return nil }
    guard let members = json.object else { throw wrong(event, "twin.\(name)", "an object or null", json) }
    var change = Change()
    change.expected = try side("expected", of: members, name: name, event: event)
    change.actual = try side("actual", of: members, name: name, event: event)
    if let optional = members.folded("optional") {
      guard let flag = optional.bool else {
        throw wrong(event, "twin.\(name).optional", "a boolean", optional)
      }
      change.isOptional = flag
    }
    if let metadata = members.folded("metadata") {
      guard let object = metadata.object else {
        throw wrong(event, "twin.\(name).metadata", "an object", metadata)
      }
      if let type = object.folded("type") {
        guard let text = type.string else {
          throw wrong(event, "twin.\(name).metadata.type", "a string", type)
        }
        change.type = text
      }
    }
    return change
  }

  private static func side(_ side: StaticString, of members: JSON.Members, name: String, event: String)
    throws(RequestBody.Malformed) -> String?
  {
    guard let json = members.folded(side) else { return nil }
    guard let object = json.object else { throw wrong(event, "twin.\(name).\(side)", "an object", json) }
    guard let value = object.folded("value") else {
      throw RequestBody.Malformed(event: event, reason: "\(malformed): twin.\(name).\(side) has no value")
    }
    guard let text = value.string else { throw wrong(event, "twin.\(name).\(side).value", "a string", value) }
    return text
  }

  private static func wrong(_ event: String, _ path: String, _ expected: String, _ found: JSON)
    -> RequestBody.Malformed
  {
    .init(event: event, reason: "\(malformed): \(path): expected \(expected), found \(found.kind)")
  }

  private static let badName =
    "The key of twin must only include upper or lowercase letters, number, english, and special letter "
    + "- _ . , : / @ # and the length of key should be less than 128 bytes"

  private static func isName(_ text: String) -> Bool {
    let bytes = text.utf8
    return (1...128).contains(bytes.count)
      && bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "#"):
          true
        default: false
        }
      }
  }

  static func isValue(_ text: String, limit: Int) -> Bool {
    !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }
}
