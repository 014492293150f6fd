// SPDX-License-Identifier: Apache-2.0
internal import MapperEngine

/// What the reader of a runner tells the host's own thread.
enum RunnerEvent: Sendable {
  case loaded(LibraryReport)
  case bound(Session, BindOutcome)
  /// From now on the reader touches the session's feed no more.
  case detached(Session)
  /// The runner has let go of the device too. Follows `detached`.
  case closed(Session)
  /// The process is gone and reaped, all its sessions are detached: the last event.
  case ended(RunnerEnd)
}

/// How a runner process came to its end.
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
}
