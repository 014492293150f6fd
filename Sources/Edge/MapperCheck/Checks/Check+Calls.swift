// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Threads

extension Check {
  /// What a driver may take beyond its deadline or after a cancellation. A busy machine adds to it, so that
  /// the best of several attempts counts, with a pause between them.
  private static let grace = 300.0
  private static let attempts = 8
  private static let pause: Int32 = 100
  /// For attempts that come back at the end of their 5 s only; milliseconds.
  static let patience = attempts * 6_000

  static let callChecks = [
    Check("call-1", "open is back by its deadline.", extraMilliseconds: patience) {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.boundDevice(probe.plan())
      try requireQuick("open", within: 100) { () throws(CheckEnd) in
        try device.close()
        return try device.open(milliseconds: 100).milliseconds
      }
      try device.destroy()
    },
    Check("call-2", "open that is cancelled comes back soon.", extraMilliseconds: patience) {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.boundDevice(probe.plan())
      try requireQuick("open", within: 50) { () throws(CheckEnd) in
        try device.close()
        let call = device.call
        let timer = try probe.after(milliseconds: 50) { call.cancel() }
        defer { timer.join() }
        _ = try device.open(milliseconds: 5000)
        return call.millisecondsSinceCancel
      }
      try device.destroy()
    },
    Check("call-3", "read is back by its deadline.", extraMilliseconds: patience) {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      try requireQuick("read", within: 100) { () throws(CheckEnd) in
        if !device.isOpen { try reopen(device) }
        return try device.read(device.readable, milliseconds: 100).result.milliseconds
      }
      try device.destroy()
    },
    Check("call-4", "read that is cancelled comes back soon.", extraMilliseconds: patience) {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      try requireQuick("read", within: 50) { () throws(CheckEnd) in
        let call = device.call
        let timer = try probe.after(milliseconds: 50) { call.cancel() }
        defer { timer.join() }
        _ = try device.read(device.readable, milliseconds: 5000)
        return call.millisecondsSinceCancel
      }
      try device.destroy()
    },
    Check(
      "call-5", "A read that was cancelled before it began comes back at once, and the next one works.",
      extraMilliseconds: patience
    ) {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      try requireQuick("read", within: 0) { () throws(CheckEnd) in
        try device.read(device.readable, milliseconds: 5000, isCancelled: true).result.milliseconds
      }
      _ = try device.goodRead(device.readable)
      try device.destroy()
    },
    Check("call-6", "A call is used only by the thread that runs it, and not after it has returned.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try readableDevice(probe)
      for _ in 0..<3 { _ = try device.goodRead(device.readable) }
      try device.destroy()
      try probe.library.unload()
      try probe.requireNoMisuse(device)
    },
  ]

  /// - Parameter limit: milliseconds.
  static func requireQuick(
    _ name: String, within limit: Double, _ attempt: () throws(CheckEnd) -> Double
  ) throws(CheckEnd) {
    var best = Double.infinity
    for number in 0..<attempts where best > limit + grace {
      if number > 0 { sv_sleep_ms(pause) }
      best = min(best, try attempt())
    }
    guard best <= limit + grace else {
      throw .failed(
        expected: "\(name) back within \(Int(limit)) ms (\(Int(grace)) ms more are granted)",
        seen: "\(Int(best)) ms at best of \(attempts)")
    }
  }
}
