// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Values of many devices in one request.
package struct TwinBatch: Sendable {
  package enum Mode: Sendable {
    /// Everything or nothing, in one transaction.
    case all
    /// Every entry on its own.
    case each
  }

  package struct Desired: Sendable {
    package var device: DeviceName
    package var ifVersion: Int64?
    package var changes: [DesiredChange]

    package init(device: DeviceName, ifVersion: Int64? = nil, changes: [DesiredChange]) {
      self.device = device
      self.ifVersion = ifVersion
      self.changes = changes
    }
  }

  /// What a device's program says of it, as over MQTT.
  package struct Reported: Sendable {
    package var device: DeviceName
    package var values: [(property: String, value: JSON)]

    package init(device: DeviceName, values: [(property: String, value: JSON)]) {
      self.device = device
      self.values = values
    }
  }

  package var mode: Mode
  /// No device twice.
  package var desired: [Desired]
  /// No device twice; taken before the desired values of the same device.
  package var reported: [Reported]

  package init(mode: Mode, desired: [Desired] = [], reported: [Reported] = []) {
    self.mode = mode
    self.desired = desired
    self.reported = reported
  }

  /// Versions after an entry, or why it was refused: first those of `desired`, then those of `reported`.
  package typealias Outcome = Result<Versions, TwinError>

  package struct Versions: Sendable, Equatable {
    package var desired: Int64
    package var reported: Int64

    package init(desired: Int64, reported: Int64) {
      self.desired = desired
      self.reported = reported
    }
  }

  package struct Refusal: Error, Equatable {
    /// Of the entry, counted as the outcomes are; nil: of none in particular, as when the disk fails.
    package var entry: Int?
    package var error: TwinError

    package init(entry: Int?, error: TwinError) {
      self.entry = entry
      self.error = error
    }
  }
}
