// SPDX-License-Identifier: Apache-2.0

/// What one key of the configuration means, for `edgecore config explain`, the JSON Schema and the reference.
///
/// Its default is not here: that comes from the configuration itself.
package struct KeyDescription: Sendable {
  package enum Kind: Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case text
    /// A text that no log and no bundle shows.
    case secret
    /// An absolute path.
    case path
    case choice([String])
    /// A time such as `90s`, `15m` or `7d`.
    case duration
    case texts
    case paths
    /// Names of the writer's own, each with the keys that `members` describes.
    case named(members: [KeyDescription])
    /// A list of mappings.
    case list(members: [KeyDescription])
  }

  /// Below its section: `modules.eventBus.mqttMode`.
  package let path: String
  package let kind: Kind
  package let summary: String
  /// A key that KubeEdge has too, with the same meaning.
  package let isKubeEdge: Bool
  /// Takes effect with SIGHUP; others want a restart.
  package let isReloaded: Bool

  init(
    _ path: String, _ kind: Kind, _ summary: String, isKubeEdge: Bool = false, isReloaded: Bool = false
  ) {
    self.path = path
    self.kind = kind
    self.summary = summary
    self.isKubeEdge = isKubeEdge
    self.isReloaded = isReloaded
  }

  /// The last part of the path.
  package var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

extension KeyDescription.Kind {
  /// For people.
  package var text: String {
    switch self {
    case .boolean: "true or false"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .text: "a text"
    case .secret: "a text, a secret"
    case .path: "an absolute path"
    case .choice(let words): "one of " + words.joined(separator: ", ")
    case .duration: "a time such as 90s, 15m or 7d"
    case .texts: "a list of texts"
    case .paths: "a list of absolute paths"
    case .named: "a mapping of names to keys of their own"
    case .list: "a list of mappings"
    }
  }
}
