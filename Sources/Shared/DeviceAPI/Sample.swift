// SPDX-License-Identifier: Apache-2.0

/// One reading of one property, on its way from a driver to the twin.
package struct Sample: Sendable, Equatable {
  /// Place of the property in `DeviceDescription.properties`.
  package var property: Int
  package var quality: Quality
  /// The device's own clock, Unix nanoseconds; 0 if it has none.
  package var sourceNanoseconds: Int64
  /// Nil when there is none; `failure` then says why.
  package var value: Value?
  package var failure: SampleFailure?

  package init(property: Int, quality: Quality, sourceNanoseconds: Int64 = 0, value: Value) {
    self.property = property
    self.quality = quality
    self.sourceNanoseconds = sourceNanoseconds
    self.value = value
  }

  package init(property: Int, quality: Quality = .bad, sourceNanoseconds: Int64 = 0, failure: SampleFailure) {
    self.property = property
    self.quality = quality
    self.sourceNanoseconds = sourceNanoseconds
    self.failure = failure
  }
}

/// Why a reading has no value. A class, so that the samples of the common case stay small.
package final class SampleFailure: Sendable, Equatable {
  package let status: MapperStatus
  /// The driver's words, for people; may be empty.
  package let text: String

  package init(status: MapperStatus, text: String) {
    self.status = status
    self.text = text
  }

  package static func == (left: SampleFailure, right: SampleFailure) -> Bool {
    left.status == right.status && left.text == right.text
  }
}
