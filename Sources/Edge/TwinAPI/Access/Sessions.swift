// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Who has logged in with a browser. In memory: a restart of the agent logs everybody out.
///
/// The cookie holds a secret of its own and not the token, so that it is worth nothing a day later.
final class Sessions: Sendable {
  static let cookie = "selvedge"
  /// Seconds.
  static let age: Int64 = 12 * 3600
  /// The oldest makes room.
  private static let limit = 256
  private static let limitOfToken = 16

  private struct Session {
    let hash: [UInt8]
    let token: String
    /// Monotonic nanoseconds: a clock that is set back does not prolong anything.
    let end: Int64
  }

  private let sessions = Mutex<[Session]>([])

  /// - Returns: the cookie's value.
  func begin(token: String) -> String {
    let secret = Secret.make(prefix: "")
    let now = WallClock.monotonic
    sessions.withLock { sessions in
      sessions.removeAll { $0.end <= now }
      // A token that asks for too many ends its own, not those of others.
      let own = sessions.indices.filter { sessions[$0].token == token }
      if own.count >= Self.limitOfToken, let oldest = own.first {
        sessions.remove(at: oldest)
      } else if sessions.count >= Self.limit {
        sessions.removeFirst()
      }
      sessions.append(
        Session(hash: Secret.hash(secret), token: token, end: now + Self.age * 1_000_000_000))
    }
    return secret
  }

  /// The id of the token that it was begun with.
  func token(of secret: String) -> String? {
    let hash = Secret.hash(secret)
    let now = WallClock.monotonic
    return sessions.withLock { sessions in
      var found: String?
      for session in sessions where session.end > now && Secret.areEqual(session.hash, hash) {
        found = session.token
      }
      return found
    }
  }

  func end(_ secret: String) {
    let hash = Secret.hash(secret)
    sessions.withLock { sessions in sessions.removeAll { Secret.areEqual($0.hash, hash) } }
  }

  /// All that were begun with a token.
  func end(token: String) { sessions.withLock { sessions in sessions.removeAll { $0.token == token } } }

  var count: Int { sessions.withLock { $0.count } }
}
