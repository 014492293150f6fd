// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The sessions of one runner process by number. Belongs to the thread that reads from the runner.
struct SessionTable {
  struct Entry {
    let session: Session
    var feed: any DeviceFeed
    /// Its events go to its feed. False from the moment when it is asked to end.
    var isFed = true
    var isBound = false
    /// What its feed was told last.
    var link = (state: LinkState.connecting, reason: "")
  }

  private var entries: [Entry?] = []

  /// Nil for a number that is not, or no longer, in use: an event that came late.
  @inline(__always)
  subscript(id: UInt32) -> Entry? {
    get {
      let place = SessionIDs.place(of: id)
      guard place < entries.count, let entry = entries[place], entry.session.id == id else { return nil }
      return entry
    }
    set {
      let place = SessionIDs.place(of: id)
      while entries.count <= place { entries.append(nil) }
      entries[place] = newValue
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// Of the device that a session drives, for messages.
  func device(of id: UInt32) -> String? { self[id]?.session.device.description }
}
