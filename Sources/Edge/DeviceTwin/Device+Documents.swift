// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Synchronization

/// KubeEdge's messages about twins, from the device's state.
extension Device {
  /// Each property with the desired value it had before, and as it is now.
  func encodeDocument(
    of before: [(place: Int, desired: Desired?)], in state: borrowing DeviceState, milliseconds: Int64
  ) -> [UInt8] {
    var encoder = TwinEncoder()
    encoder.head(event: "", milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    let entries = before.map { (name: state.properties[$0.place].name, place: $0.place, desired: $0.desired) }
    for entry in entries.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      encoder.member(entry.name)
      encoder.raw("{\"last\":")
      encoder.property(state.properties[entry.place], desired: entry.desired, orNull: true)
      encoder.raw(",\"current\":")
      encoder.property(state.properties[entry.place], desired: state.desired[entry.place], orNull: false)
      encoder.raw("},")
    }
    encoder.close("}}")
    return encoder.bytes
  }

  /// Nil when no property differs from what is desired of it.
  func encodeDelta(of state: borrowing DeviceState, milliseconds: Int64) -> [UInt8]? {
    guard !state.desired.isEmpty else { return nil }
    var desired: [Int] = []
    var differing: [Int] = []
    for place in state.sorted where state.properties[place].hasDesired && state.properties[place].isLive {
      guard let wanted = state.desired[place], !wanted.text.isEmpty else { continue }
      desired.append(place)
      // One that was given up for its age must not reach the device's program either.
      let isGivenUp = wanted.state == .failed && !state.properties[place].isMapped
      if !isGivenUp, !wanted.equals(state.properties[place].latest) { differing.append(place) }
    }
    guard !differing.isEmpty else { return nil }
    var encoder = TwinEncoder()
    encoder.head(event: UUIDText.random(), milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    for place in desired {
      encoder.member(state.properties[place].name)
      encoder.property(state.properties[place], desired: state.desired[place], orNull: false)
      encoder.raw(",")
    }
    encoder.close("},\"delta\":{")
    for place in differing {
      encoder.member(state.properties[place].name)
      encoder.string(state.desired[place]?.text ?? "")
      encoder.raw(",")
    }
    encoder.close("}}")
    return encoder.bytes
  }

  /// The answer to `twin/get`, from memory alone.
  func encodeTwin(event: String, milliseconds: Int64, into encoder: inout TwinEncoder) {
    encoder.head(event: event, milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    state.withLock { state in
      for place in state.sorted where state.properties[place].isShown {
        encoder.member(state.properties[place].name)
        encoder.property(state.properties[place], desired: state.desired[place], orNull: false)
        encoder.raw(",")
      }
    }
    encoder.close("}}")
  }
}

extension Property {
  /// KubeEdge has no twin of a property that has neither value; one that a client made is there all the same.
  var isShown: Bool { isLive && (!isModelled || hasDesired || latest.value != nil) }
}

extension TwinEncoder {
  /// A property with both its sides.
  ///
  /// - Parameter orNull: null where neither side has a value.
  mutating func property(_ property: Property, desired: Desired?, orNull: Bool) {
    let actual = Side(property.latest)
    if orNull, actual == nil, desired == nil, property.isModelled {
      raw("null")
      return
    }
    twin(
      expected: desired.map { Side($0) }, actual: actual, isOptional: property.isOptional,
      type: property.typeName)
  }

  /// `state/update/result`.
  mutating func state(of device: String, word: String, link: LinkSnapshot, milliseconds: Int64) {
    head(event: UUIDText.random(), milliseconds: milliseconds)
    raw(",\"device\":{\"name\":")
    string(device)
    raw(",\"state\":")
    string(word)
    if link.state == .online {
      raw(",\"lastOnlineTime\":")
      string(TimeText.utc(seconds: link.lastOnline / 1_000_000_000))
    }
    raw("}}")
  }
}
