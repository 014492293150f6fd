// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `database`: where the node keeps its state.
package struct DatabaseConfiguration: Sendable, Equatable {
  /// Path of the SQLite file; its folder is created.
  package var dataSource: String
  private let kubeEdgeDatabase: String

  package init(places: Places) {
    dataSource = places.database
    kubeEdgeDatabase = places.kubeEdgeDatabase
  }
}

extension DatabaseConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    let ours = dataSource
    section.readPath("dataSource", into: &dataSource)
    // A KubeEdge user's file names KubeEdge's database, which is none of ours.
    if dataSource == kubeEdgeDatabase || dataSource == "/var/lib/kubeedge/edgecore.db" {
      section.report.warn(
        line: section.keys.line(of: "dataSource"), path: section.keys.path(of: "dataSource"),
        "\(dataSource) is KubeEdge's own database and stays untouched; using \(ours)")
      dataSource = ours
    }
    // Left over from old versions of KubeEdge, and without effect there too.
    section.skip(["driverName", "aliasName"], isOn: false)
  }

  var members: JSON.Members { ["dataSource": .string(dataSource)] }
}
