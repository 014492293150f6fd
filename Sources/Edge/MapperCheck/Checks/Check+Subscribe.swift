// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI

extension Check {
  static let subscribeChecks = [
    Check("subscribe-1", "start fills the result of every point, and what is reported is sound.") {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      try subscriber.start(device)
      subscriber.waitForReports(milliseconds: 500)
      let ended = try subscriber.stop(device)
      if let fault = ended.fault { throw .failed(expected: "reported samples as types.h says", seen: fault) }
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("subscribe-2", "No report begins once stop has returned, and none is under way then.") {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      for _ in 0..<3 {
        try subscriber.start(device)
        subscriber.waitForReports(milliseconds: 100)
        try subscriber.requireQuiet(after: subscriber.stop(device))
      }
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("subscribe-3", "stop waits for a report under way, with a host that is slow to take it.") {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      subscriber.host.behave(.init(delayMilliseconds: 10))
      for round in 0..<10 {
        try subscriber.start(device)
        sv_sleep_ms(Int32(round * 5))
        try subscriber.requireQuiet(after: subscriber.stop(device), milliseconds: 20)
      }
      try device.destroy()
    },
    Check("subscribe-4", "A report that the host answers with BUSY is no reason to end, hang or spin.") {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      subscriber.host.behave(.init(answer: MAPPER_BUSY))
      try subscriber.start(device)
      sv_sleep_ms(300)
      let tries = subscriber.host.subscription(subscriber.id).reports
      guard tries < 300_000 else {
        throw .failed(expected: "a pause after BUSY", seen: "\(tries) reports in 300 ms")
      }
      subscriber.host.behave(.init())
      try subscriber.requireQuiet(after: subscriber.stop(device))
      try device.destroy()
    },
    Check("subscribe-5", "After CLOSED no more is sent.", extraMilliseconds: 2000) {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      subscriber.host.behave(.init(answer: MAPPER_CLOSED))
      try subscriber.start(device)
      sv_sleep_ms(900)
      let seen = subscriber.host.subscription(subscriber.id)
      guard seen.reports > 0 else { throw .skipped("the device reported nothing") }
      guard seen.afterClosed == 0 else {
        throw .failed(
          expected: "no report 500 ms after the first CLOSED", seen: "\(seen.afterClosed) in 400 ms")
      }
      _ = try subscriber.stop(device)
      try device.destroy()
    },
    Check(
      "subscribe-6",
      "Subscriptions may begin and end in any rhythm, with opening, closing and binding between."
    ) {
      (probe: Probe) throws(CheckEnd) in
      let subscriber = try Subscriber(probe)
      let device = try subscriber.open()
      for round in 0..<40 {
        try subscriber.start(device)
        if round % 3 == 0 { sv_sleep_ms(Int32(round % 7)) }
        if round % 2 == 0, !device.readable.isEmpty { _ = try device.read(device.readable) }
        try subscriber.requireQuiet(after: subscriber.stop(device), milliseconds: round == 39 ? 150 : 0)
        try device.close()
        if round % 5 == 0 { _ = try device.bind(device.plan.points) }
        try reopen(device)
      }
      try device.destroy()
      try probe.library.unload()
      try probe.requireNoMisuse(device)
    },
  ]
}

/// Starts and stops subscriptions of a device.
private final class Subscriber {
  let probe: Probe
  let host: ProbeHost
  let table: UnsafePointer<mapper_subscribe>
  private(set) var id: UInt64 = 100

  init(_ probe: Probe) throws(CheckEnd) {
    guard let foreign = try probe.extensionTable(MAPPER_EXT_SUBSCRIBE) else {
      throw .skipped("the driver has no \(MAPPER_EXT_SUBSCRIBE)")
    }
    let word = MemoryLayout<UInt>.size
    try foreign.requireSize(8 + 2 * word)
    try foreign.requireZero("flags", at: 4)
    try foreign.require([("start", 8), ("stop", 8 + word)])
    guard let host = probe.library.host else { throw .skipped("the library is not loaded") }
    table = foreign.copy(mapper_subscribe.self)
    self.probe = probe
    self.host = host
  }

  func open() throws(CheckEnd) -> ProbeDevice {
    let device = try probe.openDevice()
    guard !device.readable.isEmpty else { throw .skipped("the device has no readable point") }
    return device
  }

  func start(_ device: ProbeDevice) throws(CheckEnd) {
    guard let handle = device.handle else { throw .skipped("there is no device") }
    id += 1
    let ids = device.readable
    let asked = GuardedArray(ids)
    let results = GuardedArray([mapper_status](repeating: MAPPER_NOT_FILLED, count: ids.count))
    host.begin(id, points: UInt32(device.points.count))
    let result = device.make("start", milliseconds: 2000) {
      table.pointee.start(handle, $0, id, asked.first, UInt32(ids.count), 0, results.first)
    }
    try results.check("results")
    guard result.status.isOK else {
      _ = host.end(id)
      throw .skipped("start: \(result.words)")
    }
    for (place, status) in results.elements.enumerated() where status == MAPPER_NOT_FILLED {
      throw .failed(expected: "results[\(place)] set by start", seen: "left as the host made it")
    }
  }

  func stop(_ device: ProbeDevice) throws(CheckEnd) -> ProbeHost.Subscription {
    guard let handle = device.handle else { throw .skipped("there is no device") }
    probe.say.step("stop")
    table.pointee.stop(handle, id)
    probe.say.step("")
    return host.end(id)
  }

  func waitForReports(milliseconds: Int) {
    for _ in 0..<(milliseconds / 5) where host.subscription(id).reports == 0 { sv_sleep_ms(5) }
  }

  /// Listens a while for what must not come.
  func requireQuiet(after ended: ProbeHost.Subscription, milliseconds: Int32 = 100) throws(CheckEnd) {
    guard ended.underWay == 0 else {
      throw .failed(
        expected: "stop waits for the report that is under way",
        seen: "\(ended.underWay) under way after stop")
    }
    if milliseconds > 0 { sv_sleep_ms(milliseconds) }
    let late = host.subscription(id).late
    guard late == 0 else {
      throw .failed(
        expected: "no report after stop has returned", seen: "\(late) in \(milliseconds) ms")
    }
  }
}
