// SPDX-License-Identifier: Apache-2.0
import Config
import DeviceAPI
import Glibc
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct DoctorTests {
  static let now: Int64 = 1_795_521_600_000_000_000

  static func facts(_ change: (inout AgentFacts) -> Void = { _ in }) -> AgentFacts {
    var facts = AgentFacts()
    facts.node = [
      "name": "edge-1", "version": .string(Edgectl.version), "ready": true,
      "time": .string(RFC3339.text(now)),
      "startTime": .string(RFC3339.text(now - 60_000_000_000)),
      "counters": ["eventBus": [["address": "tcp://h:1883", "connected": true]]],
    ]
    facts.mappers = [["file": "m.so", "state": "running"]]
    facts.devices = [["namespace": "plant", "name": "a", "link": ["state": "online"]]]
    facts.manifestProblems = []
    facts.tokens = [["name": "t"]]
    facts.errors = []
    change(&facts)
    return facts
  }

  static func levels(_ facts: AgentFacts) -> [String: Finding.Level] {
    Dictionary(AgentChecks(facts: facts, now: now).run().map { ($0.check, $0.level) }) { first, _ in
      first
    }
  }

  @Test func `finds nothing wrong with a node that is well`() {
    let findings = AgentChecks(facts: Self.facts(), now: Self.now).run()
    #expect(findings.allSatisfy { $0.level == .ok }, "\(findings)")
    #expect(
      Set(findings.map(\.check)) == [
        "agent", "versions", "broker", "mappers", "devices", "manifests", "tokens",
      ])
  }

  /// A node with one fault, and the check that has to find it.
  static let faults: [(String, Finding.Level, @Sendable (inout AgentFacts) -> Void)] = [
    ("agent", .failed, { $0.node = ["ready": false, "notReady": ["no disk"]] }),
    ("versions", .warning, { $0.node = ["ready": true, "version": "0.0.1"] }),
    ("agent's clock", .warning, { $0.node = ["ready": true, "time": "2020-01-01T00:00:00.000Z"] }),
    (
      "broker", .failed,
      {
        $0.node = [
          "counters": [
            "eventBus": [["address": "tcp://h:1", "connected": false, "problem": "refused"]]
          ]
        ]
      }
    ),
    ("database", .failed, { $0.node = ["counters": ["deviceTwin": ["store": ["failures": 3]]]] }),
    ("drops", .warning, { $0.node = ["counters": ["deviceTwin": ["droppedTelemetry": 3]]] }),
    ("mappers", .warning, { $0.mappers = [] }),
    (
      "mappers", .failed,
      { $0.mappers = [["file": "m.so", "state": "refused", "message": "no entry"]] }
    ),
    (
      "mappers", .warning,
      {
        $0.mappers = [
          [
            "file": "m.so", "state": "running", "lastFault": "x",
            "lastFaultTime": .string(RFC3339.text(now - 1000)),
          ]
        ]
      }
    ),
    ("devices", .failed, { $0.devices = [["name": "a", "link": ["state": "unavailable"]]] }),
    (
      "devices", .warning,
      { $0.devices = [["name": "a", "link": ["state": "offline", "reason": "no answer"]]] }
    ),
    (
      "desired values", .warning,
      { $0.devices = [["link": ["state": "online"], "counts": ["failed": 1]]] }
    ),
    ("readings", .warning, { $0.devices = [["link": ["state": "online"], "counts": ["bad": 1]]] }),
    (
      "manifests", .failed,
      { $0.manifestProblems = [["file": "a.yaml", "line": 3, "path": "x", "expected": "y"]] }
    ),
    (
      "tokens", .warning,
      { $0.tokens = [["name": "t", "expires": .string(RFC3339.text(now + 86_400_000_000_000))]] }
    ),
    ("events", .warning, { $0.errors = [["text": "boom"]] }),
  ]

  @Test(arguments: faults.indices)
  func `finds each fault, and names a remedy`(index: Int) throws {
    let (check, level, change) = Self.faults[index]
    let findings = AgentChecks(facts: Self.facts(change), now: Self.now).run()
    let finding = try #require(
      findings.first { $0.check == check && $0.level == level }, "\(findings)")
    #expect(!finding.remedy.isEmpty)
  }

  // MARK: - This machine

  @Test func `says all that is wrong in a configuration`() throws {
    let root = try TemporaryFolder()
    let file = try root.write(
      "kind: EdgeCore\ndatabase: {dataSource: relative}\nmodules: {x: 1}\n", to: "edgecore.yaml")
    let checks = ConfigurationChecks(places: Places(root: root.path), path: file, now: Self.now)
    let (configuration, findings) = checks.load()
    #expect(configuration == nil)
    #expect(findings.first?.level == .failed)
    #expect(findings.first?.text.contains("dataSource") == true, "\(findings)")
  }

  @Test func `warns of a password that everybody can read, and of keys without effect`() throws {
    let root = try TemporaryFolder()
    let text = "standalone: {enable: true}\nnoSuchKey: 1\nmodules: {eventBus: {mqttPassword: x}}\n"
    let file = try root.write(text, to: "edgecore.yaml")
    chmod(file, 0o644)
    let checks = ConfigurationChecks(places: Places(root: root.path), path: file, now: Self.now)
    let (configuration, findings) = checks.load()
    #expect(configuration != nil)
    #expect(findings.contains { $0.check == "secrets" && $0.level == .warning }, "\(findings)")
    #expect(
      findings.contains { $0.check == "configuration" && $0.text.contains("noSuchKey") },
      "\(findings)")
    chmod(file, 0o640)
    #expect(!checks.load().findings.contains { $0.check == "secrets" })
  }

  @Test func `looks at certificates that are in use`() throws {
    let root = try TemporaryFolder()
    let folder = root.path
    let make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test -days 30 "
      + "-keyout \(folder)/key.pem -out \(folder)/cert.pem 2>/dev/null"
    try #require(system(make) == 0)
    chmod(folder + "/key.pem", 0o644)
    func findings(enable: Bool, now: Int64) throws -> [Finding] {
      let file = try root.write(
        """
        standalone: {enable: true}
        modules:
          eventBus:
            eventBusTLS: {enable: \(enable), tlsMqttCAFile: \(folder)/cert.pem,
              tlsMqttCertFile: \(folder)/none.pem, tlsMqttPrivateKeyFile: \(folder)/key.pem}
        """, to: "edgecore.yaml")
      return ConfigurationChecks(places: Places(root: folder), path: file, now: now).load().findings
        .filter {
          $0.check == "certificate" || $0.check == "private key"
        }
    }
    let real = WallClock.system.nanoseconds
    let day: Int64 = 86_400_000_000_000
    #expect(try findings(enable: false, now: real).isEmpty)
    let today = try findings(enable: true, now: real)
    #expect(today.map(\.level) == [.ok, .failed, .warning], "\(today)")
    #expect(try findings(enable: true, now: real + 20 * day).first?.level == .warning)
    #expect(try findings(enable: true, now: real + 40 * day).first?.level == .failed)
  }

  @Test func `names libraries that everybody can change`() throws {
    let root = try TemporaryFolder()
    var configuration = EdgeCoreConfiguration(places: Places(root: root.path), hostName: "edge-1")
    configuration.mapperHost.folders = [root.path]
    let file = try root.write("", to: "m.so")
    chmod(file, 0o666)
    chmod(root.path, 0o755)
    let bad = StorageChecks(configuration: configuration).run()
    #expect(bad.contains { $0.level == .failed && $0.text.contains("m.so") }, "\(bad)")
    chmod(file, 0o644)
    let good = StorageChecks(configuration: configuration).run()
    #expect(good.contains { $0.check == "mapper folders" && $0.level == .ok }, "\(good)")
  }

  @Test func `sees a clock that stands before files were written`() throws {
    let root = try TemporaryFolder()
    try #require(
      mkdir(root.file("etc"), 0o755) == 0 && mkdir(root.file("etc/selvedge"), 0o755) == 0)
    try root.write("", to: "etc/selvedge/edgecore.yaml")
    func level(_ now: Int64) -> Finding.Level? {
      SystemChecks(places: Places(root: root.path), configuration: nil, agent: nil, now: now)
        .clock().first?.level
    }
    #expect(level(1_000_000_000_000_000_000) == .failed)
    #expect(level(WallClock.system.nanoseconds) != .failed)
  }

  // MARK: - The program

  @Test func `works when nothing runs, and says so with its status`() async throws {
    let root = try TemporaryFolder()
    let result = try await Tool.edgectl([
      "doctor", "--root", root.path, "--socket", root.file("none.sock"),
    ])
    #expect(result.status == 1, "\(result.errors)")
    #expect(
      result.output.contains("FAIL") && result.output.contains("none.sock"), "\(result.output)")
    #expect(result.output.contains("→ "), "\(result.output)")
    let json = try await Tool.edgectl(["doctor", "--root", root.path, "--quiet", "-o", "json"])
    let items = try #require(try JSON.parse(json.output)["items"]?.array)
    #expect(
      !items.isEmpty && items.allSatisfy { $0["level"] == "failed" || $0["level"] == "warning" })
    #expect(items.allSatisfy { $0["remedy"]?.string?.isEmpty == false })
  }

  @Test func `asks the agent alone where it is another machine's`() async throws {
    let result = try await Tool.edgectl(["doctor", "--server", "http://127.0.0.1:1"])
    #expect(result.status == 1)
    #expect(!result.output.contains("inotify"), "\(result.output)")
    #expect(result.output.contains("connection refused"), "\(result.output)")
  }
}
