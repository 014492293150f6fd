// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

extension Check {
  static let engineChecks = [
    Check(
      "engine-1", "In the agent's process: a device is bound, polled, written and let go.",
      extraMilliseconds: 120_000
    ) { (probe: Probe) throws(CheckEnd) in
      try drive(LocalEngine(library: probe.options.library), probe.options)
    },
    Check(
      "engine-2", "In the agent's process: methods that are safe to call answer in time.",
      extraMilliseconds: 120_000
    ) { (probe: Probe) throws(CheckEnd) in
      try callMethods(LocalEngine(library: probe.options.library), probe.options)
    },
    Check(
      "runner-1", "In a runner: a device is bound, polled, written and let go.", extraMilliseconds: 120_000
    ) { (probe: Probe) throws(CheckEnd) in
      try drive(runner(probe), probe.options)
    },
    Check(
      "runner-2", "In a runner: methods that are safe to call answer in time.", extraMilliseconds: 120_000
    ) {
      (probe: Probe) throws(CheckEnd) in
      try callMethods(runner(probe), probe.options)
    },
  ]

  private static func runner(_ probe: Probe) throws(CheckEnd) -> RunnerEngine {
    guard let program = probe.options.runner else { throw .skipped("no mapper-runner beside mapper-check") }
    return try RunnerEngine(program: program, library: probe.options.library)
  }

  private static func drive(_ link: some EngineLink, _ options: ProbeOptions) throws(CheckEnd) {
    try withSession(link, options) { session throws(CheckEnd) in
      if session.hasPolledPoints {
        guard link.record.wait(for: { $0.samples > 0 ? true : nil }) != nil else {
          throw .failed(expected: "samples of an open device", seen: "none in \(EngineRecord.patience) s")
        }
      }
      guard let write = session.write else { return }
      link.send(.write(WriteRequest(session: EngineSession.number, request: 1, items: [write])))
      let written: Bool? = link.record.event { if case .written(_, 1, _) = $0 { true } else { nil } }
      guard written != nil else {
        throw .failed(expected: "the outcome of a write", seen: "none in \(EngineRecord.patience) s")
      }
    }
  }

  private static func callMethods(_ link: some EngineLink, _ options: ProbeOptions) throws(CheckEnd) {
    try withSession(link, options) { session throws(CheckEnd) in
      let all = session.driver.methods
      let chosen = all.indices.filter {
        options.allMethods || (all[$0].isIdempotent && !all[$0].needsConfirmation && !all[$0].changesState)
      }
      guard !chosen.isEmpty else {
        throw .skipped(all.isEmpty ? "the driver has no methods" : "no method that is safe to call")
      }
      for place in chosen { try call(all[place], at: place, link) }
    }
  }

  private static func call(_ method: MethodDescription, at place: Int, _ link: some EngineLink)
    throws(CheckEnd)
  {
    let request = UInt64(100 + place)
    link.send(
      .call(
        MethodRequest(
          session: EngineSession.number, request: request, method: UInt32(place), timeoutMilliseconds: 2000,
          arguments: method.arguments.map { argument($0.type) })))
    let answer: (status: MapperStatus, text: String)? = link.record.event {
      if case .called(_, request, let status, let text, _) = $0 { (status, text) } else { nil }
    }
    guard let answer else {
      throw .failed(
        expected: "\(method.name) is back by its deadline, 2 s", seen: "not in \(EngineRecord.patience) s")
    }
    guard answer.status.class != .internal else {
      throw .failed(
        expected: "\(method.name): a sound result, or a reason", seen: "\(answer.status): \(answer.text)")
    }
  }

  private static func argument(_ type: MethodDescription.ValueType) -> MethodValue {
    switch type {
    case .none: .nothing
    case .bool: .bool(true)
    case .int: .int(1)
    case .uint: .uint(1)
    case .double: .double(1.5)
    case .text: .text("none")
    case .bytes: .bytes([1, 2, 3])
    }
  }

  /// From load to stop, whatever happens between.
  private static func withSession(
    _ link: some EngineLink, _ options: ProbeOptions, _ body: (EngineSession) throws(CheckEnd) -> Void
  ) throws(CheckEnd) {
    do throws(CheckEnd) {
      let session = try EngineSession(link, options)
      try body(session)
      try session.unbind()
    } catch {
      let end = link.stop()
      // That a process ended explains what is missing.
      if case .failed(let expected, let seen) = error, let end {
        throw .failed(expected: expected, seen: "\(seen); \(end)")
      }
      throw error
    }
    if let end = link.stop() { throw .failed(expected: "the library is unloaded in time", seen: end) }
  }
}
