// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization

/// Twins that write down what they are told.
final class RecordingTwin: DeviceFeedDirectory {
  final class Feed: DeviceFeed {
    struct State {
      var samples: [Sample] = []
      var links: [(state: LinkState, reason: String)] = []
      var driver: (any DeviceDriver)?
      var attached = 0
      /// Calls that came while another was under way.
      var overlaps = 0
      var isBusy = false
    }

    private let state = Mutex(State())

    func receive(_ samples: [Sample], arrival: Int64) { alone { $0.samples += samples } }
    func linkChanged(to state: LinkState, reason: String, at arrival: Int64) {
      alone { $0.links.append((state, reason)) }
    }
    func attach(_ driver: (any DeviceDriver)?) {
      alone { state in
        state.driver = driver
        if driver != nil { state.attached += 1 }
      }
    }

    private func alone(_ body: (inout State) -> Void) {
      state.withLock { state in
        if state.isBusy { state.overlaps += 1 }
        state.isBusy = true
      }
      state.withLock { state in
        body(&state)
        state.isBusy = false
      }
    }

    var now: State { state.withLock { $0 } }
    var link: LinkState? { now.links.last?.state }
    var reason: String { now.links.last?.reason ?? "" }
  }

  private let feeds = Mutex<[DeviceName: Feed]>([:])

  func feed(of device: DeviceName) -> (any DeviceFeed)? { feeds.withLock { $0[device] } }

  /// The twin of a device, made when it is asked for first.
  func add(_ device: DeviceName) -> Feed {
    feeds.withLock { feeds in
      let feed = feeds[device] ?? Feed()
      feeds[device] = feed
      return feed
    }
  }
}
