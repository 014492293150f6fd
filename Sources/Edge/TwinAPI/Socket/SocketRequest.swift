// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// One message of a client: `{"id":1,"op":"set",…}`.
struct SocketRequest: Sendable {
  private let id: JSON
  private let body: Result<JSON.Members, Problem>

  init(_ bytes: [UInt8]) {
    do throws(JSONError) {
      let json = try JSON.parse(bytes)
      guard let members = json.object else {
        id = .null
        body = .failure(Self.problem("the message", json, expected: "an object"))
        return
      }
      id = members["id"] ?? .null
      body = .success(members)
    } catch {
      id = .null
      body = .failure(
        Problem(
          .badRequest, "invalid-json", "the message is not JSON",
          detail: "At byte \(error.offset): \(error.reason).",
          members: ["offset": .int(Int64(error.offset))]))
    }
  }

  /// The answer as JSON, and what becomes of the socket's watch.
  func answer(by session: SocketSession) async -> ([UInt8], SocketSession.WatchChange) {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    writer.name("id")
    writer.value(id)
    var watch = SocketSession.WatchChange.none
    do throws(Problem) {
      var result = JSONWriter(capacity: 256)
      watch = try await run(try body.get(), session, &result)
      writer.name("ok")
      writer.bool(true)
      if !result.bytes.isEmpty {
        writer.name("result")
        writer.raw(result.bytes)
      }
    } catch {
      writer.name("problem")
      writer.problem(error)
    }
    writer.endObject()
    return (writer.bytes, watch)
  }

  private func run(_ body: JSON.Members, _ session: SocketSession, _ result: inout JSONWriter)
    async throws(Problem) -> SocketSession.WatchChange
  {
    switch body["op"]?.string {
    case "watch":
      try allow(body, "filter", "after")
      return try watch(body, session)
    case "unwatch":
      try allow(body)
      return .end
    case "get":
      try allow(body, "device")
      let name = try device(body)
      guard session.caller.maySee(name), let device = session.handlers.twins.device(name) else {
        throw .deviceNotFound(name)
      }
      result.device(device, as: .full)
    case "set":
      try allow(body, "device", "desired", "ifVersion", "wait", "timeout")
      try require(.write, session.caller)
      try await set(body, session, &result)
    case "call":
      try allow(body, "device", "method", "arguments", "timeout", "confirm")
      try require(.write, session.caller)
      try await call(body, session, &result)
    case .some, nil:
      throw Self.problem("op", body["op"] ?? .null, expected: "watch, unwatch, get, set or call")
    }
    return .none
  }

  private func watch(_ body: JSON.Members, _ session: SocketSession) throws(Problem)
    -> SocketSession.WatchChange
  {
    var devices = DeviceFilter()
    devices.visible = session.caller.namespaces
    var properties: Set<String>?
    let filter = body["filter"] ?? [:]
    guard let members = filter.object else { throw Self.problem("filter", filter, expected: "an object") }
    for member in members {
      let path = "filter." + member.name
      switch member.name {
      case "device": devices.device = try DeviceFilter.device(try text(member.value, path))
      case "namespace": devices.namespaces = try texts(member.value, path)
      case "property": properties = Set(try texts(member.value, path))
      case "labelSelector": devices.selector = try DeviceFilter.selector(try text(member.value, path))
      case "where": devices.condition = try DeviceFilter.condition(try text(member.value, path))
      default:
        throw Self.problem(
          path, member.value, expected: "only device, namespace, property, labelSelector and where")
      }
    }
    var start = StreamStart.beginning
    if let after = body["after"] {
      start = try StreamStart(try text(after, "after"), epoch: session.handlers.twins.epoch)
    }
    return .begin(StreamFilter(devices: devices, properties: properties), start)
  }

  private func set(_ body: JSON.Members, _ session: SocketSession, _ result: inout JSONWriter)
    async throws(Problem)
  {
    let desired = body["desired"] ?? .null
    guard let members = desired.object else { throw Self.problem("desired", desired, expected: "an object") }
    var changes: [DesiredChange] = []
    for member in members {
      changes.append(
        try MergePatch.change(member.value, of: member.name, path: "desired." + member.name))
    }
    var write = DesiredWrite(device: try device(body), changes: changes, caller: session.caller)
    if let json = body["ifVersion"] {
      guard let version = json.int else { throw Self.problem("ifVersion", json, expected: "a whole number") }
      write.condition = .oneOf([version])
    }
    let timeout = try timeout(body, upTo: Limits.longestWait)
    if let wait = body["wait"] {
      guard wait == "applied" else { throw Self.problem("wait", wait, expected: "applied") }
      write.wait = timeout ?? Limits.wait
    } else if let json = body["timeout"] {
      throw Self.problem("timeout", json, expected: "it together with wait")
    }
    let (status, snapshot) = try await write.run(session.handlers.twins, session.handlers.watches)
    result.beginObject()
    result.name("status")
    result.string(status == .accepted ? "pending" : write.wait == nil ? "stored" : "applied")
    result.name("desiredVersion")
    result.int(snapshot.desiredVersion)
    result.endObject()
  }

  private func call(_ body: JSON.Members, _ session: SocketSession, _ result: inout JSONWriter)
    async throws(Problem)
  {
    let arguments = body["arguments"] ?? [:]
    guard let members = arguments.object else {
      throw Self.problem("arguments", arguments, expected: "an object")
    }
    let confirm = body["confirm"] ?? false
    guard let isConfirmed = confirm.bool else {
      throw Self.problem("confirm", confirm, expected: "true or false")
    }
    let name = try device(body)
    guard session.caller.maySee(name) else { throw .deviceNotFound(name) }
    let request = MethodCall(
      device: name, method: try text(body["method"] ?? .null, "method"), arguments: members,
      timeout: try timeout(body, upTo: MethodCall.longestTimeout) ?? MethodCall.timeout,
      isConfirmed: isConfirmed)
    var event = EventRecord(
      .change, "call", "\(session.caller.name) calls \(request.method) of \(name)", device: name,
      caller: session.caller, details: ["arguments": .object(members)])
    defer { session.handlers.services.events?.record(event) }
    do throws(Problem) {
      result.outcome(
        try await session.handlers.outcome(of: request, on: ObjectIdentifier(session.channel)))
    } catch {
      event.problem = error.detail
      throw error
    }
  }

  // MARK: Members

  private func device(_ body: JSON.Members) throws(Problem) -> DeviceName {
    let json = body["device"] ?? .null
    guard let name = json.string.flatMap({ DeviceName(parsing: $0) }) else {
      throw Self.problem("device", json, expected: "namespace/name")
    }
    return name
  }

  /// Milliseconds.
  private func timeout(_ body: JSON.Members, upTo limit: Duration) throws(Problem) -> Duration? {
    guard let json = body["timeout"] else { return nil }
    guard let milliseconds = json.int, milliseconds >= 0, milliseconds <= limit.components.seconds * 1000
    else {
      throw Self.problem(
        "timeout", json, expected: "milliseconds, up to \(limit.components.seconds * 1000)")
    }
    return .milliseconds(milliseconds)
  }

  private func text(_ json: JSON, _ path: String) throws(Problem) -> String {
    guard let text = json.string else { throw Self.problem(path, json, expected: "a string") }
    return text
  }

  /// A string, or several.
  private func texts(_ json: JSON, _ path: String) throws(Problem) -> [String] {
    if let text = json.string { return [text] }
    guard let array = json.array else { throw Self.problem(path, json, expected: "a string or several") }
    var all: [String] = []
    for element in array { all.append(try text(element, path)) }
    return all
  }

  private func allow(_ body: JSON.Members, _ names: String...) throws(Problem) {
    for member in body where !(names + ["id", "op"]).contains(member.name) {
      throw Self.problem(
        member.name, member.value, expected: "one of " + (["id", "op"] + names).joined(separator: ", "))
    }
  }

  private func require(_ scope: Caller.Scope, _ caller: Caller) throws(Problem) {
    guard caller.scope >= scope else {
      throw Problem(
        .forbidden, "scope-missing", "this needs another scope",
        detail: "\(caller.name) may \(caller.scope.name); this needs \(scope.name).",
        members: ["scope": .string(scope.name)])
    }
  }

  private static func problem(_ path: String, _ value: JSON, expected: String) -> Problem {
    Problem(
      .badRequest, "invalid-message", "the message is not right",
      detail: "\(path): \(value.kind): expected \(expected).",
      members: ["path": .string(path), "expected": .string(expected)])
  }
}
