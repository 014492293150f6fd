// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What a condition or a sort key looks at: something of the device, or of one of its properties.
enum Operand: Sendable, Equatable {
  enum Attribute: String, Sendable, CaseIterable {
    case reported, desired, quality, age, state, inSync
  }

  enum Field: String, Sendable, CaseIterable {
    case namespace, name, model
    case driver = "protocol"
    case linkState = "link.state"
    case linkReason = "link.reason"
    /// Since the last change of the link's state.
    case linkAge = "link.age"
    case desiredVersion, reportedVersion
  }

  case field(Field)
  case label(String)
  case property(String, Attribute)

  /// The words that it can be; nil: anything.
  var words: [String]? {
    switch self {
    case .field(.linkState): LinkState.allCases.map(\.rawValue)
    case .property(_, .quality): ["good", "uncertain", "bad"]
    case .property(_, .state): ["pending", "applied", "failed"]
    default: nil
    }
  }

  /// Compared with a time such as 30s.
  var isAge: Bool {
    switch self {
    case .field(.linkAge), .property(_, .age): true
    default: false
    }
  }

  /// Nil: the device has none.
  ///
  /// - Parameter now: Unix nanoseconds.
  func value(of device: any DeviceView, now: Int64) -> Scalar? {
    switch self {
    case .field(let field): return Self.value(of: field, device, now: now)
    case .label(let key): return device.labels[key].map { .text($0) }
    case .property(let name, let attribute):
      guard let property = device.property(name) else { return nil }
      switch attribute {
      case .reported: return property.reported?.value.map { Scalar($0) }
      case .desired: return (property.desired?.value).map { Scalar($0) }
      case .quality: return (property.reported?.quality.class.rawValue).map { .text($0) }
      case .age: return property.reported.map { Self.age($0.time, now: now) }
      case .state: return (property.desired?.state.rawValue).map { .text($0) }
      case .inSync: return .bool(property.inSync)
      }
    }
  }

  private static func value(of field: Field, _ device: any DeviceView, now: Int64) -> Scalar? {
    switch field {
    case .namespace: .text(device.name.namespace)
    case .name: .text(device.name.name)
    case .model: .text(device.model)
    case .driver: device.protocolName.map { .text($0) }
    case .linkState: .text(device.link.state.rawValue)
    case .linkReason: .text(device.link.reason)
    case .linkAge: age(device.link.since, now: now)
    case .desiredVersion: .int(device.desiredVersion)
    case .reportedVersion: .int(device.reportedVersion)
    }
  }

  private static func age(_ time: Int64, now: Int64) -> Scalar { .number(Double(now &- time) / 1e9) }
}
