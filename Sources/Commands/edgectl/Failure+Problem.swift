// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// A problem document (RFC 9457) of the agent, as a failure.
extension Failure {
  init(status: Int, body: String) {
    guard let problem = try? JSON.parse(body), let type = problem["type"]?.string else {
      self.init(.failed, "the agent answered with status \(status)", hint: body)
      return
    }
    let name = type.split(separator: ":").last.map(String.init) ?? type
    self.init(
      Self.code(status: status, problem: name),
      Self.message(of: problem, name: name) ?? "status \(status)",
      hint: name == "method-not-found" && problem["available"]?.array?.isEmpty == true
        ? "" : Self.hint(for: name))
  }

  private static func message(of problem: JSON, name: String) -> String? {
    // Its detail is for programmers.
    if name == "not-found" { return "the agent cannot do this" }
    if name == "version-conflict", let version = problem["desiredVersion"]?.int {
      return "the twin has desired version \(version): somebody else has set a value"
    }
    // Here it is --yes that confirms, and no parameter.
    if name == "needs-confirmation", let method = problem["method"]?.string {
      return "\(method) can do harm, and nothing was done"
    }
    guard let title = problem["title"]?.string, let detail = problem["detail"]?.string else {
      return problem["detail"]?.string ?? problem["title"]?.string
    }
    let lines = detail.split(separator: "\n")
    if titled.contains(name), lines.count == 1 { return title + ": " + detail }
    // Several things are wrong: each has a line of its own.
    return lines.count > 1
      ? ([title + ":"] + lines.map { "  " + $0 }).joined(separator: "\n") : detail
  }

  /// Problems whose detail says nothing without their title.
  private static let titled: Set = [
    "desired-failed", "invalid-arguments", "invalid-options", "not-driven",
  ]

  private static func code(status: Int, problem: String) -> Outcome {
    switch problem {
    case "desired-replaced", "version-conflict", "shared-manifest", "reported-differs",
      "token-exists":
      .conflict
    case "device-not-found", "property-not-found", "mapper-not-found", "manifest-not-found",
      "method-not-found", "driver-not-found", "token-not-found":
      .notFound
    case "bad-request", "invalid-query", "invalid-arguments", "invalid-options": .usage
    case "call-timeout": .timeout
    default: status == 404 ? .notFound : .failed
    }
  }

  private static func hint(for problem: String) -> String {
    switch problem {
    case "not-found": "The agent may be older than this program: 'edgectl version' shows both."
    case "device-not-found": "'edgectl get devices -A' lists the devices."
    case "property-not-found": "'edgectl twin get' of the device lists its properties."
    case "mapper-not-found": "'edgectl get mappers' lists the mappers."
    case "version-conflict": "Read the twin again, and give its desired version with --if-version."
    case "method-not-found": "'edgectl get methods' of the device tells what they take."
    case "driver-not-found", "cannot-scan":
      "'edgectl discover' lists the drivers that can look for devices."
    case "needs-confirmation": "--yes says that it is meant."
    case "not-driven": "'edgectl get mappers' shows which mappers run."
    case "read-only": "Leave out --server to use the unix socket, or give a token."
    case "token-required":
      "--token-file, --token or SELVEDGE_TOKEN; 'edgectl token create' makes one on the node."
    case "token-invalid":
      "It may have expired or been deleted: 'edgectl token list' on the node shows them."
    case "scope-missing": "'edgectl whoami' shows what you may do."
    case "reported-differs": "'edgectl twin get' of the device shows what it reports."
    case "too-many-requests": "Wait a moment; the limits are in the agent's configuration."
    default: ""
    }
  }
}
