// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The body of a method call: `{"event_id":"…","timeout_ms":5000,"confirm":true,"arguments":{…}}`.
///
/// Every member may be absent or null, and so may the whole body. One that is not known is an error, or a
/// misspelt argument list would be none.
struct MethodRequest {
  var event = ""
  var timeout = MethodCall.timeout
  var isConfirmed = false
  var arguments: JSON.Members = [:]

  /// What is wrong with a body, and the event id as far as it could be read.
  struct Malformed: Error {
    var event: String
    var reason: String
  }

  init(_ payload: UnsafeRawBufferPointer, limit: Int) throws(Malformed) {
    guard payload.count <= limit else {
      throw Malformed(
        event: "", reason: "the request has \(payload.count) bytes: expected at most \(limit)")
    }
    if payload.isEmpty { return }
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(payload)
    } catch {
      throw Malformed(event: "", reason: "the request is not JSON: \(error)")
    }
    if json.isNull { return }
    guard let members = json.object else {
      throw Malformed(event: "", reason: "the request: expected an object, found \(json.kind)")
    }
    // First, since every answer names it.
    if let event = members["event_id"], !event.isNull {
      guard let text = event.string else { throw wrong("event_id", event, "a string") }
      self.event = text
    }
    for member in members where !member.value.isNull { try take(member.name, member.value) }
  }

  private mutating func take(_ name: String, _ value: JSON) throws(Malformed) {
    switch name {
    case "event_id": return
    case "timestamp":
      // KubeEdge's messages carry one; the edge goes by its own clock.
      if value.int == nil { throw wrong(name, value, "a whole number") }
    case "timeout_ms":
      let longest = MethodCall.longestTimeout.components.seconds * 1000
      guard let milliseconds = value.int, (1...longest).contains(milliseconds) else {
        throw wrong(name, value, "a whole number from 1 to \(longest)")
      }
      timeout = .milliseconds(milliseconds)
    case "confirm":
      guard let flag = value.bool else { throw wrong(name, value, "a boolean") }
      isConfirmed = flag
    case "arguments":
      guard let members = value.object else { throw wrong(name, value, "an object") }
      arguments = members
    default:
      throw wrong(name, value, "only event_id, timestamp, timeout_ms, confirm and arguments")
    }
  }

  private func wrong(_ name: String, _ value: JSON, _ expected: String) -> Malformed {
    let shown: String
    switch value {
    case .int, .number, .bool: shown = value.text
    default: shown = value.kind
    }
    return Malformed(event: event, reason: "\(name): \(shown): expected \(expected)")
  }
}
