// SPDX-License-Identifier: Apache-2.0

extension APIDescription {
  private static let device = "/v1/devices/{namespace}/{name}"
  private static let namespaces = APIOperation.Parameter.text("namespace", "One or several, between commas.")
  private static let labels = APIOperation.Parameter.text("labelSelector", "As in Kubernetes.")
  private static let states = APIOperation.Parameter.text("state", "States of the link, between commas.")
  private static let protocols = APIOperation.Parameter.text("protocol", "Ids of drivers, between commas.")
  private static let condition = APIOperation.Parameter.text(
    "where", "A condition such as `temperature.reported > 80 and link.state = online`.")
  private static let waiting: [APIOperation.Parameter] = [
    .choice("wait", ["applied"], "Wait until the device has the values."),
    .text("timeout", "How long to wait, such as 5s; up to 60s."),
    .header("If-Match", "Versions in quotes, such as \"3\"."),
  ]

  static var deviceOperations: [APIOperation] {
    let property = device + "/properties/{property}"
    return [
      APIOperation(
        "GET /v1/devices", "The devices, a page at a time.",
        [
          namespaces, labels, states, protocols, condition,
          .text("sort", "Keys between commas, a minus before one turns it around."),
          .choice("fields", ["summary", "full"], "Whether properties are shown."),
          .number("limit", 1...5000, "Devices of a page."),
          .text("continue", "The text that the page before gave."),
        ], .json("DevicePage")),
      APIOperation("GET " + device, "One twin.", .json("Device")),
      APIOperation(
        "PATCH " + device, "Sets desired values, all of them or none.", waiting,
        body: .init(
          types: ["application/merge-patch+json", "application/json"],
          schema: APIOperation.reference("DesiredPatch")), .json("Device")
      )
      .also(202, "Stored, and not yet applied.", .json("Device")),
      APIOperation("GET " + property, "One property.", .json("NamedProperty")),
      APIOperation(
        "PUT " + property + "/desired", "Sets one desired value.", waiting, body: .json("Scalar"),
        .json("NamedProperty")
      ).also(202, "Stored, and not yet applied.", .json("NamedProperty")),
      APIOperation(
        "DELETE " + property + "/desired", "Takes a desired value back.", waiting, .json("NamedProperty")
      ).also(202, "Stored, and not yet applied.", .json("NamedProperty")),
      APIOperation(
        "POST /v1/batch", "Sets values of many devices, all or nothing or one by one.", body: .json("Batch"),
        .json("BatchResults")),
      APIOperation(
        "GET /v1/watch", "Changes as server-sent events.",
        [
          .text("device", "namespace/name"), namespaces, labels, states, protocols, condition,
          .text("property", "One or several, between commas."),
          .text("after", "The id of an event: goes on after it."),
          .header("Last-Event-ID", "As `after`, which it wins over."),
        ], .events),
      APIOperation("GET /v1/ws", "A WebSocket, with the subprotocol selvedge.v1.", status: 101, nil),
      APIOperation(
        "GET " + device + "/history", "Of which properties there is a history.", .json("HistoryList")),
      APIOperation(
        "GET " + property + "/history", "What a property was.",
        [
          .text("from", "RFC 3339, Unix ms, or relative to now such as -1h (default)."),
          .text("to", "As `from`; default now."),
          .text("step", "Aggregates of such a time, such as 10s; absent: samples."),
          .number("limit", 1...10_000, "Rows."),
        ], .json("History")),
      APIOperation(
        "GET " + device + "/history/export", "Histories as a file.",
        [
          .text("property", "One or several, between commas."), .text("from", "As above."),
          .text("to", "As above."), .choice("format", ["csv", "jsonl"], "Of the file."),
        ], .other("text/csv", "application/jsonl", "application/x-ndjson")),
    ]
  }

  static var driverOperations: [APIOperation] {
    [
      APIOperation("GET " + device + "/methods", "What the device can do.", .json("MethodList")),
      APIOperation(
        "POST " + device + "/methods/{method}", "Calls a method.",
        [
          .text("timeout", "Such as 5s; up to 60s."),
          .flag("confirm", "It is meant: for methods that can do harm."),
        ], body: .json("Object"), isBodyRequired: false, .json("MethodResult")),
      APIOperation(
        "POST " + device + "/describe", "Asks a device what it has.", [.text("timeout", "Such as 60s.")],
        .events),
      APIOperation(
        "POST /v1/drivers/{driver}/scan", "Looks for devices.",
        [.text("timeout", "Such as 60s."), .text("namespace", "Of the manifests.")], body: .json("Object"),
        isBodyRequired: false, .events),
      APIOperation("GET /v1/mappers", "The mapper libraries.", .json("ItemList")),
      APIOperation("GET /v1/mappers/{file}", "One of them, with its schemas.", .json("Object")),
    ]
  }
}
