// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import TwinAPI

@Suite struct DocumentationTests {
  @Test func `docs/api.md describes every route, and no other`() throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
      separator: "/")
    let text = try #require(Self.read(folder + "/docs/api.md"))
    let described = text.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "###", words[2].hasPrefix("/") else { return nil }
      return "\(words[1]) \(words[2])"
    }
    let handlers = Self.handlers()
    #expect(described.sorted() == Router(Handlers.endpoints(handlers)).table.sorted())
  }

  static func handlers() -> Handlers {
    let twins = FakeTwins()
    return Handlers(
      services: TwinAPIServices(
        twins: twins, mappers: FakeMappers(), methods: FakeMethods(), discovery: FakeDiscovery(),
        node: FakeNode()),
      manifests: nil, watches: WatchRegistry(limit: 1), works: WorkRegistry(), heartbeat: .seconds(1))
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(validating: bytes, as: UTF8.self)
  }
}
