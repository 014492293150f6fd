// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON

/// What was.
extension Handlers {
  static func historyEndpoints(_ handlers: Handlers) -> [Endpoint] {
    let device = "/v1/devices/{namespace}/{name}"
    return [
      Endpoint(method: .get, path: device + "/history", handler: handlers.listHistory),
      Endpoint(method: .get, path: device + "/history/export", handler: handlers.exportHistory),
      Endpoint(
        method: .get, path: device + "/properties/{property}/history", handler: handlers.getHistory),
    ]
  }

  func listHistory(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow()
    let device = try historyDevice(call)
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.name("items")
    writer.beginArray()
    for extent in try await extents(of: device.name) { writer.extent(extent) }
    writer.endArray()
    writer.endObject()
    return .json(writer)
  }

  func getHistory(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("from", "to", "step", "limit")
    let device = try historyDevice(call)
    let name = call.parameters["property"] ?? ""
    guard let property = device.properties.first(where: { $0.name == name }) else {
      throw .propertyNotFound(name, of: device.name)
    }
    let range = try HistoryRange(call.query, now: WallClock.system.milliseconds)
    let query = HistoryQuery(
      device: device.name, property: name, from: range.from, to: range.to, step: range.step,
      limit: range.limit)
    let service = try historyService()
    let answer: HistoryAnswer
    do throws(HistoryError) {
      answer = try await service.history(query)
    } catch .propertyNotFound {
      // The twin has it, and no value came yet.
      answer = HistoryAnswer(rows: range.step == nil ? .samples([]) : .steps([]))
    } catch {
      throw Problem(error)
    }
    var writer = JSONWriter(capacity: 4096)
    writer.history(answer, of: property, in: range)
    return .json(writer)
  }

  func exportHistory(_ call: Call) async throws(Problem) -> Response {
    try call.query.allow("property", "from", "to", "format")
    let device = try historyDevice(call)
    let text = try call.query.value("format") ?? "csv"
    guard let format = HistoryExport.Format(rawValue: text) else {
      throw Query.problem("format=\(text)", expected: "csv or jsonl")
    }
    let (from, to) = try HistoryRange.bounds(call.query, now: WallClock.system.milliseconds, from: .min)
    var properties = call.query.list("property")
    for name in properties where !device.properties.contains(where: { $0.name == name }) {
      throw .propertyNotFound(name, of: device.name)
    }
    if properties.isEmpty { properties = try await extents(of: device.name).map(\.property) }
    let export = HistoryExport(
      history: try historyService(), device: device.name, properties: properties, from: from, to: to,
      format: format)
    let first: HistoryExport.Page
    do throws(HistoryError) {
      first = try await properties.isEmpty ? .init() : export.page(of: properties[0], from: from)
    } catch {
      throw Problem(error)
    }
    let body = ResponseBody { writer in
      var writer: any ResponseBodyWriter = writer
      try await export.write(first, to: &writer)
      try await writer.finish(nil)
    }
    var headers = HTTPFields.api(type: format.type)
    headers[.contentDisposition] =
      "attachment; filename=\"\(device.name.namespace)-\(device.name.name).\(format.rawValue)\""
    return Response(status: .ok, headers: headers, body: body)
  }

  /// The device, where there is a history and the caller may see it.
  private func historyDevice(_ call: Call) throws(Problem) -> DeviceSnapshot {
    _ = try historyService()
    let name = try call.device()
    guard call.caller.maySee(name), let device = twins.device(name) else { throw .deviceNotFound(name) }
    return device
  }

  private func historyService() throws(Problem) -> any HistoryService {
    guard let history = services.history else { throw .noHistory }
    return history
  }

  /// A device of which no value came yet has none.
  private func extents(of device: DeviceName) async throws(Problem) -> [HistoryExtent] {
    let service = try historyService()
    do throws(HistoryError) {
      return try await service.extent(of: device)
    } catch .deviceNotFound {
      return []
    } catch {
      throw Problem(error)
    }
  }
}
