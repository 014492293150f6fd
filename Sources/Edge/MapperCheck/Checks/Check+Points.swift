// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine

extension Check {
  private static let rounds = 40
  private static let pointsARound = 12

  static let pointChecks = [
    Check("bind-1", "bind fills the result of every point.") { (probe: Probe) throws(CheckEnd) in
      let device = try probe.createdDevice(probe.plan())
      _ = try device.bind(device.plan.points)
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("bind-2", "bind takes or refuses whatever the schema of points allows, in every type and access.") {
      (probe: Probe) throws(CheckEnd) in
      try eachFuzzedSet(probe) { (_, result) throws(CheckEnd) in
        guard result.status.isOK || result.status.isFinal || result.status.class == .noMemory else {
          throw .failed(expected: "OK or a final status", seen: result.words)
        }
      }
    },
    Check("bind-3", "bind says why it refuses a point.") { (probe: Probe) throws(CheckEnd) in
      try eachFuzzedSet(probe) { (device, result) throws(CheckEnd) in
        guard result.status.isOK else { return }
        for (place, point) in device.points.enumerated() where !device.accepted.contains(UInt32(place)) {
          guard let text = result.itemTexts[UInt32(place)], !text.isEmpty else {
            throw .failed(
              expected: "a text given to host->fail_item for each refused point",
              seen: "none for \(words(point.settings)), type \(point.property.rawValue)")
          }
        }
      }
    },
    Check("bind-4", "Points of unknown type (NONE) are taken or refused.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.createdDevice(probe.plan())
      _ = try device.bind(
        device.plan.points.map {
          var point = $0
          point.type = MAPPER_TYPE_NONE
          return point
        })
      try device.destroy()
    },
    Check("bind-5", "The settings and points of a call are not used after it: they were only lent.") {
      (probe: Probe) throws(CheckEnd) in
      // What was lent is overwritten when its call is over, so that a kept pointer shows.
      let device = try probe.openDevice()
      _ = try device.goodRead(device.readable)
      try device.destroy()
    },
  ]

  private static func eachFuzzedSet(
    _ probe: Probe, _ body: (ProbeDevice, CallResult) throws(CheckEnd) -> Void
  ) throws(CheckEnd) {
    let schema = try SettingsSchema(
      probe.driver().pointee.point_schema.map { String(cString: $0) }, of: "point")
    let device = try probe.createdDevice(probe.plan())
    var random = SplitMix(seed: 2)
    for round in 0..<rounds {
      var points: [PointPlan] = []
      for place in 0..<pointsARound {
        guard let settings = schema.fuzzed(&random) else { continue }
        let types = PropertyType.allCases
        points.append(
          PointPlan(
            name: "r\(round)-\(place)", property: types[random.next(below: types.count)],
            isWritable: random.next(below: 2) == 0, settings: settings))
      }
      let result = try device.bind(points)
      try body(device, result)
    }
    try device.destroy()
  }
}
