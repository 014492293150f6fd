// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// The newest samples of one device.
final class DeviceHistory: Sendable {
  struct State: Sendable {
    var places: [String: Int] = [:]
    var series: [Series] = []
    /// It is on the worker's list of what is to be saved.
    var isListed = false

    mutating func place(of property: String) -> Int {
      if let place = places[property] { return place }
      places[property] = series.count
      series.append(Series(name: property))
      return series.count - 1
    }
  }

  let name: DeviceName
  let state = Mutex(State())

  init(name: DeviceName) { self.name = name }

  /// The blocks of one property that are in memory, oldest first; the open one is last.
  func blocks(of property: String) -> [Block] {
    state.withLock { state in
      guard let place = state.places[property] else { return [] }
      let series = state.series[place]
      return series.sealed + (series.open.map { [$0.block] } ?? [])
    }
  }

  /// The headers of all blocks in memory, by property.
  func headers() -> [(property: String, headers: [BlockHeader])] {
    state.withLock { state in
      state.series.map { series in
        (series.name, series.sealed.map(\.header) + (series.open.map { [$0.header] } ?? []))
      }
    }
  }
}
