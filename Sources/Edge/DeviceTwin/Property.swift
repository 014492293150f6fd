// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// One property in memory, its desired value aside.
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
  var type: PropertyType
  /// A mapper of this node reads and writes it.
  var isMapped = false
  var life = Life.live
  var hasDesired = false
  /// A write, of the version of now or an older one, is with the driver: the next one waits for its result.
  var isWriteInFlight = false
  /// Milliseconds between reports.
  var cycleMilliseconds = UInt32(PropertyDescription.defaultReportCycle)

  /// What a query shows.
  var latest = Reading()
  /// What the last report showed.
  var published = Reading()
  /// The device's change number at which it last changed.
  var change: UInt64 = 0
  /// The number of the last operation that writes it; tells a failed one whether something newer came.
  var revision: UInt64 = 0

  /// When the next report is due, CLOCK_MONOTONIC; `.max`: not at all.
  var due = Int64.max
  var lastReport = Int64.min / 2

  var isLive: Bool { life == .live }

  init(form: PropertyForm, id: Int64, type: PropertyType) {
    self.form = form
    self.id = id
    self.type = type
  }

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
      due = now
    } else if due == .max {
      due = max(now, lastReport &+ Int64(cycleMilliseconds) * 1_000_000)
    }
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
