// SPDX-License-Identifier: Apache-2.0

/// Tokens, and who is asking.
extension Handlers {
  static func accessEndpoints(_ handlers: Handlers) -> [Endpoint] { [] }
}
