// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// Figures for Prometheus.
extension Handlers {
  static func metricEndpoints(_ handlers: Handlers) -> [Endpoint] {
    [Endpoint(method: .get, path: "/metrics", handler: handlers.getMetrics)]
  }

  /// `devices=true`: the link of every device too, which is a series a device.
  func getMetrics(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("devices")
    let withDevices = try call.query.flag("devices")
    var text = MetricText()
    text.process()
    text.node(node.node())
    var states: [LinkState: Int] = [:]
    var devices: [(DeviceName, LinkState)] = []
    for name in twins.deviceNames() where call.caller.maySee(name) {
      guard let state = twins.read(name, { $0.link.state }) else { continue }
      states[state, default: 0] += 1
      if withDevices { devices.append((name, state)) }
    }
    text.links(states)
    if withDevices { text.devices(devices) }
    text.mappers(mappers.mappers())
    text.requests(metrics)
    text.access(access, watches: watches.count, works: works.count, events: followers.count)
    var body = ByteBuffer()
    body.writeBytes(text.bytes)
    return Response(
      status: .ok, headers: .api(type: "text/plain; version=0.0.4; charset=utf-8"),
      body: .init(byteBuffer: body))
  }
}

extension MetricText {
  fileprivate mutating func access(_ access: AccessControl, watches: Int, works: Int, events: Int) {
    begin("selvedge_tokens", .gauge, "Tokens of the node.")
    sample(access.tokens.all.count)
    begin("selvedge_sessions", .gauge, "Browsers that are logged in.")
    sample(access.sessions.count)
    begin("selvedge_http_streams", .gauge, "Requests that hold a connection, by kind.")
    sample(watches, ["kind": "watch"])
    sample(works, ["kind": "work"])
    sample(events, ["kind": "events"])
  }
}
