// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Takes the batches of one device, under one lock and without an allocation per sample.
final class HistorySink: SampleSink {
  private let device: DeviceHistory
  private let core: HistoryCore
  /// By the description's numbers.
  private let places: [Int]
  private let types: [PropertyType]

  init(device: DeviceHistory, description: DeviceDescription, core: HistoryCore) {
    self.device = device
    self.core = core
    places = device.state.withLock { state in
      description.properties.map { state.place(of: $0.name) }
    }
    types = description.properties.map(\.type)
  }

  func take(_ samples: [Sample], arrival: Int64) {
    let time = core.milliseconds(arrival)
    let limits = core.limits
    var change = Series.Change()
    var taken = 0
    let mustList = device.state.withLock { state in
      samples.withUnsafeBufferPointer { samples in
        state.series.withUnsafeMutableBufferPointer { series in
          for index in samples.indices {
            let property = samples[index].property
            guard property >= 0, property < places.count else { continue }
            taken += 1
            let type = types[property]
            let value = samples[index].value.flatMap { $0.fits(type) ? $0 : $0.converted(to: type) }
            var quality = samples[index].quality
            if value == nil, quality.class == .good { quality = .bad }
            series[places[property]].append(
              time: time, quality: quality, value: value, type: type, limits: limits, change: &change)
          }
        }
      }
      guard taken > 0, !state.isListed else { return false }
      state.isListed = true
      return true
    }
    core.note(change, samples: taken)
    if mustList { core.list(device) }
  }
}

extension Value {
  /// Whether the value is of a property of `type` as it is.
  @inline(__always)
  fileprivate func fits(_ type: PropertyType) -> Bool {
    switch (type, self) {
    case (.int, .int), (.float, .float), (.double, .double), (.boolean, .bool), (.string, .text),
      (.stream, .text), (.bytes, .bytes):
      true
    default: false
    }
  }
}
