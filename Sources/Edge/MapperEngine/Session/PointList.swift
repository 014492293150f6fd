// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The points of a device once its driver has read their settings. Devices with equal points share one list.
final class PointList: Sendable {
  let points: [SessionBinding.Point]

  private init(_ points: [SessionBinding.Point]) { self.points = points }

  /// Finds the list that devices share. Keeps none alive.
  final class Pool: Sendable {
    private struct Entry: Sendable {
      weak var list: PointList?
    }

    /// How many lists a device is compared with; one beyond that has its own, which costs only memory.
    private static let limit = 32

    private let entries = Mutex<[Entry]>([])

    /// The points without their settings.
    func list(of points: [SessionBinding.Point]) -> PointList {
      let bare = points.map { point in
        var point = point
        point.settings = []
        return point
      }
      return entries.withLock { entries in
        if let list = entries.lazy.compactMap(\.list).first(where: { $0.points == bare }) { return list }
        let list = PointList(bare)
        entries.removeAll { $0.list == nil }
        if entries.count < Self.limit { entries.append(Entry(list: list)) }
        return list
      }
    }
  }
}
