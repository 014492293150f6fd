// SPDX-License-Identifier: Apache-2.0
package import JSON

extension MappingReader {
  /// A mapping whose keys are free, such as a driver's settings.
  package func object(_ key: String) -> JSON.Members? {
    guard let node = node(key) else { return nil }
    if case .mapping(let entries) = node.content { return YAMLNode.members(entries) }
    report(key, node, expected: "a mapping")
    return nil
  }
}
