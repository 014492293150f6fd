// SPDX-License-Identifier: Apache-2.0

/// Why a library is no mapper that this host can use. The description is for people.
package enum MapperLoadError: Error, Equatable, CustomStringConvertible {
  case open(String)
  case noEntry
  case tooShort(table: String, size: Int, required: Int)
  case wrongMajor(UInt32)
  case missing(table: String, member: String)
  case badDriver(String)
  case loadFailed(status: String, text: String)

  package var description: String {
    switch self {
    case .open(let text): "cannot be opened: \(text)"
    case .noEntry: "exports no symbol mapper_entry"
    case .tooShort(let table, let size, let required):
      "\(table) has \(size) bytes, at least \(required) are required"
    case .wrongMajor(let major): "is built for ABI \(major), this host has ABI 1"
    case .missing(let table, let member): "\(table) lacks the required member \(member)"
    case .badDriver(let text): text
    case .loadFailed(let status, let text): "load failed: \(status)" + (text.isEmpty ? "" : ", \(text)")
    }
  }
}
