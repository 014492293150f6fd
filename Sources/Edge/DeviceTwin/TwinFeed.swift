// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What a driver's host holds of a device: bound to the property list of one description.
final class TwinFeed: DeviceFeed {
  private let device: Device
  private let layout: TwinLayout
  private let sinks: [any SampleSink]

  init(device: Device, layout: TwinLayout, sinks: [any SampleSink]) {
    self.device = device
    self.layout = layout
    self.sinks = sinks
  }

  func receive(_ samples: [Sample], arrival: Int64) {
    guard !samples.isEmpty, let sequence = device.take(samples, layout: layout, arrival: arrival) else {
      return
    }
    let context = device.context
    var bytes = context.telemetryBuffers.take()
    layout.encode(samples, epoch: context.epoch, sequence: sequence, arrival: arrival, into: &bytes)
    context.counters.telemetryBatches.add()
    let isTaken = bytes.withUnsafeBytes {
      context.publisher.publish($0, to: device.topics.telemetry, as: .telemetry)
    }
    if !isTaken { context.counters.droppedTelemetry.add() }
    context.telemetryBuffers.giveBack(bytes)
    for sink in sinks { sink.take(samples, arrival: arrival) }
  }

  func linkChanged(to state: LinkState, reason: String, at arrival: Int64) {
    device.linkChanged(to: state, reason: reason, at: arrival)
  }

  func attach(_ driver: (any DeviceDriver)?) { device.attach(driver, layout: layout) }
}
