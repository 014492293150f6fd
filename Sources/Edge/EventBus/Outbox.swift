// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI

/// The way of messages from the publishers' queue through the client library; used by one thread.
///
/// The library looks at each message that waits for its acknowledgement whenever one comes or goes. So it is
/// given a few at a time, and the rest waits here.
struct Outbox {
  private struct Entry {
    var bytes: Int
    var kind: MessageKind
    var isAcknowledged: Bool
  }

  /// Enough for 2,500 messages a second to a broker that is 100 ms away.
  private static let libraryLimit = 256

  private let telemetryQoS: Int32
  /// Taken from the publishers; those before `next` have been handed over.
  private var pending: [OutgoingMessage] = []
  private var next = 0
  /// What the library has, by its message id.
  private var inLibrary: [UInt16: Entry] = [:]
  /// What left since the last `exchange`.
  private var through = PublishWindow.Load()
  private var throughTelemetry = PublishWindow.Load()
  private var published: (twin: UInt64, telemetry: UInt64) = (0, 0)
  private var lost: (twin: UInt64, telemetry: UInt64) = (0, 0)
  private var refused: (twin: UInt64, telemetry: UInt64) = (0, 0)

  init(telemetryQoS: Int32) { self.telemetryQoS = telemetryQoS }

  /// Whether `handOver` would do something.
  var canHandOver: Bool { next < pending.count && inLibrary.count < Self.libraryLimit }

  /// Whether `exchange` has something to tell.
  var hasNews: Bool { through.messages > 0 }

  /// Tells the publishers what is through; takes their queue once the last one has been handed over.
  mutating func exchange(_ shared: inout BrokerConnection.Shared) {
    shared.window.remove(through, telemetry: throughTelemetry)
    shared.statistics.publishedTwin += published.twin
    shared.statistics.publishedTelemetry += published.telemetry
    shared.statistics.droppedTwin.lost += lost.twin
    shared.statistics.droppedTelemetry.lost += lost.telemetry
    shared.statistics.droppedTwin.refused += refused.twin
    shared.statistics.droppedTelemetry.refused += refused.telemetry
    through = PublishWindow.Load()
    throughTelemetry = PublishWindow.Load()
    published = (0, 0)
    lost = (0, 0)
    refused = (0, 0)
    guard next == pending.count else { return }
    pending.removeAll(keepingCapacity: pending.capacity <= 1_024)
    next = 0
    swap(&pending, &shared.queue)
  }

  /// Gives the library as many as it may have; returns how many.
  mutating func handOver(to client: OpaquePointer) -> Int {
    var count = 0
    while canHandOver {
      let message = pending[next]
      // Its memory must not stay until the last one has gone.
      pending[next].payload = []
      next += 1
      count += 1
      handOver(message, to: client)
    }
    return count
  }

  private mutating func handOver(_ message: OutgoingMessage, to client: OpaquePointer) {
    let quality = message.kind == .twin ? 1 : telemetryQoS
    let entry = Entry(bytes: message.payload.count, kind: message.kind, isAcknowledged: quality > 0)
    var id: Int32 = 0
    let status = message.topic.cString.withUnsafeBufferPointer { topic in
      message.payload.withUnsafeBytes { payload in
        mosquitto_publish(
          client, &id, topic.baseAddress, Int32(clamping: payload.count), payload.baseAddress, quality, false)
      }
    }
    // Without a connection the library keeps an acknowledged message and sends it after the next connect.
    if status == success || (status == noConnection && quality > 0) {
      inLibrary[UInt16(truncatingIfNeeded: id)] = entry
      if message.kind == .twin { published.twin += 1 } else { published.telemetry += 1 }
    } else if status == noConnection {
      leave(entry)
      if message.kind == .twin { lost.twin += 1 } else { lost.telemetry += 1 }
    } else {
      leave(entry)
      if message.kind == .twin { refused.twin += 1 } else { refused.telemetry += 1 }
    }
  }

  /// The library says that a message is through.
  mutating func finished(_ id: Int32) {
    if let entry = inLibrary.removeValue(forKey: UInt16(truncatingIfNeeded: id)) { leave(entry) }
  }

  /// The library forgets its messages of QoS 0 with the connection; returns how many those were.
  mutating func connectionEnded() -> Int {
    let forgotten = inLibrary.filter { !$0.value.isAcknowledged }
    for (id, entry) in forgotten {
      inLibrary[id] = nil
      leave(entry)
      if entry.kind == .twin { lost.twin += 1 } else { lost.telemetry += 1 }
    }
    return forgotten.count
  }

  private mutating func leave(_ entry: Entry) {
    through.messages += 1
    through.bytes += entry.bytes
    guard entry.kind == .telemetry else { return }
    throughTelemetry.messages += 1
    throughTelemetry.bytes += entry.bytes
  }
}
