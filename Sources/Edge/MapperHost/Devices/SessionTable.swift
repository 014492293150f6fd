// SPDX-License-Identifier: Apache-2.0

/// The sessions of one engine by number.
struct SessionTable {
  private var entries: [FedSession?] = []

  /// Nil for a number that is not, or no longer, in use: an event that came late.
  @inline(__always)
  subscript(id: UInt32) -> FedSession? {
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

  var all: [FedSession] { entries.compactMap(\.self) }
}
