// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// What becomes of the twins when their file does not do as it should.
extension TwinManager {
  /// On the writer's thread.
  func storeChanged(_ event: StoreEvent) {
    switch event {
    case .rebuilt(let report):
      context.log.error("\(report)")
      context.events?.record(
        EventRecord(.node, "rebuilt", "\(report)", level: .error, problem: report.problem))
    case .unwritable(let error):
      let text = "nothing can be stored: what is known is served from memory, what is asked is refused"
      context.log.error("\(text)", metadata: ["error": "\(error)"])
      context.events?.record(
        EventRecord(.node, "unwritable", text, level: .error, problem: error.message))
    case .writable(let misses):
      context.log.notice("twins are stored again")
      context.events?.record(EventRecord(.node, "writable", "twins are stored again"))
      if misses { for device in allDevices() { device.storeAnew() } }
    }
  }
}

extension Device {
  /// The file may lack what memory has.
  func storeAnew() {
    let now = WallClock.monotonic
    let isDue = state.withLock { state -> Bool in
      guard !state.isRemoved else { return false }
      state.isStored = false
      state.nextSave = now
      return true
    }
    if isDue { context.schedule.wake(self, at: now) }
  }
}
