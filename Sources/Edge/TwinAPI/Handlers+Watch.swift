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
    try query.allow(
      "device", "namespace", "labelSelector", "state", "protocol", "where", "property", "after")
    let properties = query.list("property")
    let filter = StreamFilter(
      devices: try DeviceFilter(query, caller: call.caller),
      properties: properties.isEmpty ? nil : Set(properties))
    var start = StreamStart.beginning
    // The header is what a browser sends by itself when it comes back, so it is the later one.
    let after = try query.value("after")
    if let text = call.field("last-event-id") ?? after, !text.isEmpty {
      start = try StreamStart(text, epoch: twins.epoch)
    }
    let place = try watches.place()
    let channel = call.channel
    let pump = watches.pump(on: channel.eventLoop, twins: twins, heartbeat: heartbeat)
    let body = ResponseBody { [start] writer in
      defer { withExtendedLifetime(place) {} }
      // How soon a browser comes back after a break; also the first bytes, so that it knows the stream is open.
      try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
      let session = StreamSession(channel: channel, pump: pump)
      place.onClose { session.end(isGone: false) }
      try await session.run(filter: filter, start: start)
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: .api(type: "text/event-stream"), body: body)
  }
}
