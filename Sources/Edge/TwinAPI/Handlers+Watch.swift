// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// Following changes as server-sent events.
extension Handlers {
  /// First every device of the filter, then each change: what changed while the reader was slow comes once,
  /// with its latest values. So nothing piles up here, whatever the reader does.
  func watch(_ call: Call) async throws(Problem) -> Response {
    let query = call.query
    try query.allow("device", "namespace", "property")
    var filter = WatchFilter(namespace: try query.value("namespace"))
    if let text = try query.value("device") {
      guard let device = DeviceName(parsing: text) else {
        throw Query.problem("device=\(text)", expected: "namespace/name")
      }
      filter.device = device
    }
    let properties = query.list("property")
    if !properties.isEmpty { filter.properties = Set(properties) }
    guard watches.count < watches.limit else { throw .busy("All \(watches.limit) watches are in use.") }

    let request = call.request
    let body = ResponseBody { [filter] writer in
      var stream = EventStream(writer)
      try await request.body.consumeWithCancellationOnInboundClose { _ in
        try await watches.withWatch(filter, of: twins) { watch in
          try await follow(watch, into: &stream)
        }
      }
      try await stream.finish()
    }
    return Response(status: .ok, headers: .api(type: "text/event-stream"), body: body)
  }

  private func follow(_ watch: any TwinWatch, into stream: inout EventStream) async throws {
    try await stream.begin()
    try await withThrowingTaskGroup(of: WatchStep.self) { group in
      group.addTask { await Self.next(watch) }
      group.addTask { [heartbeat] in try await Self.tick(heartbeat) }
      defer { group.cancelAll() }
      var isQuiet = true
      while let step = try await group.next() {
        switch step {
        case .change(let change?):
          try await stream.send(change)
          isQuiet = false
          group.addTask { await Self.next(watch) }
        case .change(nil):
          return
        case .tick:
          if isQuiet { try await stream.beat() }
          isQuiet = true
          group.addTask { [heartbeat] in try await Self.tick(heartbeat) }
        }
      }
    }
  }

  private enum WatchStep: Sendable {
    case change(TwinChange?)
    case tick
  }

  private static func next(_ watch: any TwinWatch) async -> WatchStep {
    await withTaskCancellationHandler {
      .change(await watch.next())
    } onCancel: {
      watch.cancel()
    }
  }

  private static func tick(_ time: Duration) async throws -> WatchStep {
    try await Task.sleep(for: time)
    return .tick
  }
}
