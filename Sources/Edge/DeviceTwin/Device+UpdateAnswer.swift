// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What one entry of a request does.
struct UpdateStep: Sendable {
  enum Effect: Sendable {
    /// Never existed, or deleted before: shown in the document only.
    case nothing
    /// Known, and neither side was sent.
    case untouched
    case deleted
    case changed(expected: Bool, actual: Bool)
  }

  var place: Int?
  var name: String
  var effect: Effect
  /// As it was; nil: there was none.
  var before: Property?
  var desiredBefore: Desired?
}

/// What one request does to a device.
struct UpdatePlan: Sendable {
  let versions: (desired: Int64, reported: Int64)
  /// Of the properties before.
  let count: Int
  var steps: [UpdateStep] = []
  var rows: [StoreChange] = []
  var answer = UpdateAnswer()
  var names: [String] = []
  var desiredNames: [String] = []
  /// `desiredVersion` after it.
  var version: Int64 = 0
  var revision: UInt64 = 0
  var reported: [(property: String, type: PropertyType, value: Value)] = []
  var event: EventRecord?

  init(versions: (desired: Int64, reported: Int64), count: Int) {
    self.versions = versions
    self.count = count
  }
}

/// The messages of one update, one after the other in one buffer.
struct UpdateAnswer: Sendable {
  var bytes: [UInt8] = []
  var resultEnd = 0
  /// Equal to `resultEnd`: no document.
  var documentEnd = 0
}

/// The answers to `twin/update`.
extension Device {
  func encodeAnswer(
    _ steps: [UpdateStep], request: TwinRequest, milliseconds: Int64, in state: borrowing DeviceState
  ) -> UpdateAnswer {
    var encoder = TwinEncoder()
    encoder.bytes.reserveCapacity(640)
    var answer = UpdateAnswer()
    encoder.head(event: request.event, milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    var hasDocument = false
    for step in steps {
      switch step.effect {
      case .untouched: continue
      case .nothing: hasDocument = true
      case .deleted:
        hasDocument = true
        encoder.member(step.name)
        encoder.raw("null,")
      case .changed(let expected, let actual):
        guard let place = step.place else { continue }
        hasDocument = true
        let property = state.properties[place]
        encoder.member(step.name)
        encoder.twin(
          expected: expected ? state.desired[place].map { .init($0) } : nil,
          actual: actual ? .init(property.latest) : nil,
          isOptional: property.isOptional, type: property.typeName)
        encoder.raw(",")
      }
    }
    encoder.close("}}")
    answer.resultEnd = encoder.bytes.count
    if hasDocument {
      encoder.head(event: request.event, milliseconds: milliseconds)
      encoder.raw(",\"twin\":{")
      for step in steps { document(step, in: state, encoder: &encoder) }
      encoder.close("}}")
    }
    answer.documentEnd = encoder.bytes.count
    if let delta = encodeDelta(of: state, milliseconds: milliseconds) { encoder.bytes += delta }
    answer.bytes = encoder.bytes
    return answer
  }

  private func document(_ step: UpdateStep, in state: borrowing DeviceState, encoder: inout TwinEncoder) {
    if case .untouched = step.effect { return }
    encoder.member(step.name)
    encoder.raw("{\"last\":")
    switch step.before?.life {
    case nil, .unborn: encoder.raw("null")
    case .live:
      if let before = step.before { encoder.property(before, desired: step.desiredBefore, orNull: true) }
    case .deleted(let hadExpected, let hadActual):
      if case .nothing = step.effect {
        encoder.twin(
          expected: hadExpected ? .nothing : nil, actual: hadActual ? .nothing : nil, isOptional: true,
          type: "deleted")
      } else {
        encoder.raw("null")
      }
    }
    encoder.raw(",\"current\":")
    if case .changed = step.effect, let place = step.place {
      encoder.property(state.properties[place], desired: state.desired[place], orNull: false)
    } else {
      encoder.raw("null")
    }
    encoder.raw("},")
  }

  /// Result, document, delta: in this order, each when there is one.
  ///
  /// - Parameter withResult: false where nobody asked over MQTT.
  func publish(_ answer: UpdateAnswer, withResult: Bool = true) {
    answer.bytes.withUnsafeBytes { bytes in
      if withResult {
        context.publish(
          UnsafeRawBufferPointer(rebasing: bytes[..<answer.resultEnd]), to: topics.updateResult)
      }
      if answer.documentEnd > answer.resultEnd {
        context.publish(
          UnsafeRawBufferPointer(rebasing: bytes[answer.resultEnd..<answer.documentEnd]), to: topics.document)
      }
      if bytes.count > answer.documentEnd {
        context.publish(UnsafeRawBufferPointer(rebasing: bytes[answer.documentEnd...]), to: topics.delta)
      }
    }
  }
}
