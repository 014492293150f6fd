// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import MapperEngine

/// How one device is to be bound to one driver. Two equal plans need no rebinding.
struct BindingPlan: Equatable {
  /// Its session is 0: a number is given when it is bound.
  var binding: SessionBinding
  let points: PointPlan

  /// Why a device cannot be bound: everything that is wrong, at once.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// Keys of `protocol.configData` that are the host's, not the driver's.
  enum Limits {
    static let call = (key: "callTimeoutMs", range: Int64(1)...600_000, standard: UInt32(1000))
    static let open = (key: "openTimeoutMs", range: Int64(1)...600_000, standard: UInt32(5000))
    static let firstBackoff = (key: "backoffMinMs", range: Int64(10)...3_600_000, standard: UInt32(1000))
    static let longestBackoff = (key: "backoffMaxMs", range: Int64(10)...3_600_000, standard: UInt32(30_000))
  }

  init(_ device: DeviceDescription, driver: LoadedDriver) throws(Refusal) {
    if let fault = driver.fault { throw Refusal(description: fault) }
    let path = "protocol.configData"
    var builder = SettingsBuilder()
    var settings = device.settings
    func limit(_ limit: (key: String, range: ClosedRange<Int64>, standard: UInt32)) -> UInt32 {
      builder.takeLimit(limit.key, from: &settings, path: path, range: limit.range, default: limit.standard)
    }
    let call = limit(Limits.call)
    let open = limit(Limits.open)
    let hasLongest = settings[Limits.longestBackoff.key].map { !$0.isNull } ?? false
    let first = limit(Limits.firstBackoff)
    var longest = limit(Limits.longestBackoff)
    if longest < first {
      if hasLongest {
        builder.add(
          SettingProblem(
            path: "\(path).\(Limits.longestBackoff.key)", value: "\(longest)",
            expected: "at least \(Limits.firstBackoff.key), which is \(first)"))
      }
      longest = first
    }

    let deviceSettings = builder.build(settings, for: driver.device, path: path)
    points = driver.plans.plan(of: device.properties)
    let problems = builder.problems + points.problems
    guard problems.isEmpty else {
      throw Refusal(description: problems.map(\.description).joined(separator: "; "))
    }
    binding = SessionBinding(
      session: 0, driver: driver.id, device: device.name.description, settings: deviceSettings,
      points: points.points,
      callTimeoutMilliseconds: call, openTimeoutMilliseconds: open, backoffMilliseconds: first...longest)
  }

  /// The points are in the binding.
  static func == (left: BindingPlan, right: BindingPlan) -> Bool {
    left.binding == right.binding
      && (left.points === right.points || left.points.pointOfProperty == right.points.pointOfProperty)
  }
}
