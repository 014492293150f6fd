// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import TwinAPI

@Suite struct APIDescriptionTests {
  @Test func `describes every route, and no other`() throws {
    let handlers = DocumentationTests.handlers()
    #expect(
      APIDescription.operations.map(\.route).sorted() == Router(Handlers.endpoints(handlers)).table.sorted())
  }

  @Test func `every schema that is named is there, and every one is used`() throws {
    let schemas = try #require(try JSON.parse(APIDescription.schemaText).object)
    let text = APIDescription.json.text
    for schema in schemas {
      #expect(text.contains("#/components/schemas/\(schema.name)\""), "\(schema.name) is not used")
    }
    for piece in text.split(separator: "#/components/schemas/").dropFirst() {
      let name = String(piece.prefix { $0 != "\"" })
      #expect(schemas[name] != nil, "\(name) is not there")
    }
  }

  @Test func `operations have names of their own`() {
    let ids = APIDescription.operations.compactMap { $0.json["operationId"]?.string }
    #expect(Set(ids).count == APIDescription.operations.count)
  }

  @Test func `is served`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/openapi.json")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "application/json")
      #expect(answer.json["openapi"] == "3.1.0")
      #expect(answer.json["paths"]?["/v1/devices"]?["get"]?["operationId"] == "getDevices")
    }
  }
}
