// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON

@testable import DeviceTwin

extension Caller {
  static let test = Caller(name: "test", scope: .admin)
}

/// As most tests set values: without a condition, for one caller.
extension TwinManager {
  func setDesired(
    _ changes: [(property: String, value: JSON?)], of device: DeviceName, origin: DesiredOrigin,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot {
    try await setDesired(
      changes.map { DesiredChange($0.property, $0.value) }, of: device, origin: origin, caller: .test,
      ifVersion: ifVersion)
  }
}

extension Device {
  func setDesired(
    _ changes: [(property: String, value: JSON?)], origin: DesiredOrigin, ifVersion: Int64?,
    answer: @escaping DesiredAnswer
  ) {
    setDesired(
      changes.map { DesiredChange($0.property, $0.value) }, origin: origin, caller: .test,
      ifVersion: ifVersion, answer: answer)
  }
}
