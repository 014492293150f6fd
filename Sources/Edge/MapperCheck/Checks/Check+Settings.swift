// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine

extension Check {
  private static let rounds = 300

  static let settingChecks = [
    Check("settings-1", "create takes the settings of the manifest, or the least that the schema asks for.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.createdDevice(probe.plan())
      try device.destroy()
    },
    Check(
      "settings-2", "create takes or refuses whatever the schema allows, and never sets *out when it fails."
    ) {
      (probe: Probe) throws(CheckEnd) in
      try eachFuzzedDevice(probe) { (device, result) throws(CheckEnd) in
        guard result.status.isOK || result.status.isFinal || result.status.class == .noMemory else {
          throw .failed(
            expected:
              "OK, or a final status (INVALID, NOT_FOUND, UNSUPPORTED, DENIED, TYPE) for bad settings",
            seen: "\(result.words) for \(words(device.plan.settings))")
        }
        try device.destroy()
      }
    },
    Check("settings-3", "create says why it refuses settings.") { (probe: Probe) throws(CheckEnd) in
      try eachFuzzedDevice(probe) { (device, result) throws(CheckEnd) in
        guard result.status.isOK || !(result.text ?? "").isEmpty else {
          throw .failed(
            expected: "a text given to host->fail: setting, value, what was expected",
            seen: "none beside \(result.status) for \(words(device.plan.settings))")
        }
        try device.destroy()
      }
    },
  ]

  /// The same settings in every run.
  private static func eachFuzzedDevice(
    _ probe: Probe, _ body: (ProbeDevice, CallResult) throws(CheckEnd) -> Void
  ) throws(CheckEnd) {
    let driver = try probe.driver()
    let schema = try SettingsSchema(driver.pointee.device_schema.map { String(cString: $0) }, of: "device")
    var random = SplitMix(seed: 1)
    for _ in 0..<rounds {
      guard let settings = schema.fuzzed(&random) else { continue }
      let device = ProbeDevice(
        probe, driver: driver, plan: DevicePlan(settings: settings, points: [], isGuess: true))
      let result = try device.create()
      try body(device, result)
    }
  }

  static func words(_ settings: [Setting]) -> String {
    let list = settings.map { setting in
      let value =
        switch setting.value {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): "\"\(value.prefix(60))\""
        case .json(let value): String(value.prefix(60))
        }
      return "\(setting.key): \(value)"
    }
    return "{" + list.joined(separator: ", ") + "}"
  }
}
