// SPDX-License-Identifier: Apache-2.0

/// All that the twin API asks of the twins. Any thread.
package protocol TwinAccess: TwinService {
  /// Lets `body` look at a device; nil where there is none.
  ///
  /// `body` runs under the device's lock: it must be short and must not call the twins.
  func read<Result>(_ name: DeviceName, _ body: (any DeviceView) -> Result) -> Result?

  /// The device with those properties of `names` (nil: all) that changed after `change` (nil: from the beginning).
  func device(_ name: DeviceName, after change: UInt64?, only names: Set<String>?) -> DeviceSnapshot?

  /// Sets, or takes back, desired values of one device: all of them or none.
  ///
  /// Returns once they are on disk; the snapshot is the device as this request left it.
  /// - Parameters:
  ///   - caller: who asks, for the log of changes.
  ///   - ifVersion: refused with `.conflict` unless `desiredVersion` is this.
  func setDesired(
    _ changes: [DesiredChange], of device: DeviceName, origin: DesiredOrigin, caller: Caller,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot

  /// Sets desired and reported values of many devices, in one transaction or each entry in its own.
  ///
  /// Returns once all that was taken is on disk.
  /// - Throws: for `.all`: which entry was refused and why; then nothing has changed anywhere.
  func apply(_ batch: TwinBatch, caller: Caller) async throws(TwinBatch.Refusal) -> [TwinBatch.Outcome]

  /// Follows the changes of all devices, for one that serves many readers.
  ///
  /// - Parameter wake: called when there is something to `take`, then not again until it was taken. From any
  ///   thread, without a lock held; must not block.
  func follow(_ wake: @escaping @Sendable () -> Void) -> any TwinFollower

  /// Which run of the agent this is: positions of another one mean nothing.
  var epoch: Int64 { get }

  /// The devices that went after `position`, oldest first; nil when not all of them are known any more, or the
  /// position is not of this run.
  func removals(after position: UInt64) -> [DeviceName]?
}
