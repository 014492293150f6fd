// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// The log of events.
extension Handlers {
  static func eventEndpoints(_ handlers: Handlers) -> [Endpoint] {
    [
      Endpoint(method: .get, path: "/v1/events", handler: handlers.listEvents),
      Endpoint(method: .get, path: "/v1/events/stream", handler: handlers.streamEvents),
    ]
  }

  func listEvents(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("kind", "device", "level", "before", "limit")
    let events = try eventService()
    let limit = try call.query.integer("limit", in: 1...Limits.mostEvents) ?? Limits.events
    let before = try call.query.integer("before", in: 1...Int.max).map { UInt64($0) }
    let found = events.events(try Self.filter(call), before: before, limit: limit)
    var writer = JSONWriter(capacity: 256 + found.count * 256)
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for event in found { writer.event(event) }
    writer.endArray()
    if found.count == limit, let last = found.last, last.id > 1 {
      writer.name("continue")
      writer.string("\(last.id)")
    }
    writer.endObject()
    return .json(writer)
  }

  /// What comes from now on, or after the event that the reader saw last.
  func streamEvents(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("kind", "device", "level", "after")
    let events = try eventService()
    let filter = try Self.filter(call)
    let after = try Self.start(call, newest: events.newest)
    guard let place = followers.enter() else {
      throw .busy("All \(followers.limit) streams of events are in use, or the agent stops.")
    }
    let request = call.request
    let body = ResponseBody { writer in
      defer { withExtendedLifetime(place) {} }
      var lines = EventLines(writer)
      try await request.body.consumeWithCancellationOnInboundClose { _ in
        try await follow(events, filter, after: after, until: place.end, into: &lines)
      }
      try await lines.finish()
    }
    return Response(status: .ok, headers: .api(type: "text/event-stream"), body: body)
  }

  private enum EventStep: Sendable {
    case events([LoggedEvent], missed: UInt64)
    case tick
    case end
  }

  private func follow(
    _ service: any EventService, _ filter: EventFilter, after start: UInt64, until end: AsyncStream<Void>,
    into lines: inout EventLines
  ) async throws {
    try await lines.begin()
    try await withThrowingTaskGroup(of: EventStep.self) { group in
      var after = start
      var isQuiet = true
      group.addTask { await Self.next(service, filter, after: start) }
      group.addTask { [heartbeat] in try await Self.tick(heartbeat) }
      group.addTask {
        for await _ in end {}
        return .end
      }
      defer { group.cancelAll() }
      while let step = try await group.next() {
        switch step {
        case .events(let events, let missed):
          if missed > 0 { try await lines.missed(missed) }
          // Empty without a cancellation: the log closes.
          guard let last = events.last else { return }
          for event in events { try await lines.send(event) }
          after = last.id
          isQuiet = false
          group.addTask { [after] in await Self.next(service, filter, after: after) }
        case .tick:
          if isQuiet { try await lines.beat() }
          isQuiet = true
          group.addTask { [heartbeat] in try await Self.tick(heartbeat) }
        case .end: return
        }
      }
    }
  }

  private static func next(
    _ service: any EventService, _ filter: EventFilter, after: UInt64
  ) async -> EventStep {
    let (events, missed) = await service.next(after: after, filter, limit: Limits.events)
    return .events(events, missed: missed)
  }

  private static func tick(_ time: Duration) async throws -> EventStep {
    try await Task.sleep(for: time)
    return .tick
  }

  /// Last-Event-ID is what a browser sends when it comes back.
  private static func start(_ call: Call, newest: UInt64) throws(Problem) -> UInt64 {
    let field = call.headers.first { $0.name.canonicalName == "last-event-id" }?.value
    let parameter = try call.query.value("after")
    guard let text = field ?? parameter else { return newest }
    guard let id = UInt64(text), id < UInt64(Int64.max) else {
      throw Query.problem("after=\(text)", expected: "the id of an event")
    }
    // Of a log that is gone: everything there is.
    return id > newest ? 0 : id
  }

  private func eventService() throws(Problem) -> any EventService {
    guard let events = services.events else {
      throw Problem(
        .notFound, "no-events", "this node keeps no log of events", detail: "The agent runs without it.")
    }
    return events
  }

  private static func filter(_ call: Call) throws(Problem) -> EventFilter {
    var filter = EventFilter(namespaces: call.caller.namespaces)
    let kinds = call.query.list("kind")
    if !kinds.isEmpty {
      var known: Set<EventRecord.Kind> = []
      for text in kinds {
        guard let kind = EventRecord.Kind(rawValue: text) else {
          throw Query.problem(
            "kind=\(text)",
            expected: EventRecord.Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        known.insert(kind)
      }
      filter.kinds = known
    }
    if let text = try call.query.value("level") {
      guard let level = EventRecord.Level(rawValue: text) else {
        throw Query.problem("level=\(text)", expected: "info, warning or error")
      }
      filter.level = level
    }
    if let text = try call.query.value("device") {
      guard let device = DeviceName(parsing: text) else {
        throw Query.problem("device=\(text)", expected: "namespace/name")
      }
      filter.device = device
    }
    return filter
  }
}

/// Events as server-sent events. A write waits until the connection takes more.
private struct EventLines {
  private var writer: any ResponseBodyWriter
  private var json = JSONWriter(capacity: 1024)

  init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  /// How soon a browser comes back; also the first bytes, so that it knows the stream is open.
  mutating func begin() async throws { try await writer.write(ByteBuffer(string: "retry: 2000\n\n")) }

  mutating func beat() async throws { try await writer.write(ByteBuffer(string: ":\n\n")) }

  mutating func send(_ event: LoggedEvent) async throws {
    json.clear()
    json.event(event)
    var buffer = ByteBuffer(string: "id: \(event.id)\nevent: event\ndata: ")
    buffer.writeBytes(json.bytes)
    buffer.writeString("\n\n")
    try await writer.write(buffer)
  }

  mutating func missed(_ count: UInt64) async throws {
    try await writer.write(ByteBuffer(string: "event: missed\ndata: {\"count\":\(count)}\n\n"))
  }

  consuming func finish() async throws { try await writer.finish(nil) }
}
