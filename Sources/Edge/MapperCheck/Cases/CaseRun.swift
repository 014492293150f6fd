// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// The device of a case on its way through the steps.
struct CaseRun {
  private static let openMilliseconds = 5000

  let device: ProbeDevice
  /// Why the device was refused; nil: it was not.
  private var refusal: String?
  /// By property.
  private var refusedPoints: [String: String] = [:]

  init(device: ProbeDevice) { self.device = device }

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
      let opened = try device.open(milliseconds: Self.openMilliseconds)
      guard opened.status.isOK else { throw .failed(expected: "open works", seen: opened.words) }
    }
    switch step {
    case .value(let property, let expected): try require(expected, read(property, isGood: true))
    case .failed(let property, let text): try require(text, read(property, isGood: false))
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
    let (result, samples) = try device.read([id])
    guard result.status.isOK else { return (isGood ? "failed: " : "") + (result.text ?? "\(result.status)") }
    let sample = samples[0]
    if let fault = SampleRules.fault(sample) {
      throw .failed(expected: "a sample as types.h says", seen: fault)
    }
    guard MapperStatus(rawValue: sample.status).isOK else {
      let why = result.itemTexts[0] ?? own(sample) ?? "\(MapperStatus(rawValue: sample.status))"
      return (isGood ? "failed: " : "") + why
    }
    return (isGood ? "" : "a value: ") + CaseValue.text(sample.value)
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
    let (result, statuses) = try device.write([(point: id, value: value)])
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
