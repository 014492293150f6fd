// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Logging
import Synchronization
import TestSupport

@testable import History

final class TestClock: Sendable {
  private let time: Mutex<Int64>
  init(_ milliseconds: Int64) { time = Mutex(milliseconds) }
  func set(_ milliseconds: Int64) { time.withLock { $0 = milliseconds } }
  var nanoseconds: Int64 { time.withLock { $0 } * 1_000_000 }
}

/// A history in a folder of its own, with a clock that the test sets.
final class HistoryBench: Sendable {
  static let start: Int64 = 1_795_000_000_000

  let folder: TemporaryFolder
  let options: HistoryOptions
  let history: History
  let clock: TestClock

  init(
    folder: TemporaryFolder? = nil, path: String? = nil, now: Int64 = HistoryBench.start,
    _ adjust: (inout HistoryOptions) -> Void = { _ in }
  ) async throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    var options = HistoryOptions(path: path ?? folder.file("history.db"))
    // Nothing is saved but when a test says so, or blocks are full.
    options.flushInterval = 3_600_000_000_000
    adjust(&options)
    self.options = options
    let time = TestClock(now)
    clock = time
    var log = Logger(label: "test")
    log.logLevel = .critical
    history = History(options, clock: WallClock { time.nanoseconds }, log: log)
    try await history.start()
  }

  static let device = name("default/pump-1")

  static func name(_ text: String) -> DeviceName {
    guard let name = DeviceName(parsing: text) else { fatalError("\(text) is not a device name") }
    return name
  }

  static func description(
    _ properties: [(String, PropertyType)], device: DeviceName = HistoryBench.device
  ) -> DeviceDescription {
    DeviceDescription(
      name: device, model: "m",
      properties: properties.map { PropertyDescription(name: $0.0, type: $0.1) })
  }

  func sink(_ properties: [(String, PropertyType)], device: DeviceName = HistoryBench.device) throws
    -> any SampleSink
  {
    guard let sink = history.sink(for: Self.description(properties, device: device)) else {
      throw NoSink()
    }
    return sink
  }

  struct NoSink: Error {}

  func samples(
    of property: String = "level", device: DeviceName = HistoryBench.device, from: Int64 = .min,
    to: Int64 = .max, limit: Int = 1_000_000
  ) async throws -> (rows: [HistorySample], next: Int64?) {
    let answer = try await history.history(
      HistoryQuery(device: device, property: property, from: from, to: to, step: nil, limit: limit))
    guard case .samples(let rows) = answer.rows else { return ([], answer.next) }
    return (rows, answer.next)
  }

  func steps(
    of property: String = "level", from: Int64 = .min, to: Int64 = .max, step: Int64, limit: Int = 1_000_000
  ) async throws -> (rows: [HistoryStep], next: Int64?) {
    let answer = try await history.history(
      HistoryQuery(
        device: Self.device, property: property, from: from, to: to, step: step, limit: limit))
    guard case .steps(let rows) = answer.rows else { return ([], answer.next) }
    return (rows, answer.next)
  }
}

extension SampleSink {
  /// One sample at a time in Unix milliseconds.
  func take(_ value: Value, at time: Int64, property: Int = 0, quality: Quality = .good) {
    take([Sample(property: property, quality: quality, value: value)], arrival: time * 1_000_000)
  }

  func fail(at time: Int64, property: Int = 0, quality: Quality = .bad) {
    take(
      [
        Sample(
          property: property, quality: quality, failure: SampleFailure(status: .timeout, text: "no answer"))
      ],
      arrival: time * 1_000_000)
  }
}
