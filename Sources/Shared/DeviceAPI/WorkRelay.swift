// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Lets a cancellation reach work that has not told its handle yet.
package final class WorkRelay: Sendable {
  private struct State {
    var work: (any OngoingWork)?
    var isCancelled = false
  }

  private let state = Mutex(State())

  package init() {}

  package func set(_ work: any OngoingWork) {
    let mustCancel = state.withLock { state in
      state.work = work
      return state.isCancelled
    }
    if mustCancel { work.cancel() }
  }

  package func cancel() {
    let work = state.withLock { state in
      state.isCancelled = true
      return state.work
    }
    work?.cancel()
  }
}
