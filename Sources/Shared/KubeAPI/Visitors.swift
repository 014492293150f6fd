// SPDX-License-Identifier: Apache-2.0
internal import Config
package import JSON

/// `visitors`: how a driver finds a property.
package struct Visitors: Sendable, Equatable {
  package var protocolName: String?
  /// What the driver's point schema describes.
  package var configData: JSON.Members?

  package init(protocolName: String? = nil, configData: JSON.Members? = nil) {
    self.protocolName = protocolName
    self.configData = configData
  }

  init?(_ keys: MappingReader?) {
    guard let keys else { return nil }
    protocolName = keys.string("protocolName")
    configData = keys.object("configData")
    keys.finish()
  }

  var json: JSON {
    var members = JSON.Members()
    if let protocolName { members.append("protocolName", .string(protocolName)) }
    if let configData { members.append("configData", .object(configData)) }
    return .object(members)
  }
}

extension JSON.Members {
  /// These members, and those of `defaults` whose names are not among them, sorted by name: then the same
  /// settings in another order are no change.
  func merged(over defaults: JSON.Members?) -> JSON.Members {
    var merged = all
    for member in defaults ?? .init() where self[member.name] == nil { merged.append(member) }
    return JSON.Members(merged.sorted { $0.name < $1.name })
  }
}
