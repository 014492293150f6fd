// SPDX-License-Identifier: Apache-2.0

/// A module that takes every value of every device: history, push.
package protocol SampleConsumer: AnyObject, Sendable {
  /// Where the samples of a device go; nil: this module wants none of them.
  ///
  /// Called whenever a driver's host takes a feed, so again when the device is described anew. Any thread.
  func sink(for device: DeviceDescription) -> (any SampleSink)?

  /// A value that no mapper read: an `actual` over MQTT or HTTP, after it was stored. Must not block.
  ///
  /// - Parameter time: arrival, Unix nanoseconds.
  func reported(
    _ value: Value, of property: String, as type: PropertyType, device: DeviceName, time: Int64)
}

/// Takes the batches of one device, as described when the sink was asked for.
///
/// Calls come from the thread that received the batch, one at a time and in order. They must not block and must not
/// keep `samples`.
package protocol SampleSink: AnyObject, Sendable {
  /// - Parameters:
  ///   - samples: as the driver gave them: a value may be of another type than its property's
  ///     (`Value.converted(to:)`), and a failed reading has none.
  ///   - arrival: the edge's clock, Unix nanoseconds.
  func take(_ samples: [Sample], arrival: Int64)
}
