// SPDX-License-Identifier: Apache-2.0

/// A device's twin at one moment: a copy, taken from memory.
package struct DeviceSnapshot: Sendable {
  package var name: DeviceName
  package var model: String
  package var labels: [String: String]
  package var protocolName: String?
  package var link: LinkSnapshot
  /// Grows with every accepted desired value: the ETag, and what `If-Match` compares.
  package var desiredVersion: Int64
  /// Grows with every durable report.
  package var reportedVersion: Int64
  /// In the order of the model; properties that came over MQTT follow, sorted by name.
  package var properties: [PropertySnapshot]
  /// The number of the last change of anything above, for watchers. All devices of one run of the agent share the
  /// numbers, and every change has a greater one than those before.
  package var change: UInt64
  /// The last change that is no property's: of the link, the description, or a property that went.
  package var ownChange: UInt64
  /// Whether all properties are here, and not just those that changed.
  package var isComplete: Bool
  /// Tells the device from its predecessor of the same name; grows.
  package var instance: Int64
  /// Numbering of the telemetry: batches so far in this run.
  package var sequence: UInt64

  package init(
    name: DeviceName, model: String, labels: [String: String], protocolName: String?, link: LinkSnapshot,
    desiredVersion: Int64, reportedVersion: Int64, properties: [PropertySnapshot], change: UInt64,
    sequence: UInt64, ownChange: UInt64 = 0, instance: Int64 = 0,
    isComplete: Bool = true
  ) {
    self.name = name
    self.model = model
    self.labels = labels
    self.protocolName = protocolName
    self.link = link
    self.desiredVersion = desiredVersion
    self.reportedVersion = reportedVersion
    self.properties = properties
    self.change = change
    self.sequence = sequence
    self.ownChange = ownChange
    self.instance = instance
    self.isComplete = isComplete
  }
}

package struct LinkSnapshot: Sendable, Equatable {
  package var state: LinkState
  /// For people; empty when all is well.
  package var reason: String
  /// Unix nanoseconds of the last change of state.
  package var since: Int64
  /// Unix nanoseconds; 0: never.
  package var lastOnline: Int64

  package init(state: LinkState, reason: String = "", since: Int64 = 0, lastOnline: Int64 = 0) {
    self.state = state
    self.reason = reason
    self.since = since
    self.lastOnline = lastOnline
  }
}
