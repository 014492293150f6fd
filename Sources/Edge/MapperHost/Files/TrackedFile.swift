// SPDX-License-Identifier: Apache-2.0

/// What the watcher knows of one file, and when it looks at it again.
///
/// Times are monotonic nanoseconds. The machine does no I/O: the watcher tells it what it saw.
struct TrackedFile {
  enum Step: Equatable {
    case wait
    /// Try to copy it. `isStable`: it has not changed for a while, so what is wrong with it stays wrong.
    case take(isStable: Bool)
    /// It is gone for good. `wasReported`: somebody has to be told.
    case vanished(wasReported: Bool)
  }

  /// How long a file must not change before it is taken without a word from its writer, and how long an
  /// absent one may come back unnoticed.
  static let settleTime: Int64 = 200_000_000
  /// After a failure that is not the file's own (a full disk).
  static let retryTime: Int64 = 5_000_000_000

  /// When to look; nil: when something happens.
  private(set) var lookAt: Int64?
  private var seen: FileStatus?
  private var dealtWith: FileStatus?
  private var isReported = false

  /// Something happened to it that says nothing about its being whole, or it went away.
  mutating func touched(now: Int64) {
    lookAt = now + Self.settleTime
  }

  /// - Parameters:
  ///   - status: nil when there is no regular file.
  ///   - isClosed: its writer is done with it.
  mutating func look(_ status: FileStatus?, isClosed: Bool, now: Int64) -> Step {
    lookAt = nil
    guard let status else {
      seen = nil
      // It may be on its way back, as when a file is replaced by removing the old one first.
      guard isClosed else { return .vanished(wasReported: isReported) }
      lookAt = now + Self.settleTime
      return .wait
    }
    // Not so after a writer's word: two contents may share a size and a tick of the file's clock.
    if status == dealtWith, !isClosed { return .wait }
    let isStable = status == seen
    seen = status
    if isClosed || isStable { return .take(isStable: isStable) }
    lookAt = now + Self.settleTime
    return .wait
  }

  /// The content of this status was taken or rejected for good.
  mutating func dealt(with status: FileStatus) {
    dealtWith = status
    isReported = true
    lookAt = nil
  }

  /// It could not be taken yet.
  mutating func postpone(now: Int64) { lookAt = now + Self.settleTime }

  /// It could not be taken for a reason that may go away by itself.
  mutating func retryLater(now: Int64) {
    isReported = true
    lookAt = now + Self.retryTime
  }
}
