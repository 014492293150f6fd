// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Synchronization

extension Device {
  /// Nil until the device is declared in this run.
  func feed() -> TwinFeed? {
    let found = state.withLock { state -> (layout: TwinLayout, description: DeviceDescription)? in
      guard !state.isRemoved, let layout = state.layout, let description = state.description else {
        return nil
      }
      return (layout, description)
    }
    guard let found else { return nil }
    let sinks = context.consumers.compactMap { $0.sink(for: found.description) }
    return TwinFeed(device: self, layout: found.layout, sinks: sinks)
  }

  /// Takes a batch into memory; nil when the feed is of an older description, whose numbers mean nothing now.
  ///
  /// - Returns: the batch's sequence number.
  func take(_ samples: [Sample], layout: TwinLayout, arrival: Int64) -> UInt64? {
    let now = WallClock.monotonic
    var strayed = 0
    var hasChanged = false
    var due = Int64.max
    let sequence = state.withLock { state -> UInt64? in
      guard state.layout === layout, !state.isRemoved else { return nil }
      state.sequence += 1
      if state.link.state == .online || state.link.state == .degraded { state.link.lastOnline = arrival }
      let changes = state.changes
      var change: UInt64 = 0
      var next = state.nextReport
      samples.withUnsafeBufferPointer { samples in
        state.properties.withUnsafeMutableBufferPointer { properties in
          for index in samples.indices {
            let place = samples[index].property
            guard place >= 0, place < layout.count, properties[place].isMapped else {
              strayed += 1
              continue
            }
            guard properties[place].take(samples[index], arrival: arrival, now: now) else { continue }
            if !hasChanged {
              hasChanged = true
              change = changes?.next() ?? 0
            }
            properties[place].change = change
            if properties[place].due < next { next = properties[place].due }
          }
        }
      }
      if hasChanged { state.change = change }
      state.nextReport = next
      due = next
      return state.sequence
    }
    guard let sequence else {
      context.counters.strayedSamples.add(samples.count)
      return nil
    }
    context.counters.samples.add(samples.count)
    if strayed > 0 { context.counters.strayedSamples.add(strayed) }
    wakeUp(at: due, changed: hasChanged)
    return sequence
  }

  func linkChanged(to new: LinkState, reason: String, at arrival: Int64) {
    let now = WallClock.monotonic
    let hasChanged = state.withLock { state -> Bool in
      guard !state.isRemoved, state.link.state != new || state.link.reason != reason else { return false }
      Self.setLink(new, reason: reason, at: arrival, now: now, in: &state)
      return true
    }
    guard hasChanged else { return }
    logger().debug("link changed", metadata: ["state": "\(new.rawValue)", "reason": "\(reason)"])
    context.events?.record(
      EventRecord(
        .link, new.rawValue, "\(name) is \(new.rawValue)\(reason.isEmpty ? "" : ": " + reason)",
        level: new == .offline || new == .unavailable ? .warning : .info, device: name, problem: reason))
    if new == .online || new == .degraded { pursueDesired(now: now) }
    wakeUp(at: now, changed: true)
  }

  /// Every change of the link goes out at once, with the quality of the mapped values when it is gone.
  static func setLink(
    _ new: LinkState, reason: String, at arrival: Int64, now: Int64, in state: inout DeviceState
  ) {
    let hadLink = state.link.state == .online || state.link.state == .degraded
    let hasLink = new == .online || new == .degraded
    if hadLink || hasLink { state.link.lastOnline = arrival }
    if state.link.state != new { state.link.since = arrival }
    state.link.state = new
    state.link.reason = reason
    state.isLinkDue = true
    state.noteOwnChange()
    state.nextReport = now
    if hasLink, !hadLink {
      // A device that is back is tried at once, whatever its back-off; one that flips between online and
      // degraded was never away.
      for place in state.desired.keys { state.desired[place]?.nextAttempt = 0 }
    } else if !hasLink, new != .connecting {
      for place in state.properties.indices where state.properties[place].isMapped {
        guard state.properties[place].loseLink() else { continue }
        state.properties[place].change = state.change
        state.properties[place].fallDue(true, now: now)
      }
    }
  }
}
