// SPDX-License-Identifier: Apache-2.0

/// Whether a device can be reached.
package enum LinkState: String, Sendable, CaseIterable {
  /// Answers, and every point could be read.
  case online
  /// Answers, but some points fail or the driver says so.
  case degraded
  /// Not reached yet.
  case connecting
  /// Does not answer; the host keeps trying.
  case offline
  /// No mapper drives it now.
  case unavailable

  /// The word of KubeEdge's device state.
  package var kubeEdgeState: String {
    switch self {
    case .online: "online"
    case .degraded: "unhealthy"
    case .connecting: "unknown"
    case .offline, .unavailable: "offline"
    }
  }
}
