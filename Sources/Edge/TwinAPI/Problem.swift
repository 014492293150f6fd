// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// Why a request was not served: a problem document (RFC 9457).
struct Problem: Error {
  /// The last part of `type`, which programs tell problems apart by. Never changes once published.
  let name: String
  let status: HTTPResponse.Status
  /// The same for every problem of this type.
  let title: String
  /// What is wrong this time, and what to do.
  let detail: String
  /// Members beside the four of the standard.
  var members: JSON.Members
  var headers = HTTPFields()

  static let typePrefix = "urn:selvedge:problem:"

  init(
    _ status: HTTPResponse.Status, _ name: String, _ title: String, detail: String,
    members: JSON.Members = [:]
  ) {
    self.status = status
    self.name = name
    self.title = title
    self.detail = detail
    self.members = members
  }

  static var bodyTooLarge: Problem {
    Problem(
      .contentTooLarge, "body-too-large", "the body is too large",
      detail: "At most \(Limits.body) bytes are taken.",
      members: ["limit": .int(Int64(Limits.body))])
  }

  func response() -> Response {
    var writer = JSONWriter()
    writer.problem(self)
    var response = Response.json(writer, status: status, type: "application/problem+json")
    for field in headers { response.headers[field.name] = field.value }
    return response
  }
}

extension JSONWriter {
  mutating func problem(_ problem: Problem) {
    beginObject()
    name("type")
    string(Problem.typePrefix + problem.name)
    name("title")
    string(problem.title)
    name("status")
    int(Int64(problem.status.code))
    name("detail")
    string(problem.detail)
    for member in problem.members {
      name(member.name)
      value(member.value)
    }
    endObject()
  }
}
