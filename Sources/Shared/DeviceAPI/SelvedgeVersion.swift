// SPDX-License-Identifier: Apache-2.0

/// The version of this build. KubeEdge's wire shows it as the node's.
package enum SelvedgeVersion {
  package static let text = "0.1.0"
}
