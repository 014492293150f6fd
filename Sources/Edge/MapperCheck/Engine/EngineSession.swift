// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine
internal import Threads

/// One device of the driver that is checked, driven through an engine.
///
/// All that is known of the library comes from the engine, which alone may load it.
struct EngineSession {
  static let number: UInt32 = 1

  let link: any EngineLink
  let driver: LibraryReport.Driver
  /// A value for the first point that takes one.
  let write: WriteRequest.Item?
  let hasPolledPoints: Bool

  /// Waits until the device is online; skips when none answers.
  init(_ link: some EngineLink, _ options: ProbeOptions) throws(CheckEnd) {
    self.link = link
    let report = try Self.report(of: link)
    guard report.drivers.indices.contains(options.driver) else {
      throw .failed(expected: "a driver at index \(options.driver)", seen: "\(report.drivers.count) drivers")
    }
    driver = report.drivers[options.driver]
    let plan = try DevicePlan.make(
      deviceFile: options.deviceFile, driver: driver.id, deviceSchema: driver.deviceSchema,
      pointSchema: driver.pointSchema)
    link.send(.bind(Self.binding(plan, driver: driver.id)))
    let outcome: BindOutcome? = link.record.event {
      if case .bound(let outcome) = $0 { outcome } else { nil }
    }
    guard let outcome else {
      throw .failed(expected: "the device is bound", seen: "nothing in \(EngineRecord.patience) s")
    }
    guard outcome.status.isOK else { throw .skipped("bind: \(outcome.reason)") }
    let refused = Set(outcome.refusedPoints.map(\.point))
    let accepted = plan.points.indices.filter { !refused.contains(UInt32($0)) }
    guard !accepted.isEmpty else { throw .skipped("the driver takes none of the points: give --device") }
    write = accepted.first { plan.points[$0].isWritable }
      .map { WriteRequest.Item(point: UInt32($0), value: Self.value(plan.points[$0].property)) }
    hasPolledPoints = !driver.extensions.contains(MAPPER_EXT_SUBSCRIBE)
    try waitUntilOnline()
  }

  private static func report(of link: some EngineLink) throws(CheckEnd) -> LibraryReport {
    let loaded: Result<LibraryReport, CheckEnd>? = link.record.event {
      switch $0 {
      case .loaded(let report): .success(report)
      case .refused(let reason): .failure(.failed(expected: "the engine takes the library", seen: reason))
      default: nil
      }
    }
    guard let loaded else {
      throw .failed(expected: "the library is loaded", seen: "nothing in \(EngineRecord.patience) s")
    }
    return try loaded.get()
  }

  private func waitUntilOnline() throws(CheckEnd) {
    let state: (Bool, String)? = link.record.wait { state in
      for case .link(Self.number, let link, _, _) in state.events where link == .online || link == .degraded {
        return (true, "")
      }
      return state.samples > 0 ? (true, "") : nil
    }
    guard state == nil else { return }
    let reason = link.record.state.withLock { state in
      for case .link(Self.number, _, _, let why) in state.events.reversed() where !why.isEmpty { return why }
      return "nothing in \(EngineRecord.patience) s"
    }
    throw .skipped("no device answers: \(reason)")
  }

  func unbind() throws(CheckEnd) {
    link.send(.unbind(session: Self.number))
    let isUnbound: Bool? = link.record.event { if case .unbound(Self.number) = $0 { true } else { nil } }
    guard isUnbound != nil else {
      throw .failed(
        expected: "the device is let go within \(EngineRecord.patience) s of unbind", seen: "it is not")
    }
  }

  private static func binding(_ plan: DevicePlan, driver: String) -> SessionBinding {
    SessionBinding(
      session: number, driver: driver, device: "check/device", settings: plan.settings,
      points: plan.points.map {
        SessionBinding.Point(
          name: $0.name, type: $0.property, isWritable: $0.isWritable, cycleMilliseconds: 50,
          settings: $0.settings)
      },
      callTimeoutMilliseconds: 2000, openTimeoutMilliseconds: 2000, backoffMilliseconds: 50...200)
  }

  private static func value(_ type: PropertyType) -> Value {
    switch type {
    case .int: .int(1)
    case .float: .float(1.5)
    case .double: .double(1.5)
    case .string: .text("a")
    case .boolean: .bool(true)
    case .bytes, .stream: .bytes([1, 2, 3])
    }
  }
}
