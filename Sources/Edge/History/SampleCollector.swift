// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// The samples of a time, in order, up to a number of them.
struct SampleCollector: BlockConsumer {
  private let from: Int64
  private let to: Int64
  private let limit: Int
  private var samples: [HistorySample] = []
  private var isSorted = true
  /// Where this page ends.
  private(set) var end: Int64
  private(set) var damaged: UInt64 = 0

  init(_ query: HistoryQuery) {
    from = query.from
    to = query.to
    limit = max(1, query.limit)
    end = query.to
  }

  mutating func take(
    _ header: BlockHeader, bytes: () throws(SQLiteError) -> [UInt8]
  ) throws(SQLiteError) {
    var decoder = BlockDecoder(header, try bytes())
    while decoder.next() {
      if decoder.time < from { continue }
      if decoder.time >= end { break }
      if let last = samples.last, decoder.time < last.time { isSorted = false }
      samples.append(
        HistorySample(time: decoder.time, value: decoder.value, quality: decoder.quality))
    }
    if decoder.isDamaged { damaged += 1 }
    if samples.count > limit { cut() }
  }

  /// Ends the page between two times: what is of one millisecond stays together, also if it is more than
  /// asked for.
  private mutating func cut() {
    if !isSorted {
      // Those of one time stay in the order in which they came.
      let order = samples.indices.sorted {
        samples[$0].time == samples[$1].time ? $0 < $1 : samples[$0].time < samples[$1].time
      }
      samples = order.map { samples[$0] }
      isSorted = true
    }
    guard samples.count > limit else { return }
    var place = limit
    while place > 0, samples[place - 1].time == samples[limit].time { place -= 1 }
    if place == 0 {
      place = limit
      while place < samples.count, samples[place].time == samples[0].time { place += 1 }
      // More may come of this one millisecond, and nothing after it.
      end = min(end, samples[0].time + 1)
    } else {
      end = min(end, samples[place].time)
    }
    samples.removeSubrange(place...)
  }

  var answer: HistoryAnswer {
    var whole = self
    whole.cut()
    return HistoryAnswer(rows: .samples(whole.samples), next: whole.end < to ? whole.end : nil)
  }
}
