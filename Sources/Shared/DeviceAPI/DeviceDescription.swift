// SPDX-License-Identifier: Apache-2.0
package import JSON

/// A device as its node knows it: a Device resolved against its DeviceModel.
package struct DeviceDescription: Sendable, Equatable {
  package enum TelemetryForm: String, Sendable { case full, compact }

  package var name: DeviceName
  package var model: String
  package var labels: [String: String]
  /// `protocol.protocolName`: the id of the driver. Nil or empty: no mapper drives it.
  package var protocolName: String?
  /// `protocol.configData`, the model's keys under the device's.
  package var settings: JSON.Members
  package var properties: [PropertyDescription]
  package var telemetry: TelemetryForm
  /// Where it was declared, for messages: a file, or the cloud.
  package var origin: String

  package init(
    name: DeviceName, model: String, labels: [String: String] = [:], protocolName: String? = nil,
    settings: JSON.Members = .init(), properties: [PropertyDescription] = [],
    telemetry: TelemetryForm = .full,
    origin: String = ""
  ) {
    self.name = name
    self.model = model
    self.labels = labels
    self.protocolName = protocolName
    self.settings = settings
    self.properties = properties
    self.telemetry = telemetry
    self.origin = origin
  }
}
