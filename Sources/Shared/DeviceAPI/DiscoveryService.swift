// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Looking for devices through drivers (`mapper.discovery/1`). Any thread; never blocks.
package protocol DiscoveryService: AnyObject, Sendable {
  /// Looks for devices of one driver. Events come from one thread at a time; `.ended` is the last and comes
  /// exactly once, at the latest a few seconds after the timeout.
  ///
  /// At most four scans of a mapper run at once.
  func scan(
    _ request: ScanRequest, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork

  /// Asks a device of this node what it has; one `.found` if all goes well.
  func describe(
    _ device: DeviceName, timeout: Duration, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork
}

package struct ScanRequest: Sendable {
  /// The driver's id, as `protocolName` in manifests.
  package var driver: String
  /// Checked against the driver's scan schema.
  package var options: JSON.Members
  package var timeout: Duration

  package static let timeout = Duration.seconds(60)
  package static let longestTimeout = Duration.seconds(3600)

  package init(driver: String, options: JSON.Members = .init(), timeout: Duration = Self.timeout) {
    self.driver = driver
    self.options = options
    self.timeout = timeout
  }
}

package enum ScanEvent: Sendable, Equatable {
  case found(FoundDevice)
  /// `total` 0: not known.
  case progress(done: Int, total: Int, text: String)
  /// OK, or why it ended early; what was found counts anyway.
  case ended(MapperStatus, text: String)
}

package struct FoundDevice: Sendable, Equatable {
  package struct Property: Sendable, Equatable {
    package var name: String
    package var summary: String
    /// Nil: the driver does not know.
    package var type: PropertyType?
    package var isWritable: Bool
    package var unit: String
    /// What `visitors.configData` gets.
    package var settings: JSON.Members

    package init(
      name: String, summary: String = "", type: PropertyType? = nil, isWritable: Bool = false,
      unit: String = "", settings: JSON.Members = .init()
    ) {
      self.name = name
      self.summary = summary
      self.type = type
      self.isWritable = isWritable
      self.unit = unit
      self.settings = settings
    }
  }

  package var driver: String
  /// 0 to 100.
  package var confidence: Int
  /// A proposal that is a valid name in Kubernetes, or empty.
  package var name: String
  package var title: String
  /// What `protocol.configData` gets.
  package var settings: JSON.Members
  package var properties: [Property]

  package init(
    driver: String, confidence: Int, name: String = "", title: String = "",
    settings: JSON.Members = .init(), properties: [Property] = []
  ) {
    self.driver = driver
    self.confidence = confidence
    self.name = name
    self.title = title
    self.settings = settings
    self.properties = properties
  }
}

/// Why a scan could not begin.
package enum DiscoveryError: Error, Equatable, Sendable {
  case driverNotFound(String, available: [String])
  /// The mapper is down now, and why.
  case notRunning(String)
  case cannotScan(driver: String)
  case cannotDescribe(driver: String)
  case deviceNotFound(DeviceName)
  /// Everything that is wrong with the options, at once: path, value, what was expected.
  case invalidOptions([String])
  case busy
}
