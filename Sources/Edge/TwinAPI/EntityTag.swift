// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes

/// The ETag of a twin: `"<desiredVersion>"`.
///
/// It is for `If-Match` only. Reported values change without it, so that `If-None-Match` is not looked at
/// and no answer about a twin may be cached.
enum EntityTag {
  static func text(_ version: Int64) -> String { "\"\(version)\"" }

  /// What `If-Match` asks of the current version.
  enum Condition: Equatable {
    /// `*`, or no condition: any version.
    case any
    case oneOf([Int64])

    /// Nil when the condition does not hold; else the version to compare again when the value is stored.
    func version(current: Int64) -> Int64?? {
      switch self {
      case .any: .some(nil)
      case .oneOf(let versions): versions.contains(current) ? .some(current) : nil
      }
    }
  }

  /// - Parameter field: the value of `If-Match`; nil: absent.
  static func condition(_ field: String?) throws(Problem) -> Condition {
    guard let field else { return .any }
    let items = field.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingSpaces() }
    if items == ["*"] { return .any }
    var versions: [Int64] = []
    for item in items {
      // A weak tag never matches here (RFC 9110), and neither does one that no twin of ours ever had.
      if item.hasPrefix("W/\""), item.hasSuffix("\"") { continue }
      guard item.count >= 2, item.hasPrefix("\""), item.hasSuffix("\"") else {
        throw Problem(
          .badRequest, "bad-request", "If-Match cannot be read",
          detail: "If-Match: \(field): expected a version in quotes, such as \"3\", or *.")
      }
      if let version = Int64(item.dropFirst().dropLast()) { versions.append(version) }
    }
    return .oneOf(versions)
  }
}
