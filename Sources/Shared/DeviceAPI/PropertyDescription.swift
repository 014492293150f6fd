// SPDX-License-Identifier: Apache-2.0
package import JSON

/// One property of a device: what its model says and what the device itself adds.
package struct PropertyDescription: Sendable, Equatable {
  package var name: String
  package var type: PropertyType
  /// False: `ReadOnly`.
  package var isWritable: Bool
  package var minimum: Double?
  package var maximum: Double?
  package var unit: String?
  package var summary: String?

  /// How a driver finds the property: `visitors.configData`, the model's keys under the device's. Nil:
  /// no mapper drives it, and MQTT is its only source.
  package var visitor: JSON.Members?

  /// How often the driver reads it.
  package var collectCycleMilliseconds: Int
  /// How often a changed value is reported at most.
  package var reportCycleMilliseconds: Int
  package var reportToCloud: Bool
  /// Where its values are sent besides, at its report cycle.
  package var push: [PushMethod] = []

  /// `desired` of the manifest, in text form.
  package var desired: String?
  /// Milliseconds after which a desired value that could not be written is given up; 0: never.
  package var desiredTimeToLiveMilliseconds: Int
  /// Read the value back before a desired value counts as applied.
  package var verify: Bool

  package static let defaultCollectCycle = 1000
  package static let defaultReportCycle = 1000
  /// The shortest cycle that is served.
  package static let minimumCollectCycle = 10

  package init(
    name: String, type: PropertyType, isWritable: Bool = false, minimum: Double? = nil,
    maximum: Double? = nil,
    unit: String? = nil, summary: String? = nil, visitor: JSON.Members? = nil,
    collectCycleMilliseconds: Int = Self.defaultCollectCycle,
    reportCycleMilliseconds: Int = Self.defaultReportCycle, reportToCloud: Bool = true,
    desired: String? = nil,
    desiredTimeToLiveMilliseconds: Int = 0, verify: Bool = false
  ) {
    self.name = name
    self.type = type
    self.isWritable = isWritable
    self.minimum = minimum
    self.maximum = maximum
    self.unit = unit
    self.summary = summary
    self.visitor = visitor
    self.collectCycleMilliseconds = collectCycleMilliseconds
    self.reportCycleMilliseconds = reportCycleMilliseconds
    self.reportToCloud = reportToCloud
    self.desired = desired
    self.desiredTimeToLiveMilliseconds = desiredTimeToLiveMilliseconds
    self.verify = verify
  }
}
