// SPDX-License-Identifier: Apache-2.0

/// The log of events.
extension Handlers {
  static func eventEndpoints(_ handlers: Handlers) -> [Endpoint] { [] }
}
