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
  private let pieces: [UInt8]
  private let starts: [Int]
  /// `"type":"float"}}` of every property, in the same way.
  private let endings: [UInt8]
  private let endingStarts: [Int]

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
    for property in description.properties {
      JSONWriter.append(escaped: property.name, to: &pieces)
      pieces.append(contentsOf: ":{\"value\":".utf8)
      starts.append(pieces.count)
      endings.append(contentsOf: ",\"type\":\"\(property.type.twinName)\"}},".utf8)
      endingStarts.append(endings.count)
    }
    self.pieces = pieces
    self.starts = starts
    self.endings = endings
    self.endingStarts = endingStarts
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

  // MARK: The compact form

  private func encodeCompact(_ samples: [Sample], into bytes: inout [UInt8]) {
    bytes.append(contentsOf: ",\"properties\":[".utf8)
    var hasSourceTimes = false
    var hasTrouble = false
    samples.withUnsafeBufferPointer { samples in
      pieces.withUnsafeBufferPointer { pieces in
        for index in samples.indices {
          let property = samples[index].property
          guard property >= 0, property < types.count else { continue }
          // The piece without its `:{"value":`.
          bytes.append(
            contentsOf: UnsafeBufferPointer(rebasing: pieces[starts[property]..<starts[property + 1] - 10]))
          bytes.append(UInt8(ascii: ","))
        }
      }
      endList(&bytes)
      bytes.append(contentsOf: "],\"values\":[".utf8)
      for index in samples.indices {
        let property = samples[index].property
        guard property >= 0, property < types.count else { continue }
        if let value = fitted(samples[index].value, type: types[property]) {
          Self.append(plain: value, to: &bytes)
          if samples[index].quality != .good { hasTrouble = true }
        } else {
          bytes.append(contentsOf: "null".utf8)
          hasTrouble = true
        }
        bytes.append(UInt8(ascii: ","))
        if samples[index].sourceNanoseconds != 0 { hasSourceTimes = true }
      }
    }
    endList(&bytes)
    bytes.append(UInt8(ascii: "]"))
    if hasSourceTimes { appendSourceTimes(samples, to: &bytes) }
    if hasTrouble { appendTrouble(samples, to: &bytes) }
    bytes.append(UInt8(ascii: "}"))
  }

  private func appendSourceTimes(_ samples: [Sample], to bytes: inout [UInt8]) {
    bytes.append(contentsOf: ",\"sourceTimes\":[".utf8)
    for sample in samples where types.indices.contains(sample.property) {
      JSONWriter.append(sample.sourceNanoseconds / 1_000_000, to: &bytes)
      bytes.append(UInt8(ascii: ","))
    }
    endList(&bytes)
    bytes.append(UInt8(ascii: "]"))
  }

  private func appendTrouble(_ samples: [Sample], to bytes: inout [UInt8]) {
    var quality = JSONWriter()
    var errors = JSONWriter()
    for sample in samples where types.indices.contains(sample.property) {
      let type = types[sample.property]
      if fitted(sample.value, type: type) == nil {
        errors.name(names[sample.property])
        errors.string(Self.reason(of: sample, type: type))
      } else if sample.quality != .good {
        quality.name(names[sample.property])
        quality.string(sample.quality.class.rawValue)
      }
    }
    for (name, writer) in [("quality", quality), ("errors", errors)] where !writer.bytes.isEmpty {
      bytes.append(contentsOf: ",\"\(name)\":{".utf8)
      bytes.append(contentsOf: writer.bytes)
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Takes the last comma away.
  private func endList(_ bytes: inout [UInt8]) {
    if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
  }

  // MARK: Values

  @inline(__always)
  private func fitted(_ value: Value?, type: PropertyType) -> Value? {
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

  /// Numbers and booleans as such; NaN and infinity, which JSON lacks, as null.
  @inline(__always)
  static func append(plain value: Value, to bytes: inout [UInt8]) {
    switch value {
    case .float(let number): JSONWriter.append(number, to: &bytes)
    case .double(let number): JSONWriter.append(number, to: &bytes)
    case .int(let number): JSONWriter.append(number, to: &bytes)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .text, .bytes: JSONWriter.append(escaped: value.text, to: &bytes)
    }
  }
}

extension SampleFailure {
  /// Status and the driver's words, for people.
  var words: String { text.isEmpty ? status.description : "\(status): \(text)" }
}
