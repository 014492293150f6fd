// SPDX-License-Identifier: Apache-2.0

/// The identity of a device: `namespace/name`, as in Kubernetes.
package struct DeviceName: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let namespace: String
  package let name: String

  /// Nil unless both parts are DNS-1123 names (namespace: a label; name: labels joined by dots).
  package init?(namespace: String, name: String) {
    guard Self.isLabel(namespace.utf8), namespace.utf8.count <= 63, Self.isSubdomain(name) else { return nil }
    self.namespace = namespace
    self.name = name
  }

  /// Reads `namespace/name`.
  package init?(parsing text: some StringProtocol) {
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    self.init(namespace: String(text[..<slash]), name: String(text[text.utf8.index(after: slash)...]))
  }

  package var description: String { namespace + "/" + name }

  package static func < (left: Self, right: Self) -> Bool {
    left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
  }

  /// Whether `text` is a name that Kubernetes takes for an object: up to 253 characters.
  package static func isSubdomain(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 253 else { return false }
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { isLabel($0) }
  }

  /// Lower-case letters, digits and inner hyphens.
  private static func isLabel(_ utf8: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = utf8.first, let last = utf8.last else { return false }
    let hyphen = UInt8(ascii: "-")
    return first != hyphen && last != hyphen
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen: true
        default: false
        }
      }
  }
}
