// SPDX-License-Identifier: Apache-2.0

/// Where manifests of the standalone mode are kept, as the twin API asks of it.
package protocol ManifestStore: AnyObject, Sendable {
  /// Checks all objects of `text` (YAML, several documents, or JSON), then writes one file an object.
  ///
  /// All or nothing: with one error nothing is written. Blocks on the disk: not for the cooperative pool.
  /// - Returns: what was created, changed or found unchanged.
  func apply(_ text: String, source: String) throws(ManifestError) -> [ManifestChange]

  /// Removes the file of an object; refuses, naming the file, where it holds several objects.
  func delete(kind: String, namespace: String, name: String) throws(ManifestError) -> ManifestChange

  /// The objects known now, as JSON texts of Kubernetes objects; errors of files beside them.
  func problems() -> [ManifestProblem]
}

package struct ManifestChange: Sendable, Equatable {
  package enum Outcome: String, Sendable { case created, configured, unchanged, deleted }
  package var kind: String
  package var namespace: String
  package var name: String
  package var outcome: Outcome

  package init(kind: String, namespace: String, name: String, outcome: Outcome) {
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.outcome = outcome
  }
}

/// One thing that is wrong in a manifest: file, path of the key, value, what was expected.
package struct ManifestProblem: Sendable, Equatable, CustomStringConvertible {
  package var file: String
  /// 1-based; 0: the whole file.
  package var line: Int
  /// `spec.properties[2].visitors.configData.offset`
  package var path: String
  package var value: String
  package var expected: String

  package init(file: String, line: Int, path: String, value: String, expected: String) {
    self.file = file
    self.line = line
    self.path = path
    self.value = value
    self.expected = expected
  }

  package var description: String {
    var text = line > 0 ? "\(file):\(line): " : "\(file): "
    if !path.isEmpty { text += "\(path): " }
    if !value.isEmpty { text += "\(value): " }
    return text + "expected " + expected
  }
}

package enum ManifestError: Error, Sendable {
  /// Everything that is wrong, at once.
  case invalid([ManifestProblem])
  case notFound(String)
  /// The object shares its file with others.
  case shared(file: String, objects: [String])
  case storage(String)
}
