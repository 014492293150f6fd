// SPDX-License-Identifier: Apache-2.0
import Config
import Testing

@Suite struct HistoryConfigurationTests {
  private func read(_ text: String, root: String? = nil) throws -> HistoryConfiguration {
    try EdgeCoreConfiguration.read(
      Array(text.utf8), file: "e.yaml", places: Places(root: root), hostName: "box", standalone: false
    ).configuration.deviceTwin.history
  }

  @Test func `is on, and beside the node's database`() throws {
    let history = try read("{}", root: "/srv/edge")
    #expect(history.enable && history.path == "/srv/edge/var/lib/selvedge/history.db")
    #expect(history.retention == .seconds(604_800) && history.maxMB == 512 && history.blockSamples == 1024)
  }

  @Test func `reads every key`() throws {
    let history = try read(
      """
      modules: {deviceTwin: {history: {enable: false, path: /data/h.db, retention: 1.5h, maxMB: 64,
        maxPropertyMB: 2, memoryMB: 4, blockSamples: 256, flushInterval: 10s}}}
      """)
    var expected = HistoryConfiguration(places: Places())
    expected.enable = false
    expected.path = "/data/h.db"
    expected.retention = .seconds(5400)
    expected.maxMB = 64
    expected.maxPropertyMB = 2
    expected.memoryMB = 4
    expected.blockSamples = 256
    expected.flushInterval = .seconds(10)
    #expect(history == expected)
  }

  @Test func `a time may be in days`() throws {
    let history = try read("modules: {deviceTwin: {history: {retention: 30d}}}")
    #expect(history.retention == .seconds(30 * 86_400))
  }

  @Test func `every wrong value is named with what was expected`() throws {
    let text = """
      modules:
        deviceTwin:
          history:
            path: history.db
            retention: 7
            maxMB: 0
            blockSamples: 64
            flushInterval: 2h
      """
    let error = #expect(throws: (any Error).self) { try read(text) }
    let path = "modules.deviceTwin.history"
    #expect(
      "\(try #require(error))".split(separator: "\n").map(String.init) == [
        "e.yaml:4: \(path).path: history.db: expected an absolute path",
        "e.yaml:5: \(path).retention: 7: expected a text (put it in quotes)",
        "e.yaml:6: \(path).maxMB: 0: expected a whole number from 1 to 1048576",
        "e.yaml:7: \(path).blockSamples: 64: expected a whole number from 128 to 4096",
        "e.yaml:8: \(path).flushInterval: 2h: expected a time such as 90s or 168h, from 1s to 1h",
      ])
  }

  @Test func `the defaults are written so that they are read as they are`() throws {
    let text = EdgeCoreConfiguration.defaultYAML(places: Places(), hostName: "box")
    #expect(text.contains("retention: 168h\n"))
    #expect(try read(text) == HistoryConfiguration(places: Places()))
  }
}
