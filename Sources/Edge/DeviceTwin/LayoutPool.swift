// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Finds the layout that devices with equal properties share. Keeps none alive.
final class LayoutPool: Sendable {
  private struct Entry: Sendable {
    weak var layout: TwinLayout?
  }

  /// How many layouts of one model are compared with; a device beyond that has its own, which costs only memory.
  private static let limit = 8

  private let entries = Mutex<[String: [Entry]]>([:])

  func layout(of description: DeviceDescription) -> TwinLayout {
    entries.withLock { entries in
      var known = (entries[description.model] ?? []).filter { $0.layout != nil }
      if let layout = known.lazy.compactMap(\.layout).first(where: { $0.matches(description) }) {
        return layout
      }
      let layout = TwinLayout(description)
      entries = entries.filter { $0.value.contains { $0.layout != nil } }
      if known.count < Self.limit { known.append(Entry(layout: layout)) }
      entries[description.model] = known
      return layout
    }
  }
}
