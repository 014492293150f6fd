// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

extension Check {
  static let readChecks = [
    Check("read-1", "read that returns OK leaves no sample as the host made it.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      let samples = try device.goodRead(device.readable)
      let unfilled = samples.filter { MapperStatus(rawValue: $0.status).class == .notFilled }.map(\.point)
      guard unfilled.isEmpty else {
        throw .failed(
          expected: "a status of the driver's own in each of \(samples.count) samples",
          seen: "NOT_FILLED in point " + unfilled.map { "\($0)" }.joined(separator: ", "))
      }
      try device.destroy()
    },
    Check("read-2", "Samples come in the order of the points that were asked for, under their ids.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      for ids in [device.readable, device.readable.reversed(), Array(device.readable.suffix(1))] {
        let seen = try device.goodRead(ids).map(\.point)
        guard seen == ids else { throw .failed(expected: "points \(ids)", seen: "\(seen)") }
      }
      try device.destroy()
    },
    Check(
      "read-3", "Values are of the ABI's types and in their ranges, text is UTF-8, reserved words are zero."
    ) {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      for _ in 0..<3 { try requireSound(device.goodRead(device.readable), asked: device.readable) }
      try device.destroy()
    },
    Check("read-4", "A read of the whole set and reads of its parts may follow each other at will.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      var random = SplitMix(seed: 3)
      for _ in 0..<50 {
        let ids = device.readable.filter { _ in random.next(below: 2) == 0 }
        if !ids.isEmpty { try requireIDs(device.goodRead(ids), asked: ids) }
      }
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("memory-1", "A read for which the host has no memory fails cleanly, and the next one works.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      device.call.isStarved = true
      // It may fail as a whole, in single points, or make do with memory of the driver's own.
      let (result, samples) = try device.read(device.readable)
      device.call.isStarved = false
      if result.status.isOK {
        for sample in samples where sample.status == MAPPER_OK {
          if let fault = SampleRules.valueFault(sample.value) {
            throw .failed(expected: "a sound value", seen: fault)
          }
        }
      }
      try requireIDs(device.goodRead(device.readable), asked: device.readable)
      try device.destroy()
    },
  ]

  /// An open device with something to read.
  static func readableDevice(_ probe: Probe) throws(CheckEnd) -> ProbeDevice {
    let device = try probe.openDevice()
    guard !device.readable.isEmpty else { throw .skipped("the device has no readable point") }
    return device
  }

  static func requireIDs(_ samples: [mapper_sample], asked ids: [UInt32]) throws(CheckEnd) {
    for (sample, id) in zip(samples, ids) where sample.point != id {
      throw .failed(expected: "a sample of point \(id)", seen: "one of point \(sample.point)")
    }
  }

  static func requireSound(_ samples: [mapper_sample], asked ids: [UInt32]) throws(CheckEnd) {
    try requireIDs(samples, asked: ids)
    for sample in samples {
      if let fault = SampleRules.fault(sample) {
        throw .failed(expected: "samples as types.h says", seen: fault)
      }
    }
  }
}
