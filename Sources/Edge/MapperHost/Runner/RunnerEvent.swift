// SPDX-License-Identifier: Apache-2.0
internal import MapperEngine

/// What the thread of a runner, or of an engine in process, tells the host's own thread.
enum RunnerEvent: Sendable {
  case loaded(LibraryReport)
  case bound(Session, BindOutcome)
  /// A session that does not end was left behind: its feed is touched no more. `closed` may still follow.
  case detached(Session)
  /// The driver has let go of the device, and its feed is touched no more.
  case closed(Session)
  /// Calls that do not come back, for people; empty: all came back. Only of an engine in process: a runner is killed.
  case hung([String])
  /// The engine is gone, a process reaped, and no feed is touched any more: the last event.
  case ended(RunnerEnd)
}

/// How a runner process, or an engine in process, came to its end.
struct RunnerEnd: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    /// It could not be started, which is no fault of the library.
    case notStarted
    /// It ended, crashed or hung before it had loaded the library.
    case failedToLoad
    /// The library cannot be used, as the runner says.
    case refused
    /// It ended or was killed after it had loaded the library.
    case failed
    /// As it was asked to.
    case stopped
  }

  var kind: Kind
  /// For people.
  var reason: String
  /// It ended with exit status 0.
  var isClean = false
}
