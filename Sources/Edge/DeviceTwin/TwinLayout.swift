// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The properties of a device's model as its feed numbers them, with all that telemetry needs of them.
///
/// Never changes, so devices with equal properties share one: another description makes another layout, and a feed of
/// the old one is no longer heard.
final class TwinLayout: Sendable {
  let names: [String]
  let types: [PropertyType]
  /// What the twins of the properties share.
  let forms: [PropertyForm]
  /// Places in the order of their names' bytes.
  let sorted: [Int]
  let form: DeviceDescription.TelemetryForm
  /// `"name":{"value":` of every property, one after the other; `starts` has one more entry than there are.
  let pieces: [UInt8]
  let starts: [Int]
  /// `"type":"float"}}` of every property, in the same way.
  private let endings: [UInt8]
  private let endingStarts: [Int]
  /// `"name","name"` of all properties: a batch mostly has every one, in this order.
  let list: [UInt8]

  static let noReason = SampleFailure(status: .notFilled, text: "")

  init(_ description: DeviceDescription) {
    names = description.properties.map(\.name)
    forms = description.properties.map { PropertyForm($0) }
    sorted = description.properties.indices.sorted {
      description.properties[$0].name.utf8.lexicographicallyPrecedes(description.properties[$1].name.utf8)
    }
    types = description.properties.map(\.type)
    form = description.telemetry
    var pieces: [UInt8] = []
    var starts = [0]
    var endings: [UInt8] = []
    var endingStarts = [0]
    var list: [UInt8] = []
    for property in description.properties {
      JSONWriter.append(escaped: property.name, to: &pieces)
      if !list.isEmpty { list.append(UInt8(ascii: ",")) }
      list.append(contentsOf: pieces[(starts.last ?? 0)...])
      pieces.append(contentsOf: ":{\"value\":".utf8)
      starts.append(pieces.count)
      endings.append(contentsOf: ",\"type\":\"\(property.type.twinName)\"}},".utf8)
      endingStarts.append(endings.count)
    }
    self.pieces = pieces
    self.starts = starts
    self.endings = endings
    self.endingStarts = endingStarts
    self.list = form == .compact ? list : []
  }

  var count: Int { names.count }

  func matches(_ description: DeviceDescription) -> Bool {
    form == description.telemetry && names.count == description.properties.count
      && zip(names, types).elementsEqual(description.properties) { $0.0 == $1.name && $0.1 == $1.type }
  }

  static func mismatch(_ value: Value, _ type: PropertyType) -> SampleFailure {
    SampleFailure(status: .type, text: "the driver's value \(value.text.prefix(64)) is no \(type.twinName)")
  }

  /// Writes one batch as a telemetry message.
  ///
  /// The full form:
  /// ```json
  /// {"epoch":1795515640473,"seq":7,"timestamp":1795515645866,"data":{
  ///   "temperature":{"value":"21.5","quality":"good","metadata":{"timestamp":1795515645866,"type":"float"}},
  ///   "level":{"value":null,"quality":"bad","error":"timeout","metadata":{"timestamp":1795515645866,"type":"int"}}}}
  /// ```
  /// The compact form holds the same as arrays with numbers as numbers; every message names its
  /// properties, so a subscriber that comes late, or misses one, can read the next. Members that would be
  /// empty are left out: `sourceTimes` (the device's clock, ms, 0: none), `quality` (of values that are not
  /// good)
  /// and `errors` (why a value is null).
  /// ```json
  /// {"epoch":1795515640473,"seq":7,"timestamp":1795515645866,"properties":["temperature","level"],
  ///   "values":[21.5,null],"errors":{"level":"timeout"}}
  /// ```
  /// `epoch` names this run of the agent (Unix ms of its start), `seq` counts the device's batches in it: a
  /// hole is a batch that was dropped. `timestamp` is the arrival at the edge, Unix ms; inside `metadata` it
  /// is
  /// the device's clock where it has one.
  func encode(_ samples: [Sample], epoch: Int64, sequence: UInt64, arrival: Int64, into bytes: inout [UInt8])
  {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: "{\"epoch\":".utf8)
    JSONWriter.append(epoch, to: &bytes)
    bytes.append(contentsOf: ",\"seq\":".utf8)
    JSONWriter.append(Int64(bitPattern: sequence), to: &bytes)
    bytes.append(contentsOf: ",\"timestamp\":".utf8)
    JSONWriter.append(arrival / 1_000_000, to: &bytes)
    switch form {
    case .full: encodeFull(samples, arrival: arrival, into: &bytes)
    case .compact: encodeCompact(samples, into: &bytes)
    }
  }

  // MARK: The full form

  private func encodeFull(_ samples: [Sample], arrival: Int64, into bytes: inout [UInt8]) {
    bytes.append(contentsOf: ",\"data\":{".utf8)
    // What follows a good value up to the type is the same for all samples of one time.
    var good = Middle(milliseconds: arrival / 1_000_000)
    let start = bytes.count
    pieces.withUnsafeBufferPointer { pieces in
      endings.withUnsafeBufferPointer { endings in
        samples.withUnsafeBufferPointer { samples in
          for index in samples.indices {
            let property = samples[index].property
            guard property >= 0, property < types.count else { continue }
            bytes.append(
              contentsOf: UnsafeBufferPointer(rebasing: pieces[starts[property]..<starts[property + 1]]))
            let source = samples[index].sourceNanoseconds
            if source != 0 {
              good.set(milliseconds: source / 1_000_000)
            } else {
              good.set(milliseconds: arrival / 1_000_000)
            }
            appendFull(samples[index], type: types[property], middle: good, to: &bytes)
            bytes.append(
              contentsOf: UnsafeBufferPointer(
                rebasing: endings[endingStarts[property]..<endingStarts[property + 1]]))
          }
        }
      }
    }
    if bytes.count > start { bytes.removeLast() }
    bytes.append(contentsOf: "}}".utf8)
  }

  @inline(__always)
  private func appendFull(_ sample: Sample, type: PropertyType, middle: Middle, to bytes: inout [UInt8]) {
    if let value = fitted(sample.value, type: type) {
      Self.append(quoted: value, to: &bytes)
      if sample.quality == .good {
        bytes.append(contentsOf: middle.good)
        return
      }
      bytes.append(contentsOf: ",\"quality\":\"".utf8)
      bytes.append(contentsOf: sample.quality.class.rawValue.utf8)
      bytes.append(UInt8(ascii: "\""))
    } else {
      bytes.append(contentsOf: "null,\"quality\":\"".utf8)
      bytes.append(
        contentsOf: (sample.quality.class == .good ? Quality.Class.bad : sample.quality.class).rawValue.utf8)
      bytes.append(contentsOf: "\",\"error\":".utf8)
      JSONWriter.append(escaped: Self.reason(of: sample, type: type), to: &bytes)
    }
    bytes.append(contentsOf: middle.metadata)
  }

  /// `,"quality":"good","metadata":{"timestamp":…` for one time, rebuilt when the time changes.
  private struct Middle {
    private var milliseconds: Int64
    private(set) var good: [UInt8] = []
    private(set) var metadata: [UInt8] = []

    init(milliseconds: Int64) {
      self.milliseconds = milliseconds
      build()
    }

    @inline(__always)
    mutating func set(milliseconds: Int64) {
      guard milliseconds != self.milliseconds else { return }
      self.milliseconds = milliseconds
      build()
    }

    private mutating func build() {
      metadata.removeAll(keepingCapacity: true)
      metadata.append(contentsOf: ",\"metadata\":{\"timestamp\":".utf8)
      JSONWriter.append(milliseconds, to: &metadata)
      good.removeAll(keepingCapacity: true)
      good.append(contentsOf: ",\"quality\":\"good\"".utf8)
      good.append(contentsOf: metadata)
    }
  }

  // MARK: Values

  @inline(__always)
  func fitted(_ value: Value?, type: PropertyType) -> Value? {
    guard let value else { return nil }
    return value.fits(type) ? value : value.converted(to: type)
  }

  static func reason(of sample: Sample, type: PropertyType) -> String {
    if let value = sample.value { return mismatch(value, type).words }
    return (sample.failure ?? noReason).words
  }

  /// The text form as a JSON string.
  @inline(__always)
  static func append(quoted value: Value, to bytes: inout [UInt8]) {
    switch value {
    case .float(let number) where number.isFinite:
      bytes.append(UInt8(ascii: "\""))
      JSONWriter.append(number, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    case .double(let number) where number.isFinite:
      bytes.append(UInt8(ascii: "\""))
      JSONWriter.append(number, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    case .int(let number):
      bytes.append(UInt8(ascii: "\""))
      JSONWriter.append(number, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    default:
      JSONWriter.append(escaped: value.text, to: &bytes)
    }
  }
}

extension SampleFailure {
  /// Status and the driver's words, for people.
  var words: String { text.isEmpty ? status.description : "\(status): \(text)" }
}
