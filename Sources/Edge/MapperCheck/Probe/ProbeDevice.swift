// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Glibc

/// A device of the driver under test. Each call is announced, timed, and given memory that shows misuse.
final class ProbeDevice {
  /// Tokens are far from anything that a driver could make up.
  private static let firstToken: UInt64 = 0x5E1F_0000_0000_0001

  let probe: Probe
  let driver: UnsafePointer<mapper_driver>
  let plan: DevicePlan
  let call = ProbeCall.make()
  let token: UInt64
  private(set) var handle: OpaquePointer?
  private(set) var points: [PointPlan] = []
  /// Ids that `bind` took.
  private(set) var accepted: [UInt32] = []
  private(set) var isOpen = false
  private static nonisolated(unsafe) var nextToken = firstToken  // a probe makes devices on one thread

  init(_ probe: Probe, driver: UnsafePointer<mapper_driver>, plan: DevicePlan) {
    self.probe = probe
    self.driver = driver
    self.plan = plan
    token = Self.nextToken
    Self.nextToken += 1
  }

  static func isToken(_ token: UInt64) -> Bool { token >= firstToken && token < firstToken + (1 << 32) }

  var readable: [UInt32] { accepted.filter { points[Int($0)].isReadable } }
  var writable: [UInt32] { accepted.filter { points[Int($0)].isWritable } }

  /// Makes one call and collects what the driver said.
  func make(
    _ name: String, milliseconds: Int, isCancelled: Bool = false,
    _ body: (_ call: OpaquePointer) -> mapper_status
  ) -> CallResult {
    probe.say.step(name)
    call.begin(milliseconds: milliseconds, isCancelled: isCancelled)
    let begin = sv_monotonic_ns()
    let status = body(call.handle)
    let end = sv_monotonic_ns()
    call.end()
    probe.say.step("")
    return CallResult(
      status: MapperStatus(rawValue: status), text: call.failure, itemTexts: call.itemFailures,
      milliseconds: Double(end - begin) / 1e6)
  }

  // ---- life ----

  func create() throws(CheckEnd) -> CallResult {
    let settings = NativeSettings(plan.settings)
    guard let host = probe.library.host else { throw .skipped("the library is not loaded") }
    var out: OpaquePointer?
    let result = withUnsafePointer(to: settings.settings) { settings in
      make("create", milliseconds: 1000) { driver.pointee.create(host.handle, token, settings, $0, &out) }
    }
    if result.status.isOK, out == nil {
      throw .failed(expected: "create that returns OK sets *out", seen: "null")
    }
    if !result.status.isOK, out != nil {
      throw .failed(expected: "*out stays null when create fails (\(result.words))", seen: "a device")
    }
    handle = out
    return result
  }

  /// Hands over a set of points; `accepted` says which were taken.
  func bind(_ plans: [PointPlan]) throws(CheckEnd) -> CallResult {
    guard let handle else { throw .skipped("there is no device") }
    let native = NativePoints(plans)
    let results = GuardedArray([mapper_status](repeating: MAPPER_NOT_FILLED, count: plans.count))
    let result = make("bind", milliseconds: 1000) {
      driver.pointee.bind(handle, $0, native.first, UInt32(plans.count), results.first)
    }
    withExtendedLifetime(native) {}
    try results.check("results")
    points = plans
    accepted = []
    guard result.status.isOK else { return result }
    for (place, status) in results.elements.enumerated() {
      if MapperStatus(rawValue: status).class == .notFilled {
        throw .failed(
          expected: "bind fills results[i] for every point", seen: "results[\(place)] was left unset")
      }
      if MapperStatus(rawValue: status).isOK { accepted.append(UInt32(place)) }
    }
    return result
  }

  func open(milliseconds: Int, isCancelled: Bool = false) throws(CheckEnd) -> CallResult {
    guard let handle else { throw .skipped("there is no device") }
    let result = make("open", milliseconds: milliseconds, isCancelled: isCancelled) {
      driver.pointee.open(handle, $0)
    }
    isOpen = result.status.isOK
    return result
  }

  func close() throws(CheckEnd) {
    guard let handle, isOpen else { return }
    probe.say.step("close")
    driver.pointee.close(handle)
    probe.say.step("")
    isOpen = false
  }

  func destroy() throws(CheckEnd) {
    try close()
    guard let handle else { return }
    probe.say.step("destroy")
    driver.pointee.destroy(handle)
    probe.say.step("")
    self.handle = nil
  }

  deinit { call.giveBack() }

  // ---- reading and writing ----

  /// Reads; the samples are as the driver left them.
  func read(_ ids: [UInt32], milliseconds: Int = 2000, isCancelled: Bool = false) throws(CheckEnd) -> (
    result: CallResult, samples: [mapper_sample]
  ) {
    guard let handle else { throw .skipped("there is no device") }
    let asked = GuardedArray(ids)
    let samples = GuardedArray(
      ids.map { id in
        var sample = mapper_sample()
        sample.point = id
        sample.status = MAPPER_NOT_FILLED
        return sample
      })
    let result = make("read", milliseconds: milliseconds, isCancelled: isCancelled) {
      driver.pointee.read(handle, $0, asked.first, UInt32(ids.count), samples.first)
    }
    try samples.check("out")
    guard asked.elements == ids else {
      throw .failed(expected: "read leaves `points` alone", seen: "it was changed")
    }
    return (result, samples.elements)
  }

  /// Reads and takes only a good answer: a device that fails for the moment is asked again.
  func goodRead(_ ids: [UInt32]) throws(CheckEnd) -> [mapper_sample] {
    var words = ""
    for _ in 0..<4 {
      let (result, samples) = try read(ids)
      if result.status.isOK { return samples }
      words = result.words
      if result.status.class == .unavailable {
        try close()
        _ = try open(milliseconds: 2000)
        guard isOpen else { break }
      }
      sv_sleep_ms(20)
    }
    throw .skipped("the device cannot be read: \(words)")
  }

  func write(_ values: [(point: UInt32, value: WriteValue)], milliseconds: Int = 2000) throws(CheckEnd) -> (
    result: CallResult, statuses: [MapperStatus]
  ) {
    guard let handle, let write = driver.pointee.write else { throw .skipped("the driver cannot write") }
    let natives = values.map { NativeValue($0.value) }
    let writes = GuardedArray(
      zip(values, natives).map { value, native in
        mapper_write(point: value.point, reserved: 0, value: native.value)
      })
    let results = GuardedArray([mapper_status](repeating: MAPPER_NOT_FILLED, count: values.count))
    let result = make("write", milliseconds: milliseconds) {
      write(handle, $0, writes.first, UInt32(values.count), results.first)
    }
    withExtendedLifetime(natives) {}
    try results.check("results")
    return (result, results.elements.map { MapperStatus(rawValue: $0) })
  }
}
