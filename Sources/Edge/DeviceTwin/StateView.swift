// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// A device's state as a condition sees it. Lives under the device's lock only, so that the state it shares is not
/// copied by a change.
private struct StateView: DeviceView {
  let device: Device
  let state: DeviceState

  var name: DeviceName { device.name }
  var model: String { state.description?.model ?? "" }
  var labels: [String: String] { state.description?.labels ?? [:] }
  var protocolName: String? { state.description?.protocolName }
  var link: LinkSnapshot { state.link }
  var desiredVersion: Int64 { state.desiredVersion }
  var reportedVersion: Int64 { state.reportedVersion }

  func property(_ name: String) -> PropertySnapshot? {
    guard let place = state.place(of: name), state.properties[place].isLive else { return nil }
    return device.snapshot(of: place, in: state)
  }
}

extension Device {
  /// Nil once the device is gone.
  func read<Result>(_ body: (any DeviceView) -> Result) -> Result? {
    state.withLock { state in state.isRemoved ? nil : body(StateView(device: self, state: state)) }
  }
}
