// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import Synchronization

/// What a handler says of the change that it makes, for its line in the log of events.
final class AuditNote: Sendable {
  private struct State {
    var text: String?
    var details: JSON.Members = [:]
    var isQuiet = false
  }
  private let state = Mutex(State())

  /// - Parameter text: one line for people, instead of the one made of the path.
  func say(_ text: String, _ details: JSON.Members = [:]) {
    state.withLock { state in
      state.text = text
      for member in details { state.details[member.name] = member.value }
    }
  }

  /// The line would only repeat the one before.
  func keepQuiet() { state.withLock { $0.isQuiet = true } }

  var isQuiet: Bool { state.withLock { $0.isQuiet } }
  var text: String? { state.withLock { $0.text } }
  var details: JSON.Members { state.withLock { $0.details } }
}

/// Writes a line for every request that changes something, or was refused to.
struct Audit: Sendable {
  let events: (any EventRecorder)?

  /// A request that the router knew, with its answer.
  func record(
    _ endpoint: Endpoint, _ head: HTTPRequest, _ parameters: [String: String], caller: Caller,
    status: Int, problem: Problem?, note: AuditNote
  ) {
    guard let events, endpoint.writes, !note.isQuiet else { return }
    // The twin tells of the values that it took.
    if problem == nil, status < 400, endpoint.isRecordedByTwin { return }
    let path = String((head.path ?? "").prefix { $0 != "?" })
    let action = Self.action(endpoint)
    var details: JSON.Members = [
      "method": .string(head.method.rawValue), "path": .string(path), "status": .int(Int64(status)),
    ]
    for member in note.details { details[member.name] = member.value }
    if let method = parameters["method"] { details["name"] = .string(method) }
    var device: DeviceName?
    if endpoint.path.hasPrefix("/v1/devices/") {
      device = DeviceName(namespace: parameters["namespace"] ?? "", name: parameters["name"] ?? "")
    }
    events.record(
      EventRecord(
        .change, action, note.text ?? "\(action) \(path)", level: Self.level(status), device: device,
        property: parameters["property"], caller: caller,
        problem: problem.map { "\($0.name): \($0.detail)" } ?? "", details: details))
  }

  /// Somebody should look at those who try what they may not.
  private static func level(_ status: Int) -> EventRecord.Level {
    switch status {
    case 401, 403, 429: .warning
    case 500...: .error
    default: .info
    }
  }

  private static func action(_ endpoint: Endpoint) -> String {
    let isDelete = endpoint.method == .delete
    return switch endpoint.path {
    case "/v1/session": isDelete ? "logout" : "login"
    case let path where path.hasPrefix("/v1/manifests"): isDelete ? "delete" : "apply"
    case let path where path.hasPrefix("/v1/tokens"): isDelete ? "deleteToken" : "createToken"
    case let path where path.hasSuffix("/methods/{method}"): "call"
    case let path where path.hasSuffix("/scan"): "scan"
    case let path where path.hasSuffix("/describe"): "describe"
    default: isDelete ? "clear" : "set"
    }
  }
}
