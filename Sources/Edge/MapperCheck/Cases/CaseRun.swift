// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI

/// The device of a case on its way through the steps.
struct CaseRun {
  /// Of each call, and of what is awaited: a device of a case answers at once, however busy the machine is.
  private static let patience = 30_000

  let device: ProbeDevice
  /// Nil: the case has none.
  private let broker: CaseBroker?
  /// By property, after `read`.
  private var batch: [String: String] = [:]
  private var failedBatch: [String: String] = [:]
  /// Why the device was refused; nil: it was not.
  private var refusal: String?
  /// By property.
  private var refusedPoints: [String: String] = [:]

  init(device: ProbeDevice, broker: CaseBroker?) {
    self.device = device
    self.broker = broker
  }

  mutating func bind() throws(CheckEnd) {
    let created = try device.create()
    guard created.status.isOK else {
      refusal = created.text ?? "\(created.status)"
      return
    }
    let bound = try device.bind(device.plan.points)
    guard bound.status.isOK else {
      refusal = bound.text ?? "\(bound.status)"
      return
    }
    for (place, point) in device.points.enumerated() where !device.accepted.contains(UInt32(place)) {
      refusedPoints[point.name] = bound.itemTexts[UInt32(place)] ?? ""
    }
  }

  mutating func take(_ step: CaseScript.Step) throws(CheckEnd) {
    if case .deviceRefused(let text) = step {
      return try require(text, refusal ?? "the device was taken")
    }
    if let refusal { throw .failed(expected: "a device", seen: "it was refused: \(refusal)") }
    if case .refused(let property, let text) = step {
      _ = try point(property)
      return try require(text, refusedPoints[property] ?? "the property was taken")
    }
    if !device.isOpen {
      let opened = try device.open(milliseconds: Self.patience)
      guard opened.status.isOK else { throw .failed(expected: "open works", seen: opened.words) }
    }
    switch step {
    case .value(let property, let expected): try require(expected, read(property, isGood: true))
    case .failed(let property, let text): try require(text, read(property, isGood: false))
    case .awaitValue(let property, let expected): try becomes(property, expected, isGood: true)
    case .awaitFailed(let property, let text): try becomes(property, text, isGood: false)
    case .read: try readAll()
    case .got(let property, let expected): try require(expected, got(property, isGood: true))
    case .gotFailed(let property, let text): try require(text, got(property, isGood: false))
    case .publish(let topic, let payload): try broker?.publish(topic, payload)
    case .published(let topic, let payload): try require("\(topic) \(payload)", broker?.published() ?? "")
    case .set(let property, let value): try require("", set(property, value))
    case .setFailed(let property, let value, let text): try require(text, set(property, value))
    case .refused, .deviceRefused: break
    }
  }

  private func require(_ expected: String, _ seen: String) throws(CheckEnd) {
    guard expected == seen else {
      throw .failed(
        expected: expected.isEmpty ? "no failure" : expected, seen: seen.isEmpty ? "no failure" : seen)
    }
  }

  private func point(_ name: String) throws(CheckEnd) -> UInt32 {
    guard let place = device.points.firstIndex(where: { $0.name == name }) else {
      throw .failed(expected: "a property of device.yaml", seen: "'\(name)'")
    }
    return UInt32(place)
  }

  private func read(_ name: String, isGood: Bool) throws(CheckEnd) -> String {
    let id = try point(name)
    let (result, samples) = try device.read([id], milliseconds: Self.patience)
    guard result.status.isOK else { return (isGood ? "failed: " : "") + (result.text ?? "\(result.status)") }
    return try words(samples[0], result.itemTexts[0], isGood: isGood)
  }

  /// What a sample comes to, as `value` and `failed` have it.
  private func words(_ sample: mapper_sample, _ text: String?, isGood: Bool) throws(CheckEnd) -> String {
    if let fault = SampleRules.fault(sample) {
      throw .failed(expected: "a sample as types.h says", seen: fault)
    }
    guard MapperStatus(rawValue: sample.status).isOK else {
      let why = text ?? own(sample) ?? "\(MapperStatus(rawValue: sample.status))"
      return (isGood ? "failed: " : "") + why
    }
    return (isGood ? "" : "a value: ") + CaseValue.text(sample.value)
  }

  /// Reads until it is so.
  private func becomes(_ name: String, _ expected: String, isGood: Bool) throws(CheckEnd) {
    let deadline = sv_monotonic_ns() + Int64(Self.patience) * 1_000_000
    while true {
      let seen = try read(name, isGood: isGood)
      if seen == expected || sv_monotonic_ns() >= deadline { return try require(expected, seen) }
      sv_sleep_ms(2)
    }
  }

  private mutating func readAll() throws(CheckEnd) {
    batch = [:]
    failedBatch = [:]
    let ids = device.readable
    let (result, samples) = try device.read(ids, milliseconds: Self.patience)
    guard result.status.isOK else {
      throw .failed(expected: "a read of all properties", seen: result.words)
    }
    for (place, sample) in samples.enumerated() {
      let name = device.points[Int(ids[place])].name
      batch[name] = try words(sample, result.itemTexts[UInt32(place)], isGood: true)
      failedBatch[name] = try words(sample, result.itemTexts[UInt32(place)], isGood: false)
    }
  }

  private func got(_ name: String, isGood: Bool) throws(CheckEnd) -> String {
    _ = try point(name)
    return (isGood ? batch : failedBatch)[name] ?? "it was not read"
  }

  /// A failed sample may carry its reason.
  private func own(_ sample: mapper_sample) -> String? {
    guard sample.value.type == MAPPER_TYPE_TEXT, let data = sample.value.data else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(start: data, count: Int(sample.value.count)), as: UTF8.self)
  }

  /// - Returns: why not; empty when it was set.
  private func set(_ name: String, _ text: String) throws(CheckEnd) -> String {
    let id = try point(name)
    let type = device.points[Int(id)].property
    guard let value = WriteValue(text, as: type) else {
      throw .failed(expected: "a value of type \(type.rawValue)", seen: "'\(text)'")
    }
    let (result, statuses) = try device.write([(point: id, value: value)], milliseconds: Self.patience)
    if !result.status.isOK { return result.text ?? "\(result.status)" }
    return statuses[0].isOK ? "" : result.itemTexts[0] ?? "\(statuses[0])"
  }
}

extension WriteValue {
  /// The value of a text; nil when it does not fit. Text and bytes are taken as they are.
  fileprivate init?(_ text: String, as type: PropertyType) {
    switch type {
    case .int:
      guard let value = Int64(text) else { return nil }
      self = .int(value)
    case .float:
      guard let value = Float(text) else { return nil }
      self = .float(Double(value))
    case .double:
      guard let value = Double(text) else { return nil }
      self = .double(value)
    case .boolean:
      guard let value = Bool(text) else { return nil }
      self = .bool(value)
    case .string: self = .text(text)
    case .bytes, .stream: self = .bytes(Array(text.utf8))
    }
  }
}
