// SPDX-License-Identifier: Apache-2.0

/// The console.
extension Handlers {
  static func pageEndpoints(_ handlers: Handlers) -> [Endpoint] { [] }
}
