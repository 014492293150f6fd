// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Synchronization
internal import Threads

/// What the host's thread is told by others.
enum HostEvent: Sendable {
  case folder(FolderEvent)
  /// From process `generation` of runner `number`.
  case runner(number: Int, generation: Int, RunnerEvent)
  /// Other limits, for runners that start from now on.
  case limits(MapperLimitsConfiguration)
}

/// The letter box of the host's thread.
///
/// It is bounded by what there is: of each device only the latest description waits, a runner has a few
/// words to say for each of its sessions, and the watcher one for each change of a file that it copied.
final class HostInbox: Sendable {
  struct Content {
    var events: [HostEvent] = []
    /// In the order in which they first changed; nil: removed.
    var devices: [(name: DeviceName, description: DeviceDescription?)] = []
    var isStopping = false
  }

  private struct State {
    var content = Content()
    var places: [DeviceName: Int] = [:]
  }

  let wakeUp: WakeUp
  private let state = Mutex(State())

  init() throws(FileProblem) { wakeUp = try WakeUp.make() }

  func post(_ event: HostEvent) {
    state.withLock { $0.content.events.append(event) }
    wakeUp.raise()
  }

  func post(_ name: DeviceName, _ description: DeviceDescription?) {
    state.withLock { state in
      if let place = state.places[name] {
        state.content.devices[place].description = description
      } else {
        state.places[name] = state.content.devices.count
        state.content.devices.append((name, description))
      }
    }
    wakeUp.raise()
  }

  func stop() {
    state.withLock { $0.content.isStopping = true }
    wakeUp.raise()
  }

  func take() -> Content {
    wakeUp.clear()
    return state.withLock { state in
      let content = state.content
      state.content = Content(isStopping: content.isStopping)
      state.places = [:]
      return content
    }
  }
}
