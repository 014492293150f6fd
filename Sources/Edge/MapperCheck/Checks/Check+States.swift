// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

extension Check {
  static let stateChecks = [
    Check("state-1", "A device can be destroyed right after create.") { (probe: Probe) throws(CheckEnd) in
      let device = try probe.createdDevice(probe.plan())
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("state-2", "A device can be destroyed after bind.") { (probe: Probe) throws(CheckEnd) in
      let device = try probe.boundDevice(probe.plan())
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("state-3", "A device can be closed and opened again, and then works as before.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.openDevice()
      for _ in 0..<3 {
        try device.close()
        try reopen(device)
      }
      _ = try device.goodRead(device.readable)
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("state-4", "A later bind replaces the set of points.") { (probe: Probe) throws(CheckEnd) in
      let plan = try probe.plan()
      let device = try probe.openDevice(plan)
      try device.close()
      let kept = device.accepted.suffix(1).map { device.points[Int($0)] }
      let result = try device.bind(kept)
      guard result.status.isOK, device.accepted == [0] else {
        throw .failed(expected: "bind takes a part of the same points", seen: result.words)
      }
      try reopen(device)
      if !device.readable.isEmpty { _ = try device.goodRead(device.readable) }
      try device.destroy()
    },
    Check("state-5", "A device without points can be bound, opened and closed.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.createdDevice(probe.plan())
      let result = try device.bind([])
      guard result.status.isOK else {
        throw .failed(expected: "bind of no points returns OK", seen: result.words)
      }
      _ = try device.open(milliseconds: 2000)
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("state-6", "A failed open leaves the device bound: it can be opened again, or destroyed.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.boundDevice(probe.plan())
      // Cancelled before it begins: most drivers fail, and one that needs no device may succeed.
      for _ in 0..<3 {
        _ = try device.open(milliseconds: 2000, isCancelled: true)
        try device.close()
      }
      try device.destroy()
      try probe.requireNoMisuse(device)
    },
    Check("state-7", "Two devices live side by side, and one outlives the other.") {
      (probe: Probe) throws(CheckEnd) in
      let plan = try probe.plan()
      let first = try probe.openDevice(plan)
      let second = try probe.boundDevice(plan)
      // A line may take one connection only: that the second one opens is not required.
      let isOpen = try second.open(milliseconds: 2000).status.isOK
      try first.destroy()
      if isOpen { _ = try second.read(second.readable) }
      try second.destroy()
      try probe.requireNoMisuse(second)
    },
  ]

  /// Opens a device that was open before.
  static func reopen(_ device: ProbeDevice) throws(CheckEnd) {
    var words = ""
    for _ in 0..<4 {
      let result = try device.open(milliseconds: 2000)
      if result.status.isOK { return }
      words = result.words
    }
    throw .failed(expected: "open works again after close", seen: words)
  }
}
