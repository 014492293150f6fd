// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// What all devices of one manager share.
final class TwinContext: Sendable {
  let node: String
  let publisher: any MessagePublisher
  /// Take every value, beside the publisher.
  let consumers: [any SampleConsumer]
  let events: (any EventRecorder)?
  let clock: WallClock
  let log: Logger
  let options: TwinOptions
  let writer: Writer
  let schedule = Schedule()
  let watches = WatchHub()
  let counters = TwinCounters()
  let layouts = LayoutPool()
  let telemetryBuffers = BufferPool()
  /// Tells the telemetry of this process from that of the ones before: Unix milliseconds of the start.
  let epoch: Int64
  /// Row ids are given out in memory, so that no write waits to learn one. The loader moves it on.
  private let lastID = Atomic<Int64>(0)
  /// For completions, which all run on the writer's thread one after the other.
  private let spareBuffer = Mutex<[UInt8]>([])

  init(
    node: String, publisher: any MessagePublisher, consumers: [any SampleConsumer],
    events: (any EventRecorder)?, clock: WallClock, log: Logger, options: TwinOptions
  ) {
    self.node = node
    self.publisher = publisher
    self.consumers = consumers
    self.events = events
    self.clock = clock
    self.log = log
    self.options = options
    writer = Writer(capacity: options.writerQueue)
    epoch = clock.milliseconds
  }

  func newID() -> Int64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }
  func reserveIDs(upTo id: Int64) { lastID.max(id, ordering: .relaxed) }

  func publish(_ bytes: UnsafeRawBufferPointer, to topic: MessageTopic) {
    if !publisher.publish(bytes, to: topic, as: .twin) { counters.droppedMessages.add() }
  }

  func publish(_ bytes: [UInt8], to topic: MessageTopic) {
    bytes.withUnsafeBytes { publish($0, to: topic) }
  }

  /// Encodes into memory that is used again and publishes it, with no lock held meanwhile.
  func publish(to topic: MessageTopic, _ encode: (inout TwinEncoder) -> Void) {
    var encoder = TwinEncoder()
    spareBuffer.withLock { swap(&$0, &encoder.bytes) }
    encoder.bytes.removeAll(keepingCapacity: true)
    encode(&encoder)
    encoder.bytes.withUnsafeBytes { publish($0, to: topic) }
    guard encoder.bytes.capacity <= 1 << 20 else { return }
    spareBuffer.withLock { swap(&$0, &encoder.bytes) }
  }
}
