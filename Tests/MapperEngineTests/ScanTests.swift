// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import MapperEngine

/// Scans and descriptions, through a library that has them.
@Suite(.blocking) struct ScanTests {
  private func withBench(_ body: (EngineBench) throws -> Void) throws {
    try EngineBench.run(try FixtureMapper.library("scanner"), body)
  }

  private func option(_ key: String, _ value: Int64) -> Setting { Setting(key: key, value: .int(value)) }

  private func progress(_ bench: EngineBench, _ request: UInt64) -> [UInt32] {
    bench.sink.events.compactMap {
      if case .progress(request, let done, _, _) = $0 { done } else { nil }
    }
  }

  @Test func `the report says what can be done`() throws {
    try withBench { bench throws in
      let driver = try #require(bench.driver)
      #expect(driver.canScan && driver.canDescribe)
      #expect(driver.scanSchema?.contains("pauseMs") == true)
      #expect(driver.extensions == ["mapper.discovery/1"])
    }
  }

  @Test func `what is found comes in order, then the end`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", 3)])
      #expect(try bench.end(request) == .init(status: .ok))
      #expect(
        bench.found(request) == [
          .init(confidence: 90, name: "unit-1", title: "Unit 1", settings: "{\"unit\": 1}"),
          .init(confidence: 90, title: "Unit 2", settings: "{\"unit\": 2}"),
          .init(confidence: 90, name: "unit-3", title: "Unit 3", settings: "{\"unit\": 3}"),
        ])
      #expect(bench.sink.events.last == .scanned(request: request, status: .ok, text: ""))
    }
  }

  @Test func `progress is thinned out, but the first and the last always come`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", 5000)])
      #expect(try bench.end(request).status == .ok)
      let steps = progress(bench, request)
      #expect(steps.first == 1 && steps.last == 5000)
      #expect(steps.count < 1000)
      #expect(steps == steps.sorted())
      #expect(bench.found(request).count == 5000)
    }
  }

  @Test func `more than ten thousand are not taken`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", 10_005)])
      #expect(
        try bench.end(request) == .init(status: .closed, text: "more than 10000 were found"))
      #expect(bench.found(request).count == 10_000)
    }
  }

  @Test(arguments: [
    ("short", "mapper_found has 16 bytes, at least 48 are required"),
    ("no-settings", "mapper_found lacks the required member settings"),
    ("no-object", "the settings of the device are no JSON object"),
    ("no-utf8", "the title: no UTF-8, or more than 1024 bytes"),
    ("long-name", "the name: no UTF-8, or more than 253 bytes"),
    ("long-settings", "the settings of the device: no UTF-8, or more than 65536 bytes"),
    ("many-properties", "it has 10001 properties, 10000 are allowed"),
    ("no-properties", "mapper_found lacks the required member properties"),
    ("stride", "a property of mapper_found has 8 bytes, at least 40 are required"),
    ("property-type", "property 'p' has the unknown type 77"),
    ("property-settings", "the settings of property 'p' are no JSON object"),
  ])
  func `an item that cannot be used is left out and logged, and the scan goes on`(
    wrong: String, reason: String
  ) throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", 1), Setting(key: "wrong", value: .text(wrong))])
      #expect(try bench.end(request).status == .ok)
      #expect(bench.found(request).map(\.name) == ["unit-1"])
      #expect(
        bench.sink.events.contains(
          .log(
            session: 0, level: .warning, text: "a scan of scanner found something that is left out: \(reason)"
          )))
    }
  }

  @Test func `a scan ends at its deadline, and what was found counts`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", 1_000_000), option("pauseMs", 5)], timeout: 200)
      #expect(try bench.end(request).status == .timeout)
      #expect(bench.found(request).count < 100)
    }
  }

  @Test func `a cancelled scan ends`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan(
        [option("count", 1_000_000), option("pauseMs", 20)], timeout: 600_000)
      #expect(bench.waits { !bench.found(request).isEmpty })
      bench.engine.handle(.cancel(request: request))
      #expect(try bench.end(request).status == .cancelled)
    }
  }

  @Test func `the driver's words for wrong options come with the end`() throws {
    try withBench { bench throws in
      let request = try bench.beginScan([option("count", -1)])
      #expect(
        try bench.end(request)
          == .init(status: .invalid, text: "option count: expected 0 or more"))
    }
  }

  @Test func `four scans run at once, a fifth is told so`() throws {
    try withBench { bench throws in
      let slow = [option("count", 1_000_000), option("pauseMs", 1000)]
      let requests = try (0..<4).map { _ in try bench.beginScan(slow, timeout: 600_000) }
      let fifth = try bench.beginScan()
      #expect(try bench.end(fifth) == .init(status: .busy, text: "4 scans are under way"))
      for request in requests { bench.engine.handle(.cancel(request: request)) }
      for request in requests { #expect(try bench.end(request).status == .cancelled) }
      let next = try bench.beginScan()
      #expect(try bench.end(next).status == .ok)
    }
  }

  @Test func `a scan with the lane of a device keeps it waiting, another does not`() throws {
    try withBench { bench throws in
      let line = Setting(key: "line", value: .text("bus-1"))
      try bench.bind(1, settings: [line], cycle: 10)
      try bench.bind(2, cycle: 10)
      let scan = try bench.beginScan(
        [line, option("count", 1_000_000), option("pauseMs", 100)], timeout: 600_000)
      #expect(bench.waits { !bench.found(scan).isEmpty })
      func count(_ session: UInt32) -> Int { bench.sink.batches.count { $0.session == session } }
      let (kept, other) = (count(1), count(2))
      #expect(bench.waits { count(2) >= other + 10 })
      #expect(count(1) == kept)
      bench.engine.handle(.cancel(request: scan))
      #expect(bench.waits { count(1) > kept + 2 })
      #expect(try bench.end(scan).status == .cancelled)
    }
  }

  @Test(arguments: [false, true])
  func `a scan gives way when a device of its line is bound or released`(released: Bool) throws {
    try withBench { bench throws in
      let line = Setting(key: "line", value: .text("bus-1"))
      if released { try bench.bind(1, settings: [line]) }
      let scan = try bench.beginScan(
        [line, option("count", 1_000_000), option("pauseMs", 60_000)], timeout: 600_000)
      let waiting = try bench.beginScan([line])
      if released { bench.unbind(1) } else { try bench.bind(1, settings: [line]) }
      let reason = "a device of its line was bound or released"
      #expect(try bench.end(scan) == .init(status: .cancelled, text: reason))
      #expect(try bench.end(waiting) == .init(status: .cancelled, text: reason))
    }
  }

  @Test func `a scan that waits for its lane is cancelled at once`() throws {
    try withBench { bench throws in
      let line = Setting(key: "line", value: .text("bus-1"))
      let first = try bench.beginScan(
        [line, option("count", 1_000_000), option("pauseMs", 60_000)], timeout: 600_000)
      let second = try bench.beginScan([line])
      bench.engine.handle(.cancel(request: second))
      #expect(try bench.end(second) == .init(status: .cancelled, text: "it was cancelled before it began"))
      bench.engine.handle(.cancel(request: first))
      #expect(try bench.end(first).status == .cancelled)
    }
  }

  @Test func `a device describes itself`() throws {
    try withBench { bench throws in
      try bench.bind(1)
      let request = bench.beginDescribe(1)
      #expect(try bench.end(request) == .init(status: .ok))
      #expect(
        bench.found(request) == [
          .init(
            confidence: 100, title: "A scanner", settings: "{\"unit\": 7}",
            properties: [
              .init(
                name: "speed", summary: "of the motor", type: .double, isWritable: true, unit: "rpm",
                settings: "{\"address\": 1}"),
              .init(name: "unknown"), .init(name: "curve", type: .string),
            ])
        ])
    }
  }

  @Test func `what cannot scan or describe says so`() throws {
    try EngineBench.run(try FixtureMapper.library("methods")) { bench throws in
      let scan = try bench.beginScan()
      #expect(try bench.end(scan) == .init(status: .unsupported, text: "the driver cannot scan"))
      try bench.bind(1)
      #expect(
        try bench.end(bench.beginDescribe(1))
          == .init(status: .unsupported, text: "the driver cannot describe a device"))
      #expect(
        try bench.end(bench.beginDescribe(9))
          == .init(status: .unavailable, text: "the device is not bound"))
      bench.engine.handle(
        .scan(.init(request: 1, driver: "opcua", options: [], timeoutMilliseconds: 1000)))
      #expect(
        try bench.end(1) == .init(status: .notFound, text: "the library has no driver 'opcua'"))
    }
  }

  @Test func `stopping the engine cancels a long scan`() throws {
    try withBench { bench throws in
      _ = try bench.beginScan([option("count", 1_000_000), option("pauseMs", 60_000)], timeout: 600_000)
    }
  }
}
