// SPDX-License-Identifier: Apache-2.0
import Config
import Glibc
import JSON
import Testing

@Suite struct ConfigurationReferenceTests {
  private let defaults = EdgeCoreConfiguration(places: Places(), hostName: "HOSTNAME")

  @Test func `describes every key that has a default, and no other`() {
    var known = Set(ConfigurationKeys.all.map(\.path))
    let names = ConfigurationKeys.all.filter { if case .named = $0.kind { true } else { false } }.map(\.path)
    var present: Set<String> = []
    for (key, _) in defaults.effective {
      present.insert(names.first { key.hasPrefix($0 + ".") } ?? key)
    }
    // Keys without a default, and lists of names that may be empty.
    known.subtract(["modules.eventBus.telemetryQOS"])
    known.subtract(names)
    present.subtract(names)
    #expect(known.symmetricDifference(present).sorted() == [])
  }

  @Test func `has the name of every section`() {
    for key in ConfigurationKeys.all where key.path.contains(".") {
      #expect(ConfigurationKeys.sections.contains { key.path.hasPrefix($0.path + ".") }, "\(key.path)")
    }
  }

  @Test(arguments: ConfigurationKeys.all.map(\.path))
  func `says what the sections read`(_ path: String) throws {
    let key = try #require(ConfigurationKeys.key(path))
    switch key.kind {
    case .integer(let range):
      #expect(isGood(path, "\(range.lowerBound)") && isGood(path, "\(range.upperBound)"))
      #expect(!isGood(path, "\(range.lowerBound - 1)") && !isGood(path, "\(range.upperBound + 1)"))
    case .boolean: #expect(isGood(path, "true") && !isGood(path, "7"))
    case .path: #expect(isGood(path, "/x/y") && !isGood(path, "x/y"))
    case .choice(let words):
      for word in words { #expect(isGood(path, "\"\(word)\"")) }
      #expect(!isGood(path, "\"something else\""))
    case .paths: #expect(isGood(path, "[/x]") && !isGood(path, "[x]"))
    case .texts: #expect(isGood(path, "[x]") && !isGood(path, "{x: y}"))
    case .duration: #expect(isGood(path, "90s") && !isGood(path, "soon"))
    case .named: #expect(isGood(path, "{}") && !isGood(path, "[]"))
    case .list: #expect(isGood(path, "[]") && !isGood(path, "7"))
    case .text, .secret: #expect(!isGood(path, "{}"))
    }
  }

  private func isGood(_ path: String, _ value: String) -> Bool {
    var text = value
    for name in path.split(separator: ".").reversed() { text = "{\(name): \(text)}" }
    return
      (try? EdgeCoreConfiguration.read(
        Array(text.utf8), file: "e.yaml", places: Places(), hostName: "box", standalone: false)) != nil
  }

  @Test func `docs and schema in the tree are those of the types`() throws {
    #expect(try file("docs/configuration.md") == ConfigurationReference.page(places: Places()))
    #expect(
      try file("deploy/edgecore.schema.json") == ConfigurationReference.schema(places: Places()).text + "\n")
  }

  private func file(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
      separator: "/")
    return String(decoding: try TextFile.read(root + "/" + path), as: UTF8.self)
  }
}
