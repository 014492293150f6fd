// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Synchronization

/// The tokens of the node: looked up in memory, changed on disk first.
final class TokenStore: Sendable {
  enum Failure: Error {
    case nameTaken
    case full(limit: Int)
    case notFound
    case busy
    case storage(String)
  }

  static let limit = 256
  /// How old `lastUsed` on the disk may be.
  private static let useDelay: Int64 = 600_000_000_000

  private struct State {
    var tokens: [Token] = []
    /// The file cannot be read: there are tokens, but none that is known.
    var problem: String?
    var usesSaved: Int64 = 0
    var hasNewUses = false
  }

  private let file: TokenFile?
  private let work: BlockingWork
  private let clock: WallClock
  private let state = Mutex(State())

  /// - Parameter path: nil: tokens are kept in memory only.
  init(path: String?, work: BlockingWork, clock: WallClock = .system) {
    file = path.map { TokenFile(path: $0) }
    self.work = work
    self.clock = clock
  }

  /// - Returns: why the file cannot be used; then no token is valid, and none can be made, so that nothing is lost.
  func load() async -> String? {
    guard let file else { return nil }
    let result = await work.run { () -> Result<[Token], TokenFile.Problem> in
      do throws(TokenFile.Problem) {
        return .success(try file.read())
      } catch {
        return .failure(error)
      }
    }
    return state.withLock { state in
      state.usesSaved = clock.nanoseconds
      switch result {
      case .success(let tokens): state.tokens = tokens
      case .failure(let problem): state.problem = problem.description
      case nil: state.problem = "the agent stops"
      }
      return state.problem
    }
  }

  /// Whether requests over TCP have to bring one. Also once all have expired.
  var areThere: Bool { state.withLock { !$0.tokens.isEmpty || $0.problem != nil } }

  var all: [Token] { state.withLock { $0.tokens } }

  func token(id: String) -> Token? {
    state.withLock { state in state.tokens.first { $0.id == id } }
  }

  /// The token that this is the secret of, also when it has expired. Looks at all of them, whichever it is.
  func find(_ secret: String) -> Token? {
    let hash = Secret.hash(secret)
    return state.withLock { state in
      var found: Token?
      for token in state.tokens where Secret.areEqual(token.hash, hash) { found = token }
      return found
    }
  }

  func used(_ id: String) {
    let now = clock.nanoseconds
    let isDue = state.withLock { state in
      guard let place = state.tokens.firstIndex(where: { $0.id == id }) else { return false }
      // Once a second is fine enough for people.
      if let last = state.tokens[place].lastUsed, now - last < 1_000_000_000, now >= last { return false }
      state.tokens[place].lastUsed = now
      state.hasNewUses = true
      guard now - state.usesSaved > Self.useDelay else { return false }
      state.usesSaved = now
      return true
    }
    if isDue { Task { await saveUses() } }
  }

  /// Writes when tokens were last used, if there is news.
  func saveUses() async {
    guard state.withLock({ $0.hasNewUses && $0.problem == nil }) else { return }
    _ = await change { _ in }
  }

  /// - Returns: the token as it is kept, and the secret, which is shown this once.
  func create(
    name: String, scope: Caller.Scope, namespaces: Set<String>?, expires: Int64?, by: String
  ) async throws(Failure) -> (Token, secret: String) {
    let secret = Secret.make(prefix: Secret.tokenPrefix)
    let token = Token(
      id: String(Secret.make(prefix: "").prefix(12)), name: name, hash: Secret.hash(secret), scope: scope,
      namespaces: namespaces, created: clock.nanoseconds, createdBy: by, expires: expires)
    let result = await change { (tokens: inout [Token]) throws(Failure) in
      guard !tokens.contains(where: { $0.name == name }) else { throw .nameTaken }
      guard tokens.count < Self.limit else { throw .full(limit: Self.limit) }
      tokens.append(token)
    }
    try result.get()
    return (token, secret)
  }

  func delete(id: String) async throws(Failure) -> Token {
    let gone = Mutex<Token?>(nil)
    let result = await change { (tokens: inout [Token]) throws(Failure) in
      guard let place = tokens.firstIndex(where: { $0.id == id }) else { throw .notFound }
      gone.withLock { $0 = tokens[place] }
      tokens.remove(at: place)
    }
    try result.get()
    guard let token = gone.withLock({ $0 }) else { throw .notFound }
    return token
  }

  /// On the work's one thread, so changes come one after the other.
  private func change(
    _ edit: @escaping @Sendable (inout [Token]) throws(Failure) -> Void
  ) async -> Result<Void, Failure> {
    await work.run { [self] () -> Result<Void, Failure> in
      do throws(Failure) {
        var (tokens, problem) = state.withLock { ($0.tokens, $0.problem) }
        if let problem { throw .storage(problem) }
        try edit(&tokens)
        if let file {
          do throws(TokenFile.Problem) {
            try file.write(tokens)
          } catch {
            throw .storage(error.description)
          }
        }
        state.withLock { state in
          // Uses of meanwhile stay.
          for (place, token) in tokens.enumerated() {
            if let now = state.tokens.first(where: { $0.id == token.id }), now.lastUsed != token.lastUsed {
              tokens[place].lastUsed = now.lastUsed
            }
          }
          state.tokens = tokens
          state.hasNewUses = false
          state.usesSaved = clock.nanoseconds
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    } ?? .failure(.busy)
  }
}
