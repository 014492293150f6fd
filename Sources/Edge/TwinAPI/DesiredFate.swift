// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// What becomes of the desired values of one request.
struct DesiredFate: Sendable {
  private let device: DeviceName
  /// The version that each property's value got. One that was taken back has none: nothing is waited for.
  private let versions: [String: Int64]

  /// - Parameter stored: the twin of the moment when the values were stored.
  init(_ changes: [DesiredChange], stored: DeviceSnapshot) {
    device = stored.name
    var versions: [String: Int64] = [:]
    for change in changes where change.value != nil {
      versions[change.property] = stored.properties.first { $0.name == change.property }?.desired?.version
    }
    self.versions = versions
  }

  var filter: WatchFilter { WatchFilter(device: device, properties: Set(versions.keys)) }

  func isPending(in now: DeviceSnapshot) -> Bool {
    now.properties.contains { property in
      guard let version = versions[property.name], let desired = property.desired else { return false }
      return desired.version == version && desired.state == .pending
    }
  }

  /// Nil as long as every value is pending or applied.
  func problem(in now: DeviceSnapshot) -> Problem? {
    var failures: [JSON] = []
    var words: [String] = []
    var replaced: [String] = []
    for property in now.properties {
      guard let version = versions[property.name] else { continue }
      guard let desired = property.desired, desired.version == version else {
        replaced.append(property.name)
        continue
      }
      guard desired.state == .failed else { continue }
      failures.append(["property": .string(property.name), "error": .string(desired.error)])
      words.append("\(property.name): \(desired.error)")
    }
    let version = JSON.int(now.desiredVersion)
    if !failures.isEmpty {
      return Problem(
        .unprocessableContent, "desired-failed", "the device did not take the value",
        detail: words.joined(separator: "\n"),
        members: ["desiredVersion": version, "failures": .array(failures)])
    }
    if !replaced.isEmpty {
      return Problem(
        .conflict, "desired-replaced", "another value came before this one was applied",
        detail: replaced.joined(separator: ", ") + ": set or taken back by somebody else meanwhile.",
        members: ["desiredVersion": version, "properties": .array(replaced.map { .string($0) })])
    }
    return nil
  }
}
