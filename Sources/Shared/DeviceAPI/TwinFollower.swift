// SPDX-License-Identifier: Apache-2.0

/// Which devices changed, for one that reads on for many. It keeps each device once, so it does not grow.
package protocol TwinFollower: AnyObject, Sendable {
  /// What changed since the last call. Every change up to `position` has been told then: in this answer, or
  /// in one before.
  func take() -> TwinNotes
  /// The follower hears no more. Also done when it is dropped.
  func cancel()
}

package struct TwinNotes: Sendable {
  package struct Note: Sendable, Equatable {
    package var device: DeviceName
    /// Tells a device from its predecessor of the same name; grows.
    package var instance: Int64
    package var isRemoved: Bool
    /// How many changes this note stands for.
    package var changes: Int

    package init(device: DeviceName, instance: Int64, isRemoved: Bool = false, changes: Int = 1) {
      self.device = device
      self.instance = instance
      self.isRemoved = isRemoved
      self.changes = changes
    }
  }

  /// Sorted by instance, so that a device that came back follows the one that went.
  package var notes: [Note]
  package var position: UInt64

  package init(notes: [Note], position: UInt64) {
    self.notes = notes
    self.position = position
  }
}
