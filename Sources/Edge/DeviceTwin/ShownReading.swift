// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What a report showed of a property's value: a reading without the device's clock, which no message shows.
struct ShownReading: Sendable {
  let value: Value?
  let quality: Quality
  /// Unix nanoseconds; 0: there was nothing to show.
  let time: Int64
  private let rest: Reading.Rest?

  init(_ reading: Reading = Reading()) {
    value = reading.value
    quality = reading.quality
    time = reading.time
    rest = reading.rest
  }

  func reading(sourceTime: Int64) -> Reading {
    Reading(
      value: value, spelling: spelling, quality: quality, sourceTime: sourceTime, time: time,
      failure: rest?.failure)
  }

  /// The text of a value that came as text, where it is not the value's own.
  var spelling: String? { rest?.spelling }
  /// Neither spelling nor failure.
  var isPlain: Bool { rest == nil }
  var isEmpty: Bool { time == 0 }
  var milliseconds: Int64 { time / 1_000_000 }

  /// Whether a reader would see a difference, times aside.
  @inline(__always)
  func looks(like other: Reading) -> Bool {
    guard quality == other.quality else { return false }
    guard isPlain && other.isPlain || rest?.failure == other.failure && spelling == other.spelling else {
      return false
    }
    switch (value, other.value) {
    case (nil, nil): return isEmpty == other.isEmpty
    case (let mine?, let theirs?): return mine.isSame(as: theirs)
    default: return false
    }
  }
}
