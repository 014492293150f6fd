// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

extension EventRecord {
  private static let longestText = 1024
  private static let longestDetails = 4096

  /// What somebody sends must not fill the log: texts are cut, and details that are too long give way to their size.
  func shortened() -> EventRecord {
    var record = self
    if text.utf8.count > Self.longestText { record.text = text.prefix(Self.longestText) + "…" }
    if problem.utf8.count > Self.longestText { record.problem = problem.prefix(Self.longestText) + "…" }
    let size = JSON.object(details).estimatedSize
    if size > Self.longestDetails { record.details = ["omittedBytes": .int(Int64(size))] }
    return record
  }
}

extension JSON {
  /// Of the text, about.
  fileprivate var estimatedSize: Int {
    switch self {
    case .null, .bool: 5
    case .int, .number: 12
    case .string(let text): text.utf8.count + 2
    case .array(let elements): elements.reduce(2) { $0 + $1.estimatedSize + 1 }
    case .object(let members): members.reduce(2) { $0 + $1.name.utf8.count + $1.value.estimatedSize + 4 }
    }
  }
}
