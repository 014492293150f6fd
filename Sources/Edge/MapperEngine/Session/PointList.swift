// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// The points of a device once its driver has read their settings. Devices with equal points share one list.
final class PointList: Sendable {
  let points: [SessionBinding.Point]

  private init(_ points: [SessionBinding.Point]) { self.points = points }

  /// Finds the list that devices share.
  final class Pool: Sendable {
    private let lists = Mutex(WeakPool<PointList>(limit: 32))

    /// The points without their settings.
    func list(of points: [SessionBinding.Point]) -> PointList {
      let bare = points.map { point in
        var point = point
        point.settings = []
        return point
      }
      return lists.withLock { lists in
        lists.object {
          $0.points == bare
        } orMake: {
          PointList(bare)
        }
      }
    }
  }
}
