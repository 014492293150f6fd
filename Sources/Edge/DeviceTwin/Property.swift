// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// One property in memory, its desired value aside.
///
/// There may be a hundred thousand of them, so members are sorted by size, and what is yes or no shares a byte.
struct Property {
  enum Life: Equatable {
    case live
    /// Deleted over MQTT; the tombstone remembers which sides it had, as KubeEdge shows them.
    case deleted(hadExpected: Bool, hadActual: Bool)
    /// Its creation could not be stored: as if it had never been.
    case unborn
  }

  var form: PropertyForm
  /// Its row.
  let id: Int64

  /// What a query shows.
  var latest = Reading()
  private var shown = ShownReading()
  /// The device's change number at which it last changed.
  var change: UInt64 = 0
  /// The number of the last operation that writes it; tells a failed one whether something newer came.
  var revision: UInt64 = 0
  /// When the next report is due, CLOCK_MONOTONIC, or where none is due, when the last one was.
  private var moment = Self.never
  /// Milliseconds between reports.
  var cycleMilliseconds = UInt32(PropertyDescription.defaultReportCycle)
  var type: PropertyType
  var flags: Flags = []

  private static let never = Int64.min / 2

  init(form: PropertyForm, id: Int64, type: PropertyType) {
    self.form = form
    self.id = id
    self.type = type
  }

  /// What the last report showed. The device's clock is known only as long as `latest` is of the same time.
  var published: Reading {
    get { shown.reading(sourceTime: shown.time == latest.time ? latest.sourceTime : 0) }
    set { shown = ShownReading(newValue) }
  }

  /// When the next report is due, CLOCK_MONOTONIC; `.max`: not at all.
  var due: Int64 {
    get { flags.contains(.isDue) ? moment : .max }
    set {
      if newValue < .max {
        moment = newValue
        flags.insert(.isDue)
      } else if flags.contains(.isDue) {
        // It was due a cycle after the last report, or later: that is over now.
        moment = max(Self.never, moment &- cycle)
        flags.remove(.isDue)
      }
    }
  }

  /// What is known now is in a report of `now`.
  @inline(__always)
  mutating func becomeReported(at now: Int64) {
    shown = ShownReading(latest)
    moment = now
    flags.remove(.isDue)
  }

  /// Whether the last report showed what is known now, times aside.
  @inline(__always)
  var isReported: Bool { shown.looks(like: latest) }

  @inline(__always)
  func reportRow(place: Int, in layout: TwinLayout?) -> Report.Row {
    let isOfLayout = layout.map { place < $0.count && $0.forms[place] === form } ?? false
    return Report.Row(
      property: id, place: place, form: isOfLayout ? nil : form, last: shown, current: latest,
      hasDesired: hasDesired)
  }

  private var cycle: Int64 { Int64(cycleMilliseconds) * 1_000_000 }

  /// Takes one reading into memory.
  ///
  /// The first change after a quiet cycle and every change of quality are due at once, others at the end of
  /// the cycle.
  /// - Returns: whether a reader sees a difference.
  @inline(__always)
  mutating func take(_ sample: Sample, arrival: Int64, now: Int64) -> Bool {
    let quality: Quality
    if let value = sample.value {
      let known = (time: latest.time, sourceTime: latest.sourceTime)
      latest.time = arrival
      latest.sourceTime = sample.sourceNanoseconds
      quality = sample.quality
      if let old = latest.value, latest.quality == quality, latest.failure == nil, old.isSame(as: value) {
        return false
      }
      if value.fits(type) {
        latest.value = value
      } else if let converted = value.converted(to: type) {
        if let old = latest.value, latest.quality == quality, latest.failure == nil, old.isSame(as: converted)
        {
          return false
        }
        latest.value = converted
      } else {
        (latest.time, latest.sourceTime) = known
        return fail(TwinLayout.mismatch(value, type), quality: .bad, arrival: arrival, now: now)
      }
      latest.becomePlain()
    } else {
      let failure = sample.failure ?? TwinLayout.noReason
      return fail(
        failure, quality: sample.quality.class == .good ? .bad : sample.quality, arrival: arrival, now: now)
    }
    let isUrgent = latest.quality != quality
    latest.quality = quality
    fallDue(isUrgent, now: now)
    return true
  }

  /// The value stays, with its time: it is what is known last.
  private mutating func fail(_ failure: SampleFailure, quality: Quality, arrival: Int64, now: Int64) -> Bool {
    if latest.value == nil { latest.time = arrival }
    if latest.failure == failure, latest.quality == quality { return false }
    let isUrgent = latest.quality != quality
    latest.failure = failure
    latest.quality = quality
    fallDue(isUrgent, now: now)
    return true
  }

  @inline(__always)
  mutating func fallDue(_ isUrgent: Bool, now: Int64) {
    if isUrgent {
      moment = now
    } else if flags.contains(.isDue) {
      return
    } else {
      moment = max(now, moment &+ cycle)
    }
    flags.insert(.isDue)
  }

  /// The link is gone: the last value is of a time when there was one.
  mutating func loseLink() -> Bool {
    let quality = latest.value == nil ? Quality.noLink : .stale
    guard !latest.isEmpty, latest.quality != quality || latest.failure != nil else { return false }
    latest.quality = quality
    latest.failure = nil
    return true
  }
}
