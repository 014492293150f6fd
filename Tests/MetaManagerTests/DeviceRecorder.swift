// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization
import Testing

/// Writes down what consumers are told.
final class DeviceRecorder: DeviceConsumer {
  private struct State {
    var calls: [String] = []
    var devices: [String: DeviceDescription] = [:]
  }

  private let state = Mutex(State())

  /// `+ default/pump-1`, `- default/pump-1`
  var calls: [String] { state.withLock { $0.calls } }
  var devices: [String: DeviceDescription] { state.withLock { $0.devices } }
  func device(_ name: String) -> DeviceDescription? { state.withLock { $0.devices["default/" + name] } }

  func deviceChanged(_ device: DeviceDescription) {
    state.withLock {
      $0.calls.append("+ \(device.name)")
      $0.devices[device.name.description] = device
    }
  }

  func deviceRemoved(_ name: DeviceName) {
    state.withLock {
      $0.calls.append("- \(name)")
      $0.devices[name.description] = nil
    }
  }
}

/// Waits, up to 10 s, until `condition` holds.
func eventually(
  _ condition: () -> Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
)
  async throws
{
  let clock = ContinuousClock()
  let end = clock.now + .seconds(60)
  while !condition() {
    guard clock.now < end else {
      Issue.record(comment ?? "it did not happen in time", sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}
