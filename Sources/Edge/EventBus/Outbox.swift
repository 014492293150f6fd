// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI

/// The way of messages from the publishers' queue through the client library; used by one thread.
///
/// The library looks at each message that waits for its acknowledgement whenever one comes or goes. So it is
/// given a few at a time, and the rest waits here. It forgets them with the connection; what was not acknowledged is
/// kept here until it is.
struct Outbox {
  private struct Entry {
    let message: OutgoingMessage
    let order: UInt64
    /// Its number in the spool, for a replayed message, which does not count in the window.
    let replay: UInt64?
  }

  /// What a lost connection leaves.
  struct Rest {
    /// Messages of QoS 0 that are gone.
    var lost = 0
    /// Telemetry for the spool, in order.
    var telemetry: [OutgoingMessage] = []
  }

  /// Enough for 2,500 messages a second to a broker that is 100 ms away.
  private static let libraryLimit = 256
  /// What replays may add in front of a fresh message.
  static let replayLimit = PublishWindow.Load(messages: 64, bytes: 128 << 10)

  /// Telemetry that was not acknowledged leaves with the connection, for the spool.
  private let givesTelemetryBack: Bool
  /// Taken from the publishers; those before `next` have been handed over.
  private var pending: [OutgoingMessage] = []
  private var next = 0
  /// What the library has, by its message id.
  private var inLibrary: [UInt16: Entry] = [:]
  private var order: UInt64 = 0
  private(set) var replaying = PublishWindow.Load()
  private var replayed: [UInt64] = []
  /// What left since the last `exchange`.
  private var through = PublishWindow.Load()
  private var throughTelemetry = PublishWindow.Load()
  private var published: (twin: UInt64, telemetry: UInt64) = (0, 0)
  private var lost: (twin: UInt64, telemetry: UInt64) = (0, 0)
  private var refused: (twin: UInt64, telemetry: UInt64) = (0, 0)

  init(givesTelemetryBack: Bool) { self.givesTelemetryBack = givesTelemetryBack }

  private var liveInLibrary: Int { inLibrary.count - replaying.messages }

  /// Whether `handOver` would do something.
  var canHandOver: Bool { next < pending.count && liveInLibrary < Self.libraryLimit }

  /// Whether `exchange` has something to tell.
  var hasNews: Bool { through.messages > 0 }

  /// Whether fresh messages wait here, so that no replay may go first.
  var hasFresh: Bool { next < pending.count }

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

  /// The spool's numbers of what the broker has acknowledged since the last call.
  mutating func takeReplayed() -> [UInt64] {
    guard !replayed.isEmpty else { return [] }
    defer { replayed = [] }
    return replayed
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
      handOver(message, replay: nil, to: client)
    }
    return count
  }

  mutating func replay(_ message: SpooledMessage, number: UInt64, to client: OpaquePointer) {
    handOver(
      OutgoingMessage(
        topic: message.topic, payload: message.payload, kind: .telemetry, quality: 1, isRetained: false),
      replay: number, to: client)
  }

  private mutating func handOver(_ message: OutgoingMessage, replay: UInt64?, to client: OpaquePointer) {
    order += 1
    let entry = Entry(message: message, order: order, replay: replay)
    var id: Int32 = 0
    let status = message.topic.cString.withUnsafeBufferPointer { topic in
      message.payload.withUnsafeBytes { payload in
        mosquitto_publish(
          client, &id, topic.baseAddress, Int32(clamping: payload.count), payload.baseAddress,
          message.quality, message.isRetained)
      }
    }
    if status == success || status == noConnection {
      // Without a connection it comes back with the others, at the end of this one.
      let key = status == success ? UInt16(truncatingIfNeeded: id) : freeKey()
      inLibrary[key] = entry
      if replay != nil {
        replaying.messages += 1
        replaying.bytes += message.payload.count
      }
    } else if let replay {
      // It will never be taken: not another time either.
      replayed.append(replay)
    } else {
      leave(message)
      count(message, in: &refused)
    }
  }

  /// Of the ids that the library gives, one that it has not.
  private func freeKey() -> UInt16 {
    var key = UInt16.max
    while inLibrary[key] != nil, key > 0 { key -= 1 }
    return key
  }

  /// The library says that a message is through.
  mutating func finished(_ id: Int32) {
    guard let entry = inLibrary.removeValue(forKey: UInt16(truncatingIfNeeded: id)) else { return }
    if let number = entry.replay {
      replayed.append(number)
      leaveReplay(entry.message)
      return
    }
    leave(entry.message)
    count(entry.message, in: &published)
  }

  /// The library forgets its messages with the connection: those of QoS 0 are lost, the others go first in the next
  /// connection, but telemetry for the spool is given back.
  mutating func connectionEnded() -> Rest {
    var rest = Rest()
    var again: [OutgoingMessage] = []
    for entry in inLibrary.values.sorted(by: { $0.order < $1.order }) {
      if entry.replay != nil {
        leaveReplay(entry.message)
      } else if entry.message.kind == .telemetry, givesTelemetryBack {
        leave(entry.message)
        rest.telemetry.append(entry.message)
      } else if entry.message.quality == 0 {
        leave(entry.message)
        count(entry.message, in: &lost)
        rest.lost += 1
      } else {
        again.append(entry.message)
      }
    }
    inLibrary.removeAll(keepingCapacity: true)
    for message in pending[next...] {
      if message.kind == .telemetry, givesTelemetryBack {
        leave(message)
        rest.telemetry.append(message)
      } else {
        again.append(message)
      }
    }
    pending = again
    next = 0
    return rest
  }

  /// Telemetry that is taken off its way, for the spool.
  mutating func leave(_ message: OutgoingMessage) {
    through.messages += 1
    through.bytes += message.payload.count
    guard message.kind == .telemetry else { return }
    throughTelemetry.messages += 1
    throughTelemetry.bytes += message.payload.count
  }

  private mutating func leaveReplay(_ message: OutgoingMessage) {
    replaying.messages -= 1
    replaying.bytes -= message.payload.count
  }

  private func count(_ message: OutgoingMessage, in counters: inout (twin: UInt64, telemetry: UInt64)) {
    if message.kind == .telemetry { counters.telemetry += 1 } else { counters.twin += 1 }
  }

  /// Counts telemetry of QoS 0 that could neither be sent nor spooled.
  mutating func lose(_ messages: [OutgoingMessage]) { for message in messages { count(message, in: &lost) } }
}
