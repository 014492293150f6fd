// SPDX-License-Identifier: Apache-2.0

/// The default paths of a node, all under one root folder.
package struct Places: Sendable, Equatable {
  /// Empty, or a folder without a slash at its end (`--root`).
  package let root: String

  /// - Parameter root: `--root`; nil or `/`: the machine itself.
  package init(root: String? = nil) {
    var root = root ?? ""
    while root.hasSuffix("/") { root.removeLast() }
    self.root = root
  }

  package var configuration: String { root + "/etc/selvedge/edgecore.yaml" }
  /// Taken when `configuration` is absent.
  package var kubeEdgeConfiguration: String { root + "/etc/kubeedge/config/edgecore.yaml" }
  package var manifests: String { root + "/etc/selvedge/devices.d" }
  package var state: String { root + "/var/lib/selvedge" }
  package var database: String { state + "/edgecore.db" }
  package var history: String { state + "/history.db" }
  /// Where sockets are.
  package var runtime: String { root + "/run/selvedge" }
  package var twinSocket: String { runtime + "/twin.sock" }
  /// Of packages, then dropped in. The later one wins where both have a driver.
  package var mapperFolders: [String] { [root + "/usr/lib/selvedge/mappers", state + "/mappers"] }
  /// KubeEdge's own database, which we never touch.
  package var kubeEdgeDatabase: String { root + "/var/lib/kubeedge/edgecore.db" }
  package var kubeEdgeCA: String { root + "/etc/kubeedge/ca/rootCA.crt" }
  package var kubeEdgeCertificate: String { root + "/etc/kubeedge/certs/server.crt" }
  package var kubeEdgeKey: String { root + "/etc/kubeedge/certs/server.key" }
}
