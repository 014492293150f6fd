// SPDX-License-Identifier: Apache-2.0
internal import HummingbirdCore
internal import JSON

/// The description of the API itself.
extension Handlers {
  func describeAPI(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    var writer = JSONWriter(capacity: 64 << 10)
    writer.value(APIDescription.json)
    return .json(writer)
  }
}
