// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization

/// Samples in memory, in pages and steps as the real one gives them.
final class FakeHistory: HistoryService {
  struct State {
    var samples: [String: [HistorySample]] = [:]
    var refusal: HistoryError?
    /// Refuses so many queries as busy.
    var busy = 0
    var queries: [HistoryQuery] = []
  }
  let state = Mutex(State())

  func add(_ samples: [HistorySample], to property: String) {
    state.withLock { $0.samples[property, default: []] += samples }
  }

  func refuse(with error: HistoryError?) { state.withLock { $0.refusal = error } }
  func beBusy(_ count: Int) { state.withLock { $0.busy = count } }
  var queries: [HistoryQuery] { state.withLock { $0.queries } }

  func history(_ query: HistoryQuery) async throws(HistoryError) -> HistoryAnswer {
    let (all, refusal) = state.withLock { state -> ([HistorySample]?, HistoryError?) in
      state.queries.append(query)
      if state.busy > 0 {
        state.busy -= 1
        return (nil, .busy)
      }
      return (state.samples[query.property], state.refusal)
    }
    if let refusal { throw refusal }
    guard let all else { throw .propertyNotFound(device: query.device, property: query.property) }
    let rows = all.filter { $0.time >= query.from && $0.time < query.to }
    guard let step = query.step else {
      return HistoryAnswer(
        rows: .samples(Array(rows.prefix(query.limit))),
        next: rows.count > query.limit ? rows[query.limit].time : nil)
    }
    let steps = Dictionary(grouping: rows) { $0.time / step * step }.sorted { $0.key < $1.key }
    return HistoryAnswer(
      rows: .steps(
        steps.map { begin, rows in
          let numbers = rows.compactMap { $0.value?.number }
          return HistoryStep(
            time: begin, count: numbers.count, failed: rows.count - numbers.count, minimum: numbers.min(),
            maximum: numbers.max(),
            average: numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count),
            last: rows.last?.value)
        }))
  }

  func extent(of device: DeviceName) async throws(HistoryError) -> [HistoryExtent] {
    let (samples, refusal) = state.withLock { ($0.samples, $0.refusal) }
    if let refusal { throw refusal }
    return samples.sorted { $0.key < $1.key }.compactMap { property, samples in
      guard let first = samples.first, let last = samples.last else { return nil }
      return HistoryExtent(property: property, from: first.time, to: last.time, samples: samples.count)
    }
  }
}
