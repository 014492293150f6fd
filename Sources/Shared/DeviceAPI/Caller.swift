// SPDX-License-Identifier: Apache-2.0

/// Who asks for something, and what they may do.
package struct Caller: Sendable, Equatable {
  /// Each includes those before it.
  package enum Scope: Int, Sendable, Comparable, CaseIterable {
    /// Nothing but what everybody may see: health, the console's page.
    case none
    case read
    /// Desired values, reported values, methods that need no confirmation by a person.
    case write
    /// Manifests, tokens, scans, configuration.
    case admin

    package static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
    package var name: String { ["none", "read", "write", "admin"][rawValue] }
  }

  /// For people and the log of changes: `root`, `token line-3`, `mqtt`, `manifest`, `cloud`.
  package var name: String
  /// From where: `unix socket, pid 4711`, `192.168.1.7`, the broker's address, a file; may be empty.
  package var source: String
  package var scope: Scope
  /// The namespaces of devices that may be seen and changed; nil: all.
  package var namespaces: Set<String>?

  package init(name: String, source: String = "", scope: Scope, namespaces: Set<String>? = nil) {
    self.name = name
    self.source = source
    self.scope = scope
    self.namespaces = namespaces
  }

  package func maySee(_ device: DeviceName) -> Bool { namespaces?.contains(device.namespace) ?? true }
}
