// SPDX-License-Identifier: Apache-2.0
package import NIOCore

/// TLS of the TCP port, which the composition brings: this module speaks HTTP only.
package struct PortSecurity: Sendable {
  /// Before the port listens. Throws what is wrong.
  package var load: @Sendable () async throws -> Void
  /// Now and then: looks whether the certificate has changed.
  package var refresh: @Sendable () async -> Void
  /// For the front of a new connection's pipeline.
  package var handler: @Sendable () throws -> any ChannelHandler

  package init(
    load: @escaping @Sendable () async throws -> Void, refresh: @escaping @Sendable () async -> Void,
    handler: @escaping @Sendable () throws -> any ChannelHandler
  ) {
    self.load = load
    self.refresh = refresh
    self.handler = handler
  }
}
