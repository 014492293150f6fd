// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import Logging
import TestSupport

@testable import Push

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func makeName(_ name: String) throws -> DeviceName {
  guard let name = DeviceName(namespace: "default", name: name) else { throw BadName() }
  return name
}

struct BadName: Error {}

/// A device whose properties are pushed every 10 ms.
func makeDevice(
  _ properties: [(name: String, type: PropertyType, push: [PushMethod])]
) throws -> DeviceDescription {
  DeviceDescription(
    name: try makeName("one"), model: "model", protocolName: "virtual",
    properties: properties.map {
      var property = PropertyDescription(name: $0.name, type: $0.type, unit: "C", reportCycleMilliseconds: 10)
      property.push = $0.push
      return property
    })
}

extension Push {
  /// A started one, with short waits.
  static func started(
    outlets: (any MessageOutlets)? = nil, _ adjust: (inout PushOptions) -> Void = { _ in }
  ) async throws -> Push {
    var options = PushOptions()
    options.node = "edge-1"
    options.firstWait = 20
    options.longestWait = 100
    adjust(&options)
    let push = Push(options, outlets: outlets, group: nil, log: quiet)
    try await push.start()
    return push
  }
}

/// Hands a value over and waits until it is on its way, so that the next one does not take its place.
func give(_ value: Value, at time: Int64, of place: Int = 0, to sink: any SampleSink, _ push: Push) async {
  let before = push.statistics.reduce(0) { $0 + $1.sent + UInt64($1.waiting) + $1.dropped + $1.refused }
  sink.take([Sample(property: place, quality: .good, sourceNanoseconds: time, value: value)], arrival: 1)
  _ = await eventually {
    push.statistics.reduce(0) { $0 + $1.sent + UInt64($1.waiting) + $1.dropped + $1.refused } > before
  }
}
