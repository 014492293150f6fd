// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store
internal import Synchronization

/// `state/update`: a device's own program says how it is.
extension Device {
  /// - Parameter word: one of KubeEdge's, in any case; it is kept as it was sent.
  func updateState(_ word: String, event: String) {
    let time = context.clock.nanoseconds
    let refusal = state.withLock { state -> Refusal? in
      guard !state.isRemoved else {
        return Refusal(code: 404, reason: "Device \(name) not found while updating state")
      }
      guard !state.isMapped else {
        return Refusal(code: 409, reason: "the state of device \(name) is reported by its mapper")
      }
      guard let new = Self.linkState(word) else {
        return .bad("state \(word.prefix(64)): expected online, offline, ok, unknown or unhealthy")
      }
      let before = (link: state.link, word: state.spokenState)
      if state.link.state != new { state.link.since = time }
      if new == .online || state.link.state == .online { state.link.lastOnline = time }
      state.link.state = new
      state.link.reason = ""
      state.spokenState = word
      let link = state.link
      let revision = state.beginOperation(on: [])
      let operation = TwinOperation([.device(deviceRow(state))]) { [self] error, database in
        self.state.withLock { state in
          state.outstanding -= 1
          guard error != nil, state.linkRevision == revision else { return }
          // As the disk has it, since an update before may have failed too.
          let kept = try? TwinLoader.link(ofDevice: id, in: database)
          (state.link, state.spokenState) = kept ?? before
          state.noteOwnChange()
        }
        if let error {
          context.watches.deviceChanged(self)
          refuseState(
            Refusal(code: 500, reason: "the state could not be stored: \(error.message)"), event: event)
          return
        }
        context.counters.requests.add()
        context.publish(to: topics.stateResult) {
          $0.state(of: name.name, word: word, link: link, milliseconds: time / 1_000_000)
        }
      }
      guard context.writer.submit(operation) else {
        state.outstanding -= 1
        state.link = before.link
        state.spokenState = before.word
        return Refusal(code: 503, reason: "too many updates wait for the disk")
      }
      state.linkRevision = revision
      state.noteOwnChange()
      return nil
    }
    if let refusal { refuseState(refusal, event: event) } else { context.watches.deviceChanged(self) }
  }

  func refuseState(_ refusal: Refusal, event: String) {
    context.counters.refused.add()
    context.publish(to: topics.stateResult) {
      $0.error(event: event, milliseconds: context.clock.milliseconds, refusal)
    }
  }

  private static func linkState(_ word: String) -> LinkState? {
    switch word.lowercased() {
    case "online", "ok": .online
    case "offline": .offline
    case "unknown": .connecting
    case "unhealthy": .degraded
    default: nil
    }
  }
}
