// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// Why somebody may not.
extension Problem {
  static var tokenRequired: Problem {
    unauthorized(
      "token-required", "a token is needed",
      detail: "Send Authorization: Bearer sel_…; edgectl token create, on the node, makes one.", challenge: ""
    )
  }

  static var tokenInvalid: Problem {
    unauthorized(
      "token-invalid", "this token is not valid",
      detail: "No token of this node is like it, or it has expired. edgectl token list shows them.",
      challenge: ", error=\"invalid_token\"")
  }

  private static func unauthorized(
    _ name: String, _ title: String, detail: String, challenge: String
  ) -> Problem {
    var problem = Problem(.unauthorized, name, title, detail: detail)
    problem.headers[.wwwAuthenticate] = "Bearer realm=\"selvedge\"" + challenge
    return problem
  }

  static func scopeMissing(_ scope: Caller.Scope, _ caller: Caller) -> Problem {
    Problem(
      .forbidden, "scope-missing", "the caller may not do this",
      detail: "\(caller.name) has the scope \(caller.scope.name); this needs \(scope.name).",
      members: ["needed": .string(scope.name), "scope": .string(caller.scope.name)])
  }

  static func namespaceMissing(_ namespace: String, _ caller: Caller) -> Problem {
    let list = caller.namespaces?.sorted().joined(separator: ", ") ?? ""
    return Problem(
      .forbidden, "scope-missing", "the caller may not do this",
      detail: "\(caller.name) has the namespaces \(list); this is in \(namespace).",
      members: ["namespace": .string(namespace)])
  }

  static var consoleHeaderMissing: Problem {
    Problem(
      .forbidden, "cross-site", "a page of another site may not call this API",
      detail: "A request with the cookie that changes something needs the header X-Selvedge-Console: 1.")
  }

  static var bodyTooSlow: Problem {
    Problem(
      .requestTimeout, "body-too-slow", "the body takes too long",
      detail: "At most \(Limits.bodyTime / 1_000_000_000) seconds are waited for it.")
  }

  static func tooManyRequests(seconds: Int, _ fact: String) -> Problem {
    var problem = Problem(
      .tooManyRequests, "too-many-requests", "too many requests",
      detail: "\(fact) Try again in \(seconds) s.", members: ["retryAfter": .int(Int64(seconds))])
    problem.headers[.retryAfter] = "\(seconds)"
    return problem
  }
}
