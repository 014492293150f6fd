// SPDX-License-Identifier: Apache-2.0
@testable import DeviceTwin
import Glibc
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

  /// The MQTT thread reads for all devices: a request of many names must not hold it up.
  @Test func `ten times the names take about ten times as long`() throws {
    func seconds(_ names: Int) throws -> Double {
      let members = (0..<names).map { "\"p\($0)\":null" }.joined(separator: ",")
      let text = "{\"twin\":{\(members)}}"
      let start = clock()
      #expect(try read(text).items.count == names)
      return Double(clock() - start)
    }
    // Quadratic would be a hundred times.
    let least = try (0..<5).map { _ in try seconds(1000) }.min() ?? 0
    #expect(try seconds(10_000) < 40 * least)
  }
}
