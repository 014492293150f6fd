// SPDX-License-Identifier: Apache-2.0
@testable import DeviceTwin
import Testing

@Suite struct TwinRequestTests {
  private func read(_ text: String) throws -> TwinRequest {
    try Array(text.utf8).withUnsafeBytes { bytes in try TwinRequest(bytes, maximumValueBytes: 512) }
  }

  @Test func `names are sorted, and the last of equal ones counts`() throws {
    let request = try read(
      #"{"twin":{"b":{"actual":{"value":"1"}},"a":null,"b":{"actual":{"value":"2"}},"c":null,"b":{"actual":{"value":"3"}}}}"#
    )
    #expect(request.items.map(\.name) == ["a", "b", "c"])
    #expect(request.items[1].change?.actual == "3")
  }

  /// The MQTT thread reads for all devices: a request of many names must not hold it up. Work that
  /// grows with the square of the names would need far longer than the limit, on any machine.
  @Test(.timeLimit(.minutes(2))) func `a request of very many names is read in one pass`() throws {
    let members = (0..<200_000).map { "\"p\($0)\":null" }.joined(separator: ",")
    let items = try read("{\"twin\":{\(members)}}").items
    #expect(items.count == 200_000)
    #expect(zip(items, items.dropFirst()).allSatisfy { $0.name < $1.name })
  }
}
