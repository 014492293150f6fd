// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes

/// Setting desired values of one device and, where asked, waiting for what becomes of them; whichever way the request
/// came.
struct DesiredWrite: Sendable {
  let device: DeviceName
  let changes: [DesiredChange]
  var condition = EntityTag.Condition.any
  /// How long to wait until the device has the values; nil: not at all.
  var wait: Duration?
  let caller: Caller

  /// Returns once the values are on disk and, where asked, their fate is known or the time is over (`.accepted`).
  func run(_ twins: any TwinAccess, _ watches: WatchRegistry) async throws(Problem)
    -> (HTTPResponse.Status, DeviceSnapshot)
  {
    guard caller.maySee(device), let before = twins.device(device) else { throw .deviceNotFound(device) }
    guard let version = condition.version(current: before.desiredVersion) else {
      throw .versionConflict(current: before.desiredVersion)
    }
    if changes.isEmpty { return (.ok, before) }
    let stored: DeviceSnapshot
    do throws(TwinError) {
      stored = try await twins.setDesired(
        changes, of: device, origin: .api, caller: caller, ifVersion: version)
    } catch {
      throw Problem(error)
    }
    guard let wait else { return (.ok, stored) }
    return try await settle(
      DesiredFate(changes, stored: stored), stored: stored, within: wait, twins, watches)
  }

  private func settle(
    _ fate: DesiredFate, stored: DeviceSnapshot, within timeout: Duration, _ twins: any TwinAccess,
    _ watches: WatchRegistry
  ) async throws(Problem) -> (HTTPResponse.Status, DeviceSnapshot) {
    if fate.isPending(in: stored) {
      do {
        try await watches.withWatch(fate.filter, of: twins) { watch in
          let timer = Task {
            try? await Task.sleep(for: timeout)
            watch.cancel()
          }
          defer { timer.cancel() }
          while case .changed? = await watch.next() {
            guard let now = twins.device(stored.name), fate.isPending(in: now) else { return }
          }
        }
      } catch {
        // No watch was free. The value is stored all the same, and a client that is sent away would set it
        // twice: the answer is how it is now.
      }
    }
    guard let now = twins.device(stored.name) else { throw .deviceNotFound(stored.name) }
    if let problem = fate.problem(in: now) { throw problem }
    return (fate.isPending(in: now) ? .accepted : .ok, now)
  }
}
