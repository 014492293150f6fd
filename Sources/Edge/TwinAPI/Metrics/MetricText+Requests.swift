// SPDX-License-Identifier: Apache-2.0

/// Requests of this API.
extension MetricText {
  mutating func requests(_ metrics: RequestMetrics) {
    let (routes, refusals, underWay) = metrics.content
    let sorted = routes.sorted { $0.key < $1.key }
    begin("selvedge_http_requests_under_way", .gauge, "Requests whose answer has not begun.")
    sample(underWay)
    begin("selvedge_http_requests_total", .counter, "Requests by route and status.")
    for (route, figures) in sorted {
      for (status, count) in figures.statuses.sorted(by: { $0.key < $1.key }) {
        sample(Double(count), Self.labels(of: route) + [("status", "\(status)")])
      }
    }
    begin("selvedge_http_refused_total", .counter, "Requests that did not reach their handler, by problem.")
    for (name, count) in refusals.sorted(by: { $0.key < $1.key }) { sample(count, ["problem": name]) }
    begin("selvedge_http_request_seconds", .histogram, "Time until the answer began, by route.")
    for (route, figures) in sorted {
      let labels = Self.labels(of: route)
      var sum: UInt64 = 0
      for (place, bound) in RequestMetrics.bounds.enumerated() {
        sum += figures.buckets[place]
        sample(
          Double(sum), suffix: "_bucket", labels + [("le", Self.seconds(bound))])
      }
      sum += figures.buckets[RequestMetrics.bounds.count]
      sample(Double(sum), suffix: "_bucket", labels + [("le", "+Inf")])
      sample(Double(figures.microseconds) / 1e6, suffix: "_sum", labels)
      sample(Double(sum), suffix: "_count", labels)
    }
  }

  private static func labels(of route: String) -> [(name: String, value: String)] {
    let parts = route.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return [("method", ""), ("route", route)] }
    return [("method", String(parts[0])), ("route", String(parts[1]))]
  }

  private static func seconds(_ microseconds: Int64) -> String { (Double(microseconds) / 1e6).description }
}
