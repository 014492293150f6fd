// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// What the description says of one route.
struct APIOperation {
  /// A parameter of the query, or a header.
  struct Parameter {
    let name: String
    let summary: String
    let schema: JSON
    var place = "query"

    static func text(_ name: String, _ summary: String) -> Parameter {
      Parameter(name: name, summary: summary, schema: ["type": "string"])
    }

    static func choice(_ name: String, _ values: [String], _ summary: String) -> Parameter {
      Parameter(
        name: name, summary: summary,
        schema: ["type": "string", "enum": .array(values.map { .string($0) })])
    }

    static func flag(_ name: String, _ summary: String) -> Parameter {
      Parameter(name: name, summary: summary, schema: ["type": "boolean"])
    }

    static func number(_ name: String, _ range: ClosedRange<Int64>, _ summary: String) -> Parameter {
      Parameter(
        name: name, summary: summary,
        schema: ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)])
    }

    static func header(_ name: String, _ summary: String) -> Parameter {
      Parameter(name: name, summary: summary, schema: ["type": "string"], place: "header")
    }
  }

  struct Content {
    let types: [String]
    let schema: JSON

    static func json(_ schema: String) -> Content {
      Content(types: ["application/json"], schema: APIOperation.reference(schema))
    }

    static func other(_ types: String...) -> Content { Content(types: types, schema: ["type": "string"]) }
    static let events = other("text/event-stream")
    static let plain = other("text/plain")
  }

  /// `GET /v1/devices`
  let route: String
  let summary: String
  var parameters: [Parameter] = []
  var body: Content?
  var isBodyRequired = true
  /// Beside problems, which every route may answer.
  var answers: [(status: Int, summary: String, content: Content?)] = []

  init(
    _ route: String, _ summary: String, _ parameters: [Parameter] = [], body: Content? = nil,
    isBodyRequired: Bool = true, status: Int = 200, _ answer: Content?
  ) {
    self.route = route
    self.summary = summary
    self.parameters = parameters
    self.body = body
    self.isBodyRequired = isBodyRequired
    answers = [(status, summary, answer)]
  }

  /// Without parameters.
  init(_ route: String, _ summary: String, _ answer: Content?) { self.init(route, summary, [], answer) }

  func also(_ status: Int, _ summary: String, _ content: Content?) -> APIOperation {
    var copy = self
    copy.answers.append((status, summary, content))
    return copy
  }

  var method: String { String(route.prefix { $0 != " " }) }
  var path: String { String(route.drop { $0 != " " }.dropFirst()) }

  static func reference(_ schema: String) -> JSON { ["$ref": .string("#/components/schemas/" + schema)] }

  var json: JSON {
    var members: JSON.Members = ["summary": .string(summary), "operationId": .string(operationID)]
    let all = pathParameters + parameters.map(Self.json)
    if !all.isEmpty { members.append("parameters", .array(all)) }
    if let body {
      members.append("requestBody", ["required": .bool(isBodyRequired), "content": Self.json(body)])
    }
    var responses = JSON.Members()
    for answer in answers {
      var response: JSON.Members = ["description": .string(answer.summary)]
      if let content = answer.content { response.append("content", Self.json(content)) }
      responses.append(String(answer.status), .object(response))
    }
    responses.append(
      "default",
      [
        "description": "Why it was not served (RFC 9457).",
        "content": ["application/problem+json": ["schema": Self.reference("Problem")]],
      ])
    members.append("responses", .object(responses))
    return .object(members)
  }

  private var operationID: String {
    let words = path.split { !$0.isLetter && !$0.isNumber }.filter { $0 != "v1" }
    return method.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private var pathParameters: [JSON] {
    path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
      [
        "name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true,
        "schema": ["type": "string", "minLength": 1],
      ]
    }
  }

  private static func json(_ parameter: Parameter) -> JSON {
    [
      "name": .string(parameter.name), "in": .string(parameter.place),
      "description": .string(parameter.summary), "schema": parameter.schema,
    ]
  }

  private static func json(_ content: Content) -> JSON {
    .object(.init(content.types.map { .init(name: $0, value: ["schema": content.schema]) }))
  }
}
