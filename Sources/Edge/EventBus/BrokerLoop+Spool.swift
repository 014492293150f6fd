// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI

/// The spool's part in a connection's life: messages of an outage go out in the gaps between fresh ones, and what a lost
/// connection leaves comes back.
extension BrokerLoop {
  /// Messages of the spool, where no fresh one waits.
  func replay(_ client: OpaquePointer) -> Int {
    guard let spool, phase == .ready, !outbox.hasFresh else { return 0 }
    let limit = Outbox.replayLimit
    let room = min(limit.messages - outbox.replaying.messages, pace.available(now: now))
    guard room > 0, outbox.replaying.bytes < limit.bytes else { return 0 }
    let messages = spool.take(room, bytes: limit.bytes - outbox.replaying.bytes)
    for (number, message) in messages { outbox.replay(message, number: number, to: client) }
    pace.use(messages.count)
    return messages.count
  }

  func tellReplayed() { spool?.acknowledge(outbox.takeReplayed()) }

  /// How long to sleep while messages may wait for their turn by the rate alone.
  var replayPause: Int {
    guard let spool, phase == .ready, outbox.replaying.messages < Outbox.replayLimit.messages,
      outbox.replaying.bytes < Outbox.replayLimit.bytes, spool.canTake
    else { return Self.checkInterval }
    return pace.wait(now: now)
  }

  func endDiversion(_ shared: inout BrokerConnection.Shared) {
    shared.isDiverted = false
    spool?.unmark()
  }

  /// Telemetry without a connection goes to the spool, before all that is published from now on.
  func giveBack(_ rest: Outbox.Rest, _ shared: inout BrokerConnection.Shared) -> Int {
    guard let spool else { return rest.lost }
    var telemetry = rest.telemetry
    for message in shared.queue where message.kind == .telemetry {
      outbox.leave(message)
      telemetry.append(message)
    }
    shared.queue.removeAll { $0.kind == .telemetry }
    var lost = rest.lost
    if !telemetry.isEmpty, !spool.giveBack(telemetry) {
      outbox.lose(telemetry)
      lost += telemetry.count
    }
    if shared.isDiverted { endDiversion(&shared) }
    return lost
  }
}
