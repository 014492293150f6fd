// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What is known of a property's value. There are two for every property, so what is rare has a box of its own.
struct Reading: Sendable {
  final class Rest: Sendable {
    let spelling: String?
    let failure: SampleFailure?

    init?(spelling: String?, failure: SampleFailure?) {
      guard spelling != nil || failure != nil else { return nil }
      self.spelling = spelling
      self.failure = failure
    }
  }

  /// The last value there was; a reading that fails keeps it and says so by `quality` and `failure`.
  var value: Value?
  var quality = Quality.good
  var sourceTime: Int64 = 0
  /// Arrival of the value, Unix nanoseconds; of the failure where there never was a value; 0: nothing came
  /// yet.
  var time: Int64 = 0
  private(set) var rest: Rest?

  init(
    value: Value? = nil, spelling: String? = nil, quality: Quality = .good, sourceTime: Int64 = 0,
    time: Int64 = 0, failure: SampleFailure? = nil
  ) {
    self.value = value
    self.quality = quality
    self.sourceTime = sourceTime
    self.time = time
    rest = Rest(spelling: spelling, failure: failure)
  }

  /// The text of a value that came as text, where it is not the value's own ("21.50").
  var spelling: String? { rest?.spelling }

  var failure: SampleFailure? {
    get { rest?.failure }
    set { rest = Rest(spelling: spelling, failure: newValue) }
  }

  /// Neither spelling nor failure: the common case, which touches no box.
  var isPlain: Bool { rest == nil }

  mutating func becomePlain() {
    if rest != nil { rest = nil }
  }

  var isEmpty: Bool { time == 0 }
  var text: String? { spelling ?? value?.text }
  var milliseconds: Int64 { time / 1_000_000 }

  var snapshot: ReportedSnapshot? {
    guard !isEmpty else { return nil }
    return ReportedSnapshot(
      value: value, quality: quality, sourceTime: sourceTime, time: time, failure: failure)
  }
}

extension Value {
  /// Equality for change detection: by bits, so that a NaN equals itself.
  @inline(__always)
  func isSame(as other: Value) -> Bool {
    switch (self, other) {
    case (.float(let left), .float(let right)): left.bitPattern == right.bitPattern
    case (.double(let left), .double(let right)): left.bitPattern == right.bitPattern
    case (.int(let left), .int(let right)): left == right
    case (.bool(let left), .bool(let right)): left == right
    default: self == other
    }
  }

  /// Whether the value is of a property of `type` as it is.
  @inline(__always)
  func fits(_ type: PropertyType) -> Bool {
    switch (type, self) {
    case (.int, .int), (.float, .float), (.double, .double), (.boolean, .bool), (.string, .text),
      (.stream, .text),
      (.bytes, .bytes):
      true
    default: false
    }
  }
}
