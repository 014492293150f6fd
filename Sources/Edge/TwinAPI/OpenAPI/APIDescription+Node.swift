// SPDX-License-Identifier: Apache-2.0
internal import JSON

extension APIDescription {
  static var nodeOperations: [APIOperation] {
    let manifest = APIOperation.Content(
      types: ["application/yaml", "application/json", "text/plain"], schema: ["type": "string"])
    return [
      APIOperation("GET /v1/node", "The agent.", .json("Object")),
      APIOperation("GET /v1/manifests", "What is wrong in the manifests folder.", .json("Object")),
      APIOperation(
        "PUT /v1/manifests", "Creates or changes objects, all or nothing.",
        [.text("source", "The name that problems show.")], body: manifest, .json("ManifestChanges")),
      APIOperation(
        "DELETE /v1/manifests/{kind}/{namespace}/{name}", "Removes an object.", .json("ManifestChanges")),
      APIOperation(
        "GET /v1/events", "The log of events, newest first.",
        [
          .text("kind", "change, outcome, link, mapper, node; between commas."),
          .text("device", "namespace/name"),
          .choice("level", ["info", "warning", "error"], "This level and those above."),
          .text("before", "An id: the events before it."), .number("limit", 1...1000, "Events of a page."),
        ], .json("ItemList")),
      APIOperation(
        "GET /v1/events/stream", "The log of events as it grows.",
        [
          .text("kind", "As above."), .text("device", "namespace/name"),
          .choice("level", ["info", "warning", "error"], "This level and those above."),
          .header("Last-Event-ID", "Goes on after it."),
        ], .events),
      APIOperation("GET /v1/whoami", "Who asks, and what they may do.", .json("Object")),
      APIOperation(
        "POST /v1/session", "Logs a browser in.", body: .json("Login"), .json("Object")
      ).also(204, "Logged in.", nil),
      APIOperation("DELETE /v1/session", "Logs a browser out.", .json("Object")).also(
        204, "Logged out.", nil),
      APIOperation("GET /v1/tokens", "The tokens, without their secrets.", .json("ItemList")),
      APIOperation(
        "POST /v1/tokens", "Makes a token; its secret is shown this once.", body: .json("NewToken"),
        status: 201, .json("Object")),
      APIOperation("DELETE /v1/tokens/{id}", "Takes a token away.", .json("Object")).also(204, "Gone.", nil),
      APIOperation(
        "GET /metrics", "Counters for Prometheus.", [.flag("devices", "A series a device too.")], .plain),
      APIOperation("GET /openapi.json", "This document.", .json("Object")),
      APIOperation("GET /healthz", "The process answers.", .plain),
      APIOperation("GET /readyz", "The node does its work.", .plain),
      APIOperation("GET /", "The console.", .other("text/html")),
      APIOperation(
        "GET /console/{file}", "Its parts.", .other("text/javascript", "text/css", "image/svg+xml")),
    ]
  }
}
