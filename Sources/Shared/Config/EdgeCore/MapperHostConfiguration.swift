// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.mapperHost`: the drivers of devices.
package struct MapperHostConfiguration: Sendable, Equatable {
  package enum Isolation: String, Sendable, CaseIterable {
    /// A runner process a mapper: a crash costs that mapper alone.
    case process
    /// In the agent itself: for trusted mappers and the smallest nodes.
    case inProcess
  }

  package var enable = true
  /// Watched for mapper libraries. The later folder wins where two have the same driver.
  package var folders: [String]
  /// Where mappers run that are not named in `inProcess`.
  package var isolation = Isolation.process
  /// Libraries that run in the agent although the others do not, by file name without `.so`.
  package var inProcess: [String] = []
  package var limits = MapperLimitsConfiguration()

  package init(places: Places) { folders = places.mapperFolders }
}

extension MapperHostConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    if let folders = section.keys.strings("folders") {
      for folder in folders where !folder.hasPrefix("/") {
        section.keys.report("folders", value: YAMLNode.shortened(folder), expected: "absolute paths")
      }
      self.folders = folders
    }
    isolation = section.keys.choice("isolation", of: Isolation.self, ignoringCase: true) ?? isolation
    if let names = section.keys.strings("inProcess") {
      for name in names where name.isEmpty || name.contains("/") || name.hasSuffix(".so") {
        section.keys.report(
          "inProcess", value: YAMLNode.shortened(name), expected: "names of mapper libraries without .so")
      }
      inProcess = names
    }
    section.read("limits", into: &limits)
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "folders": .array(folders.map { .string($0) }),
      "isolation": .string(isolation.rawValue), "inProcess": .array(inProcess.map { .string($0) }),
      "limits": .object(limits.members),
    ]
  }
}
