// SPDX-License-Identifier: Apache-2.0

/// What was.
extension Handlers {
  static func historyEndpoints(_ handlers: Handlers) -> [Endpoint] { [] }
}
