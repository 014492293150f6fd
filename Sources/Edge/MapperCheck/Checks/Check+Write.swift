// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

extension Check {
  static let writeChecks = [
    Check("write-1", "write that returns OK fills the result of every value.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try writableDevice(probe)
      let values = device.writable.map { (point: $0, value: device.points[Int($0)].fittingValue) }
      try requireFilled(device.write(values))
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check(
      "write-2", "A value of another type than the point's is refused with a final status (TYPE, INVALID …)."
    ) {
      (probe: Probe) throws(CheckEnd) in
      let device = try writableDevice(probe)
      for id in device.writable {
        let point = device.points[Int(id)]
        for value in point.wrongValues {
          let (result, statuses) = try device.write([(point: id, value: value)])
          // A device that is away for the moment has not judged the value.
          guard result.status.isOK || result.status.isFinal else { continue }
          let status = result.status.isOK ? statuses[0] : result.status
          guard !status.isOK else {
            throw .failed(
              expected: "TYPE or INVALID for \(value) to \(point.name), which is \(point.property.rawValue)",
              seen: "ok")
          }
        }
      }
      try device.destroy()
    },
    Check("write-3", "Values at the edges of their types are written or refused.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try writableDevice(probe)
      for id in device.writable {
        for value in edgeValues(device.points[Int(id)].property) {
          try requireFilled(device.write([(point: id, value: value)]))
        }
      }
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
  ]

  private static func writableDevice(_ probe: Probe) throws(CheckEnd) -> ProbeDevice {
    let device = try probe.openDevice()
    guard device.driver.pointee.write != nil else { throw .skipped("the driver cannot write") }
    guard !device.writable.isEmpty else { throw .skipped("the device has no writable point") }
    return device
  }

  private static func requireFilled(_ outcome: (result: CallResult, statuses: [MapperStatus]))
    throws(CheckEnd)
  {
    guard outcome.result.status.isOK else { return }
    for (place, status) in outcome.statuses.enumerated() where status.class == .notFilled {
      throw .failed(expected: "results[\(place)] set by the driver", seen: "left as the host made it")
    }
  }

  private static func edgeValues(_ type: PropertyType) -> [WriteValue] {
    switch type {
    case .int: [.int(.min), .int(.max), .int(0), .int(-1), .int(65536)]
    case .float: [.float(Double(Float.greatestFiniteMagnitude)), .float(-0.0), .float(1e-40)]
    case .double: [.double(1e308), .double(-1e308), .double(.leastNonzeroMagnitude), .double(-0.0)]
    case .string: [.text(""), .text(String(repeating: "ä", count: 5000)), .text("%s%n"), .text("\u{0}b")]
    case .boolean: [.bool(false), .bool(true)]
    case .bytes, .stream: [.bytes([]), .bytes([UInt8](repeating: 0xFF, count: 5000))]
    }
  }
}
