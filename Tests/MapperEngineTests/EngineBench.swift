// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization
import Testing

@testable import MapperEngine

/// An engine with one library in this process, for tests of calls and scans.
final class EngineBench: Sendable {
  struct Answer: Equatable, Sendable {
    var status: MapperStatus
    var text = ""
    var result = MethodValue.nothing
  }

  let sink = RecordingSink()
  let engine: Engine
  private let requests = Atomic<UInt64>(100)

  private init() { engine = Engine(sink: sink, board: nil) }

  /// Loads a library, and stops the engine when `body` is done.
  static func run(_ library: String, _ body: (EngineBench) throws -> Void) throws {
    let bench = EngineBench()
    let isLoaded = bench.engine.load(library)
    try #require(isLoaded, "\(bench.sink.events)")
    try body(bench)
    let isStopped = bench.engine.stop(within: .seconds(60))
    #expect(isStopped)
  }

  /// Why a library is refused; nil when it is not.
  static func refusal(of library: String) -> String? {
    let bench = EngineBench()
    guard !bench.engine.load(library) else { return nil }
    for case .refused(let reason) in bench.sink.events { return reason }
    return nil
  }

  var driver: LibraryReport.Driver? {
    for case .loaded(let report) in sink.events { return report.drivers.first }
    return nil
  }

  /// Binds a device and waits for the outcome.
  @discardableResult
  func bind(
    _ session: UInt32, settings: [Setting] = [], points: Int = 1, type: PropertyType = .int,
    cycle: UInt32 = 0
  ) throws -> BindOutcome {
    let driver = try #require(driver)
    let binding = SessionBinding(
      session: session, driver: driver.id, device: "default/d\(session)", settings: settings,
      points: (0..<points).map {
        .init(name: "p\($0)", type: type, isWritable: true, cycleMilliseconds: cycle, settings: [])
      }, backoffMilliseconds: 50...200)
    engine.handle(.bind(binding))
    let outcome = sink.first { sink -> BindOutcome? in
      for case .bound(let outcome) in sink.events where outcome.session == session { return outcome }
      return nil
    }
    return try #require(outcome)
  }

  func unbind(_ session: UInt32) {
    engine.handle(.unbind(session: session))
    #expect(sink.first { $0.events.contains(.unbound(session: session)) ? true : nil } == true)
  }

  /// Begins a call.
  ///
  /// - Returns: its request.
  func begin(
    _ method: String, _ arguments: [MethodValue] = [], session: UInt32 = 1, timeout: UInt32 = 30_000
  ) throws -> UInt64 {
    let place = try #require(driver?.methods.firstIndex { $0.name == method })
    let request = requests.add(1, ordering: .relaxed).newValue
    engine.handle(
      .call(
        .init(
          session: session, request: request, method: UInt32(place), timeoutMilliseconds: timeout,
          arguments: arguments)))
    return request
  }

  func answer(_ request: UInt64) throws -> Answer {
    let answer = sink.first { sink -> Answer? in
      for case .called(_, request, let status, let text, let result) in sink.events {
        return Answer(status: status, text: text, result: result)
      }
      return nil
    }
    return try #require(answer)
  }

  func call(
    _ method: String, _ arguments: [MethodValue] = [], session: UInt32 = 1, timeout: UInt32 = 30_000
  ) throws -> Answer {
    try answer(try begin(method, arguments, session: session, timeout: timeout))
  }

  /// Begins a scan of the only driver.
  func beginScan(_ options: [Setting] = [], timeout: UInt32 = 30_000) throws -> UInt64 {
    let driver = try #require(driver)
    let request = requests.add(1, ordering: .relaxed).newValue
    engine.handle(
      .scan(
        .init(
          request: request, driver: driver.id, options: options.sorted { $0.key < $1.key },
          timeoutMilliseconds: timeout)))
    return request
  }

  func beginDescribe(_ session: UInt32, timeout: UInt32 = 30_000) -> UInt64 {
    let request = requests.add(1, ordering: .relaxed).newValue
    engine.handle(.describe(session: session, request: request, timeoutMilliseconds: timeout))
    return request
  }

  /// Waits for the end of a scan or a description.
  func end(_ request: UInt64) throws -> Answer {
    let end = sink.first { sink -> Answer? in
      for case .scanned(request, let status, let text) in sink.events {
        return Answer(status: status, text: text)
      }
      return nil
    }
    return try #require(end)
  }

  func found(_ request: UInt64) -> [FoundItem] {
    sink.events.compactMap {
      if case .found(request, let item) = $0 { item } else { nil }
    }
  }

  func waits(_ condition: () -> Bool) -> Bool { sink.first { _ in condition() ? true : nil } == true }
}
