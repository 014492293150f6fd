// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// Puts the events of a watch, which hold changes only, together to whole devices.
struct DeviceTracker {
  struct Change {
    /// As far as the watch shows it, with `inSync` and `counts` as in a list.
    let device: JSON
    /// As it was before; nil when it is new.
    let before: JSON?
    /// The properties that changed, as they are now.
    let properties: JSON.Members
    let isRemoved: Bool
  }

  private var devices: [String: JSON.Members] = [:]

  /// - Returns: nil for an event of a kind that this program does not know.
  mutating func take(_ event: ServerSentEvent) throws -> Change? {
    guard event.name == "device" || event.name == "removed" else { return nil }
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(event.data)
    } catch {
      throw Failure(.failed, "an event of the agent is not JSON: \(error)")
    }
    let name = DeviceRow.name(of: json)
    let before = devices[name]
    if event.name == "removed" {
      devices[name] = nil
      return Change(
        device: json, before: before.map { .object($0) }, properties: [:], isRemoved: true)
    }
    guard var device = json.object else { return nil }
    let changed = device["properties"]?.object ?? [:]
    var properties = before?["properties"]?.object ?? [:]
    for property in changed { properties[property.name] = property.value }
    device["properties"] = .object(properties)
    device["inSync"] = .bool(properties.allSatisfy { $0.value["inSync"]?.bool != false })
    device["counts"] = .object(Self.counts(of: properties))
    devices[name] = device
    return Change(
      device: .object(device), before: before.map { .object($0) }, properties: changed,
      isRemoved: false)
  }

  private static func counts(of properties: JSON.Members) -> JSON.Members {
    func count(_ state: String) -> JSON {
      .int(Int64(properties.count { $0.value["desired"]?["state"]?.string == state }))
    }
    return ["pending": count("pending"), "failed": count("failed")]
  }
}
