// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The desired value of one property and what became of it.
struct Desired: Sendable {
  var value: Value
  /// As in `Reading`.
  var spelling: String?
  var version: Int64
  /// Unix nanoseconds.
  var time: Int64
  /// CLOCK_MONOTONIC nanoseconds; nil for a value of an earlier run, whose age only the wall clock knows.
  var accepted: Int64?
  var origin: DesiredOrigin
  var state = DesiredState.pending
  var error = ""
  var attempts = 0
  var stateTime: Int64

  /// Only what is on disk is written to a device.
  var isDurable = false
  /// CLOCK_MONOTONIC nanoseconds.
  var nextAttempt: Int64 = 0
  /// What became of it could not be stored yet.
  var isOutcomeUnsaved = false

  init(
    value: Value, spelling: String? = nil, version: Int64, time: Int64, accepted: Int64?,
    origin: DesiredOrigin
  ) {
    self.value = value
    self.spelling = spelling
    self.version = version
    self.time = time
    self.accepted = accepted
    self.origin = origin
    stateTime = time
  }

  var text: String { spelling ?? value.text }
  var milliseconds: Int64 { time / 1_000_000 }

  /// Compared as the type compares, so that "22" equals "22.0" and a register of 3 times 0.1 equals 0.3.
  func equals(_ reading: Reading) -> Bool {
    guard let reported = reading.value else { return false }
    return reported.isClose(to: value)
  }

  mutating func become(_ state: DesiredState, error: String = "", at time: Int64) {
    self.state = state
    self.error = error
    stateTime = time
  }

  var snapshot: DesiredSnapshot {
    DesiredSnapshot(
      value: value, version: version, time: time, origin: origin, state: state, error: error,
      attempts: attempts,
      stateTime: stateTime)
  }
}
