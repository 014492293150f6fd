// SPDX-License-Identifier: Apache-2.0
import JSON
import Synchronization
import Testing

@testable import edgectl

@Suite struct TopTests {
  static func snapshot(at seconds: Double, version: Int64, samples: Int64 = 0, cpu: Double = 0)
    -> TopSnapshot
  {
    TopSnapshot(
      moment: Int64(seconds * 1e9), node: ["name": "edge-1", "ready": true],
      mappers: [
        [
          "file": "m.so", "path": "/m.so", "state": "running", "processID": 7,
          "counters": ["samples": .int(samples)],
        ]
      ],
      devices: [
        device("a", "online", version), device("b", "offline", 5),
        device("c", "online", 2 * version),
      ], usage: [7: .init(seconds: cpu, memory: 17_000_000)])
  }

  static func device(_ name: String, _ state: String, _ version: Int64) -> JSON {
    [
      "namespace": "plant", "name": .string(name), "reportedVersion": .int(version), "inSync": true,
      "link": ["state": .string(state)],
    ]
  }

  static let rates = TopRates(
    from: snapshot(at: 0, version: 10, samples: 100),
    to: snapshot(at: 2, version: 30, samples: 1100, cpu: 0.5))

  @Test func `computes rates`() {
    let now = Self.rates.now
    #expect(Self.rates.reports(of: now.devices[0]) == 10)
    #expect(Self.rates.reports(of: now.devices[1]) == 0)
    #expect(Self.rates.reports(of: Self.device("new", "online", 1)) == nil)
    #expect(Self.rates.samples(of: now.mappers[0]) == 500)
    #expect(Self.rates.processor(of: 7) == 25)
    #expect(Self.rates.processor(of: 8) == nil)
    // A mapper that began anew has no rate yet.
    #expect(Self.rates.samples(of: ["path": "/m.so", "counters": ["samples": 3]]) == nil)
  }

  @Test func `sorts`() {
    func names(_ order: TopOrder) -> [String?] {
      TopView(order: order).sorted(Self.rates).map { $0["name"]?.string }
    }
    #expect(names(.name) == ["a", "b", "c"])
    #expect(names(.trouble) == ["b", "a", "c"])
    #expect(names(.rate) == ["c", "a", "b"])
  }

  @Test func `fits a screen, and moves on it`() {
    let plain = Terminal(hasColor: false)
    var view = TopView()
    #expect(view.lines(Self.rates, size: nil, on: plain).count == 10)
    for rows in [5, 9, 24] {
      #expect(view.lines(Self.rates, size: (80, rows), on: plain).count < rows)
    }
    let all = view.lines(Self.rates, size: (80, 24), on: plain)
    #expect(
      all[0].hasPrefix("edge-1  ready")
        && all[1].contains("3 devices, 2 online, 1 offline, 30 reports/s"), "\(all)")
    view.offset = 1
    let moved = view.lines(Self.rates, size: (80, 24), on: plain)
    #expect(!moved.contains { $0.contains("plant/b") } && moved.contains { $0.contains("plant/c") })
    view.offset = 99
    #expect(view.offset(Self.rates, rows: 24) == 2)
    view.offset = -3
    #expect(view.offset(Self.rates, rows: 24) == 0)
  }

  @Test(arguments: [
    ("q", Screen.Key.quit), ("s", .sort), ("\u{1B}[A", .up), ("\u{1B}[6~", .pageDown),
    ("\u{03}", .quit),
  ])
  func `reads keys`(text: String, key: Screen.Key) { #expect(Screen.key(text) == key) }

  @Test func `prints once where there is no terminal`() async throws {
    let asked = Mutex(Int64(0))
    let agent = try FakeAgent { request in
      switch request.line {
      case "GET /v1/node": .json(["name": "edge-1", "ready": true])
      case "GET /v1/mappers": .json(["items": []])
      case "GET /v1/devices":
        .json([
          "items": [
            Self.device(
              "a", "online",
              asked.withLock { count in
                count += 1000
                return count
              })
          ]
        ])
      default: nil
      }
    }
    let result = try await Tool.edgectl([
      "top", "--interval", "500ms", "-l", "x=1", "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    let row =
      result.output.split(separator: "\n").last { $0.hasPrefix("plant/a") }?.split(separator: " ")
      ?? []
    #expect(
      row.count > 2 && row[1] == "online" && row[2] != "0" && row[2] != "-", "\(result.output)")
    #expect(
      agent.requests.allSatisfy {
        $0.line != "GET /v1/devices" || $0.query.contains("labelSelector=x=1")
      })
  }
}
