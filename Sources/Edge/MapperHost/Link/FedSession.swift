// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// A session with the feed of its device.
///
/// The lock is held while the feed is called: so it is called by one thread at a time and never after `leave`. That is
/// sound because no feed waits for anything that its engine does.
final class FedSession: Sendable {
  private struct State {
    /// Nil: it is not this session's any more.
    var feed: (any DeviceFeed)?
    var isBound = false
    /// The line that the device is on; 0: not known yet.
    var lane: UInt32 = 0
    /// What the engine said last.
    var link = (state: LinkState.connecting, reason: "")
    /// Why no call of the device comes back; shown instead of what the engine says, which cannot know.
    var hang: String?
  }

  let session: Session
  /// Monotonic nanoseconds.
  let openTime = WallClock.monotonic
  private let state: Mutex<State>

  init(session: Session, feed: any DeviceFeed) {
    self.session = session
    state = Mutex(State(feed: feed))
  }

  var lane: UInt32 { state.withLock { $0.lane } }
  var isBound: Bool { state.withLock { $0.isBound } }

  func receive(_ samples: [Sample], arrival: Int64) {
    guard !samples.isEmpty else { return }
    state.withLock { $0.feed?.receive(samples, arrival: arrival) }
  }

  /// The device was made: from here on its twin writes through the session. False: that was so before.
  func bound(_ outcome: BindOutcome) -> Bool {
    state.withLock { state in
      guard !state.isBound else { return false }
      state.isBound = true
      state.lane = outcome.lane
      guard let feed = state.feed else { return true }
      Self.tell(feed, state)
      let refused = outcome.refusedPoints.compactMap { item -> Sample? in
        guard session.mapping.indices.contains(Int(item.point)) else { return nil }
        return Sample(
          property: session.mapping[Int(item.point)].property,
          failure: SampleFailure(status: item.status, text: item.text))
      }
      if !refused.isEmpty { feed.receive(refused, arrival: WallClock.system.nanoseconds) }
      if !session.isEnding { feed.attach(session) }
      return true
    }
  }

  func linkChanged(to link: LinkState, reason: String) {
    state.withLock { state in
      state.link = (link, reason)
      if let feed = state.feed, state.hang == nil { Self.tell(feed, state) }
    }
  }

  /// - Parameter reason: nil: calls come back again.
  func hangs(_ reason: String?) {
    state.withLock { state in
      guard state.hang != reason else { return }
      state.hang = reason
      if let feed = state.feed { Self.tell(feed, state) }
    }
  }

  func refeed(_ feed: any DeviceFeed) {
    state.withLock { state in
      guard state.feed != nil else { return }
      state.feed = feed
      guard state.isBound else { return }
      feed.attach(session)
      Self.tell(feed, state)
    }
  }

  /// From here on the feed is somebody else's.
  func leave() { state.withLock { $0.feed = nil } }

  private static func tell(_ feed: any DeviceFeed, _ state: borrowing State) {
    let now = WallClock.system.nanoseconds
    if let hang = state.hang {
      feed.linkChanged(to: .offline, reason: hang, at: now)
    } else {
      feed.linkChanged(to: state.link.state, reason: state.link.reason, at: now)
    }
  }
}
