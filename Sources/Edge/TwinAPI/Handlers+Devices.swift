// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Reading twins. Nothing here waits: the twins are in memory.
extension Handlers {
  func listDevices(_ call: Call) async throws(Problem) -> Response {
    let query = call.query
    try query.allow(
      "namespace", "labelSelector", "state", "protocol", "where", "sort", "fields", "limit", "continue")
    let filter = try DeviceFilter(query, caller: call.caller)
    let form = try Self.form(query)
    let limit = try query.integer("limit", in: 1...Limits.largestPage) ?? Limits.page
    let sort = try query.value("sort")
    let page = try page(
      of: filter, sort: sort, after: try PageToken.read(query, sort: sort), limit: limit)

    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for place in page.places {
      // One that went since is left out.
      if let device = twins.device(place.name) { writer.device(device, as: form) }
    }
    writer.endArray()
    if page.continues, let last = page.places.last {
      writer.name("continue")
      writer.string(PageToken.text(after: last, sort: sort))
    }
    writer.endObject()
    return .json(writer)
  }

  /// The devices of a page, in order. Only what the filter and the keys ask for is looked at.
  private func page(of filter: DeviceFilter, sort: String?, after last: SortPlace?, limit: Int)
    throws(Problem)
    -> (places: [SortPlace], continues: Bool)
  {
    let keys = try sort.map { text throws(Problem) in try Self.sortKeys(text) } ?? []
    let now = WallClock.system.nanoseconds
    var names = twins.deviceNames()[...]
    if keys.isEmpty, let last { names = names[Array(names).partitioningIndex { $0 > last.name }...] }
    var places: [SortPlace] = []
    for name in names where filter.includes(name) {
      let values = twins.read(name) { device in
        filter.matches(device, now: now) ? keys.map { $0.operand.value(of: device, now: now) } : nil
      }
      guard let values = values ?? nil else { continue }
      let place = SortPlace(keys: values, name: name)
      if let last, !keys.isEmpty, !last.precedes(place, by: keys) { continue }
      places.append(place)
      if keys.isEmpty, places.count > limit { break }
    }
    if !keys.isEmpty { places.sort { $0.precedes($1, by: keys) } }
    return (Array(places.prefix(limit)), places.count > limit)
  }

  private static func sortKeys(_ text: String) throws(Problem) -> [SortKey] {
    do throws(ConditionError) {
      return try ConditionParser.sortKeys(text)
    } catch {
      throw Query.problem(error, parameter: "sort")
    }
  }

  func getDevice(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let name = try call.device()
    guard let device = twins.device(name) else { throw .deviceNotFound(name) }
    return Self.twin(device)
  }

  func getProperty(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let name = try call.device()
    guard let device = twins.device(name) else { throw .deviceNotFound(name) }
    return try Self.property(call.parameters["property"] ?? "", of: device)
  }

  static func twin(_ device: DeviceSnapshot, status: HTTPResponse.Status = .ok) -> Response {
    var writer = JSONWriter(capacity: 512 + 384 * device.properties.count)
    writer.device(device, as: .full)
    var response = Response.json(writer, status: status)
    response.headers[.eTag] = EntityTag.text(device.desiredVersion)
    return response
  }

  static func property(
    _ property: String, of device: DeviceSnapshot, status: HTTPResponse.Status = .ok
  ) throws(Problem) -> Response {
    guard let snapshot = device.properties.first(where: { $0.name == property }) else {
      throw .propertyNotFound(property, of: device.name)
    }
    var writer = JSONWriter()
    writer.property(snapshot)
    var response = Response.json(writer, status: status)
    response.headers[.eTag] = EntityTag.text(device.desiredVersion)
    return response
  }

  private static func form(_ query: Query) throws(Problem) -> JSONWriter.DeviceForm {
    switch try query.value("fields") {
    case nil, "summary": return .summary
    case "full": return .full
    case let other?: throw Query.problem("fields=\(other)", expected: "summary or full")
    }
  }
}
