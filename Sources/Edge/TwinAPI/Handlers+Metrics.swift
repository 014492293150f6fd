// SPDX-License-Identifier: Apache-2.0

/// Figures for Prometheus.
extension Handlers {
  static func metricEndpoints(_ handlers: Handlers) -> [Endpoint] { [] }
}
