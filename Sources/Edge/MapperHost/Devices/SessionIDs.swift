// SPDX-License-Identifier: Apache-2.0

/// Gives sessions of one runner process their numbers.
///
/// The low 16 bits are a place in the table of sessions, which stays dense however often devices are bound
/// again; the high 16 bits count how often the place was used, so that no number comes twice.
struct SessionIDs {
  static let placeBits: UInt32 = 16
  static let maximumPlaces = 1 << 16

  static func place(of id: UInt32) -> Int { Int(id & 0xFFFF) }

  /// Place 0 stays unused: session 0 is the runner itself.
  private var nextPlace: UInt32 = 1
  private var free: [UInt32] = []

  /// Nil when 65,535 sessions are open.
  mutating func take() -> UInt32? {
    if let id = free.popLast() { return id }
    guard nextPlace < UInt32(Self.maximumPlaces) else { return nil }
    defer { nextPlace += 1 }
    return nextPlace
  }

  /// Only once the runner has said its last word about the session.
  mutating func giveBack(_ id: UInt32) {
    let (next, overflow) = id.addingReportingOverflow(1 << Self.placeBits)
    if !overflow { free.append(next) }
  }
}
