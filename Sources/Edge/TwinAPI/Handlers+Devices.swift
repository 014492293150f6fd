// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// Reading twins. Nothing here waits: the twins are in memory.
extension Handlers {
  func listDevices(_ call: Call) async throws(Problem) -> Response {
    let query = call.query
    try query.allow("namespace", "labelSelector", "state", "protocol", "fields", "limit", "continue")
    let filter = try DeviceFilter(query)
    let form = try Self.form(query)
    let limit = try query.integer("limit", in: 1...Limits.largestPage) ?? Limits.page
    let names = filter.narrow(twins.deviceNames(), after: try PageToken.read(query))

    var writer = JSONWriter(capacity: 4096)
    var listed = 0
    var last: DeviceName?
    var continues = false
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for name in names {
      guard let device = twins.device(name), filter.matches(device) else { continue }
      if listed == limit {
        continues = true
        break
      }
      writer.device(device, as: form)
      listed += 1
      last = name
    }
    writer.endArray()
    if continues, let last {
      writer.name("continue")
      writer.string(PageToken.text(after: last))
    }
    writer.endObject()
    return .json(writer)
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
