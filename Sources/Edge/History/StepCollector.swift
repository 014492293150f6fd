// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// The steps of a time, those without a sample left out, up to a number of them.
///
/// A number that is not finite counts as a failed reading: it has no place in a sum.
struct StepCollector: BlockConsumer {
  private struct Bucket {
    let time: Int64
    var good = 0
    var failed = 0
    var minimum = Double.infinity
    var maximum = -Double.infinity
    var sum = 0.0
    var isNumeric = true
    var last: Value?
    /// Of `last`: of two blocks of one time, the later sample counts.
    var lastTime = Int64.min
  }

  private let from: Int64
  private let to: Int64
  private let step: Int64
  private let limit: Int
  /// By time.
  private var buckets: [Bucket] = []
  private(set) var end: Int64
  private(set) var damaged: UInt64 = 0

  init(_ query: HistoryQuery, step: Int64) {
    from = query.from
    to = query.to
    self.step = max(1, step)
    limit = max(1, query.limit)
    end = query.to
  }

  /// The begin of the step of a time.
  private func begin(of time: Int64) -> Int64 {
    let rest = time % step
    return time &- (rest < 0 ? rest &+ step : rest)
  }

  mutating func take(
    _ header: BlockHeader, bytes: () throws(SQLiteError) -> [UInt8]
  ) throws(SQLiteError) {
    let begin = begin(of: header.first)
    if header.kind.isNumeric, header.first >= from, header.last < end, begin == self.begin(of: header.last) {
      take(header, at: begin)
    } else {
      take(BlockDecoder(header, try bytes()), isNumeric: header.kind.isNumeric)
    }
  }

  private mutating func take(_ header: BlockHeader, at begin: Int64) {
    guard let place = place(of: begin) else { return }
    buckets[place].good += header.good
    buckets[place].failed += header.count - header.good
    guard header.good > 0 else { return }
    buckets[place].minimum = min(buckets[place].minimum, header.minimum)
    buckets[place].maximum = max(buckets[place].maximum, header.maximum)
    buckets[place].sum += header.sum
    if header.last >= buckets[place].lastTime {
      buckets[place].last = header.final
      buckets[place].lastTime = header.last
    }
  }

  private mutating func take(_ decoder: BlockDecoder, isNumeric: Bool) {
    var decoder = decoder
    var place: Int?
    var stepEnd = Int64.min
    while decoder.next() {
      let time = decoder.time
      if time < from { continue }
      if time >= end { break }
      if time >= stepEnd || place == nil {
        let begin = begin(of: time)
        guard let found = self.place(of: begin) else { break }
        place = found
        let (next, overflow) = begin.addingReportingOverflow(step)
        stepEnd = overflow ? .max : next
      }
      guard let place else { break }
      if isNumeric {
        count(decoder.number, of: decoder, at: place)
      } else if let value = decoder.value {
        buckets[place].good += 1
        buckets[place].isNumeric = false
        setLast(value, time, at: place)
      } else {
        buckets[place].failed += 1
      }
    }
    if decoder.isDamaged { damaged += 1 }
  }

  @inline(__always)
  private mutating func count(_ number: Double, of decoder: BlockDecoder, at place: Int) {
    buckets.withUnsafeMutableBufferPointer { buckets in
      guard number.isFinite else {
        buckets[place].failed += 1
        return
      }
      buckets[place].good += 1
      if number < buckets[place].minimum { buckets[place].minimum = number }
      if number > buckets[place].maximum { buckets[place].maximum = number }
      buckets[place].sum += number
    }
    if number.isFinite, let value = decoder.value { setLast(value, decoder.time, at: place) }
  }

  @inline(__always)
  private mutating func setLast(_ value: Value, _ time: Int64, at place: Int) {
    guard time >= buckets[place].lastTime else { return }
    buckets[place].last = value
    buckets[place].lastTime = time
  }

  /// The bucket of a step, made where there is none; nil where it is beyond the page.
  private mutating func place(of begin: Int64) -> Int? {
    guard let last = buckets.last else {
      buckets.append(Bucket(time: begin))
      return 0
    }
    if begin == last.time { return buckets.count - 1 }
    if begin > last.time {
      guard buckets.count < limit else {
        end = min(end, begin)
        return nil
      }
      buckets.append(Bucket(time: begin))
      return buckets.count - 1
    }
    var low = 0
    var high = buckets.count
    while low < high {
      let middle = low + (high - low) / 2
      if buckets[middle].time < begin { low = middle + 1 } else { high = middle }
    }
    if buckets[low].time == begin { return low }
    buckets.insert(Bucket(time: begin), at: low)
    if buckets.count > limit, let last = buckets.popLast() { end = min(end, last.time) }
    return low
  }

  var answer: HistoryAnswer {
    let steps = buckets.map { bucket in
      let hasNumbers = bucket.isNumeric && bucket.good > 0
      return HistoryStep(
        time: bucket.time, count: bucket.good, failed: bucket.failed,
        minimum: hasNumbers ? bucket.minimum : nil, maximum: hasNumbers ? bucket.maximum : nil,
        average: hasNumbers ? bucket.sum / Double(bucket.good) : nil, last: bucket.last)
    }
    return HistoryAnswer(rows: .steps(steps), next: end < to ? end : nil)
  }
}
