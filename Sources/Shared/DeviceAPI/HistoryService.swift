// SPDX-License-Identifier: Apache-2.0

/// What was, as far as it is kept. Any thread; reading waits for the disk, off the cooperative pool.
package protocol HistoryService: AnyObject, Sendable {
  /// Values of one property, in steps or one by one.
  func history(_ query: HistoryQuery) async throws(HistoryError) -> HistoryAnswer

  /// Which properties of the device have values, and from when to when.
  func extent(of device: DeviceName) async throws(HistoryError) -> [HistoryExtent]
}

package struct HistoryQuery: Sendable {
  package var device: DeviceName
  package var property: String
  /// Unix milliseconds: from this on, and before that.
  package var from: Int64
  package var to: Int64
  /// Milliseconds of a step, which begins at a multiple of itself; nil: the samples themselves.
  package var step: Int64?
  /// Rows at most; with samples the answer says where to go on.
  package var limit: Int

  package init(device: DeviceName, property: String, from: Int64, to: Int64, step: Int64?, limit: Int) {
    self.device = device
    self.property = property
    self.from = from
    self.to = to
    self.step = step
    self.limit = limit
  }
}

package struct HistoryAnswer: Sendable {
  package enum Rows: Sendable {
    case samples([HistorySample])
    /// Steps without a sample are left out.
    case steps([HistoryStep])
  }
  package var rows: Rows
  /// Where to go on, Unix milliseconds; nil: this is all.
  package var next: Int64?

  package init(rows: Rows, next: Int64? = nil) {
    self.rows = rows
    self.next = next
  }
}

package struct HistorySample: Sendable, Equatable {
  /// Unix milliseconds, the edge's clock.
  package var time: Int64
  /// Nil: the reading failed, or the link was gone.
  package var value: Value?
  package var quality: Quality

  package init(time: Int64, value: Value?, quality: Quality) {
    self.time = time
    self.value = value
    self.quality = quality
  }
}

/// What a step held. Text and bytes have a last value and a count only.
package struct HistoryStep: Sendable, Equatable {
  /// The step's begin, Unix milliseconds.
  package var time: Int64
  /// Samples with a value.
  package var count: Int
  /// Those without one.
  package var failed: Int
  package var minimum: Double?
  package var maximum: Double?
  package var average: Double?
  package var last: Value?

  package init(
    time: Int64, count: Int, failed: Int = 0, minimum: Double? = nil, maximum: Double? = nil,
    average: Double? = nil, last: Value? = nil
  ) {
    self.time = time
    self.count = count
    self.failed = failed
    self.minimum = minimum
    self.maximum = maximum
    self.average = average
    self.last = last
  }
}

package struct HistoryExtent: Sendable, Equatable {
  package var property: String
  /// Unix milliseconds of the oldest and the newest sample.
  package var from: Int64
  package var to: Int64
  package var samples: Int

  package init(property: String, from: Int64, to: Int64, samples: Int) {
    self.property = property
    self.from = from
    self.to = to
    self.samples = samples
  }
}

package enum HistoryError: Error, Equatable, Sendable {
  case deviceNotFound(DeviceName)
  /// The property has no history: it does not exist, or none is kept of it.
  case propertyNotFound(device: DeviceName, property: String)
  /// Too many queries wait for the disk: try again.
  case busy
  case storage(String)
}
