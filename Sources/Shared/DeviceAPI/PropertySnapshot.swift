// SPDX-License-Identifier: Apache-2.0

/// One property of a twin at one moment.
package struct PropertySnapshot: Sendable {
  package var name: String
  package var type: PropertyType
  package var isWritable: Bool
  package var minimum: Double?
  package var maximum: Double?
  package var unit: String?
  /// A mapper of this node reads it; else MQTT is its only source.
  package var isMapped: Bool
  /// Nil: never reported.
  package var reported: ReportedSnapshot?
  /// Nil until somebody asks for a value.
  package var desired: DesiredSnapshot?
  /// Whether reported equals desired, compared as the type compares; true where nothing is desired.
  package var inSync: Bool
  /// The device's `change` at which this property last changed.
  package var change: UInt64

  package init(
    name: String, type: PropertyType, isWritable: Bool, minimum: Double?, maximum: Double?, unit: String?,
    isMapped: Bool, reported: ReportedSnapshot?, desired: DesiredSnapshot?, inSync: Bool, change: UInt64
  ) {
    self.name = name
    self.type = type
    self.isWritable = isWritable
    self.minimum = minimum
    self.maximum = maximum
    self.unit = unit
    self.isMapped = isMapped
    self.reported = reported
    self.desired = desired
    self.inSync = inSync
    self.change = change
  }
}

package struct ReportedSnapshot: Sendable, Equatable {
  /// Nil when the last reading failed and there was none before.
  package var value: Value?
  package var quality: Quality
  /// The device's clock, Unix nanoseconds; 0 if it has none.
  package var sourceTime: Int64
  /// Arrival at the edge, Unix nanoseconds.
  package var time: Int64
  /// Why the last reading failed; nil when it did not.
  package var failure: SampleFailure?

  package init(value: Value?, quality: Quality, sourceTime: Int64, time: Int64, failure: SampleFailure?) {
    self.value = value
    self.quality = quality
    self.sourceTime = sourceTime
    self.time = time
    self.failure = failure
  }
}

package enum DesiredOrigin: String, Sendable { case cloud, manifest, api, mqtt }

package enum DesiredState: String, Sendable { case pending, applied, failed }

package struct DesiredSnapshot: Sendable, Equatable {
  package var value: Value
  package var version: Int64
  /// Unix nanoseconds.
  package var time: Int64
  package var origin: DesiredOrigin
  package var state: DesiredState
  /// Why it failed, or why it is still pending; empty otherwise.
  package var error: String
  package var attempts: Int
  /// Unix nanoseconds of the last change of state.
  package var stateTime: Int64

  package init(
    value: Value, version: Int64, time: Int64, origin: DesiredOrigin, state: DesiredState, error: String,
    attempts: Int, stateTime: Int64
  ) {
    self.value = value
    self.version = version
    self.time = time
    self.origin = origin
    self.state = state
    self.error = error
    self.attempts = attempts
    self.stateTime = stateTime
  }
}
