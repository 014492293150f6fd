// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Looking for devices. What is found comes as server-sent events while the driver goes on looking.
extension Handlers {
  func scan(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("timeout", "namespace")
    let namespace = try Self.namespace(call.query)
    let request = ScanRequest(
      driver: call.parameters["driver"] ?? "", options: try await call.members("the options"),
      timeout: try Self.timeout(call.query))
    let drafts = ManifestDrafts(namespace: namespace) { [twins] in twins.device($0) != nil }
    return try stream(on: call, drafts: drafts) { onEvent throws(DiscoveryError) in
      try discovery.scan(request, onEvent: onEvent)
    }
  }

  func describe(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("timeout")
    let device = try call.device()
    let timeout = try Self.timeout(call.query)
    let drafts = ManifestDrafts(of: device)
    return try stream(on: call, drafts: drafts) { onEvent throws(DiscoveryError) in
      try discovery.describe(device, timeout: timeout, onEvent: onEvent)
    }
  }

  private func stream(
    on call: Call, drafts: ManifestDrafts,
    _ begin: (@escaping @Sendable (ScanEvent) -> Void) throws(DiscoveryError) -> any OngoingWork
  ) throws(Problem) -> Response {
    let place = try works.place(for: .scan, on: call.connection)
    let feed = ScanFeed()
    do throws(DiscoveryError) {
      place.set(try begin { feed.take($0) })
    } catch {
      if case .deviceNotFound(let name) = error, twins.device(name) != nil {
        throw .notDriven(name, reason: "no mapper drives it")
      }
      throw Problem(error)
    }
    // The body holds the place: when it is dropped, also unread, the scan is over.
    let body = ResponseBody { [heartbeat] writer in
      defer { withExtendedLifetime(place) {} }
      var stream = EventStream(writer)
      try await Self.follow(feed, drafts: drafts, heartbeat: heartbeat, into: &stream)
      try await stream.finish()
    }
    return Response(status: .ok, headers: .api(type: "text/event-stream"), body: body)
  }

  private static func follow(
    _ feed: ScanFeed, drafts: ManifestDrafts, heartbeat: Duration, into stream: inout EventStream
  ) async throws {
    let timer = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: heartbeat)
        feed.beat()
      }
    }
    defer { timer.cancel() }
    var drafts = drafts
    try await stream.begin()
    while true {
      switch await feed.next() {
      case .found(let device):
        try await stream.send("found") { $0.found(device, draft: drafts.next(for: device)) }
      case .progress(let done, let total, let text):
        try await stream.send("progress") { $0.progress(done: done, total: total, text: text) }
      case .beat:
        try await stream.beat()
      case .ended(let status, let text, let found, let dropped):
        try await stream.send("end") { $0.scanEnd(status, text: text, found: found, dropped: dropped) }
        return
      }
    }
  }

  private static func timeout(_ query: Query) throws(Problem) -> Duration {
    try query.duration("timeout", upTo: ScanRequest.longestTimeout) ?? ScanRequest.timeout
  }

  private static func namespace(_ query: Query) throws(Problem) -> String {
    let namespace = try query.value("namespace") ?? "default"
    guard DeviceName(namespace: namespace, name: "x") != nil else {
      throw Query.problem(
        "namespace=\(namespace)", expected: "lower-case letters, digits and '-', at most 63")
    }
    return namespace
  }
}
