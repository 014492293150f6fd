// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// Who asks, and whether they may.
final class AccessControl: Sendable {
  struct Rates: Sendable, Equatable {
    /// Requests a second of one caller; 0: as many as they like.
    var reads = 2000
    var writes = 200
  }

  /// Who asks, and what is counted for them.
  struct Visitor: Sendable {
    var caller: Caller
    /// What the limits are kept by; nil: has none.
    var key: String?
    /// The browser sent the cookie by itself: a page of another site may be behind it.
    var hasCookie = false
    /// Nobody said who they are.
    var isAnonymous = false
  }

  let tokens: TokenStore
  let sessions = Sessions()
  private let areTokensRequired: Bool
  private let reads: RateLimiter?
  private let writes: RateLimiter?
  /// Wrong tokens of one address.
  private let failures = RateLimiter(.init(perSecond: 0.2, burst: 10))

  init(tokens: TokenStore, areTokensRequired: Bool = false, rates: Rates = Rates()) {
    self.tokens = tokens
    self.areTokensRequired = areTokensRequired
    reads = Self.limiter(rates.reads)
    writes = Self.limiter(rates.writes)
  }

  /// Nobody has a token, and nothing is kept.
  convenience init() { self.init(tokens: TokenStore(path: nil, work: BlockingWork())) }

  private static func limiter(_ rate: Int) -> RateLimiter? {
    rate > 0 ? RateLimiter(.init(perSecond: Double(rate), burst: Double(rate) * 2)) : nil
  }

  // MARK: - Who

  /// - Parameter isOpen: the endpoint is for everybody, so a wrong token is no reason to refuse.
  func visitor(
    _ head: HTTPRequest, _ channel: any Channel, door: Door, isOpen: Bool
  ) async throws(Refusal) -> Visitor {
    switch door {
    case .socket(let peers):
      let channel = ObjectIdentifier(channel)
      let caller = await peers.caller(on: channel)
      return Visitor(caller: caller, key: peers.isOwner(on: channel) ? nil : "user " + caller.name)
    case .port(_, let isLoopback, _):
      let address = Self.address(of: channel)
      if let secret = Self.bearer(head) {
        if let token = valid(tokens.find(secret)) {
          return Visitor(caller: token.caller(source: address), key: "token " + token.id)
        }
        if !isOpen { throw refusal(from: address) }
      } else if let cookie = Self.cookie(head) {
        if let token = sessions.token(of: cookie).flatMap({ valid(tokens.token(id: $0)) }) {
          return Visitor(caller: token.caller(source: address), key: "token " + token.id, hasCookie: true)
        }
        // A session that is over: as without one. The browser sends the cookie whether it likes or not.
      }
      let isReadable = isLoopback && !areTokensRequired && !tokens.areThere
      return Visitor(
        caller: Caller(name: "anybody", source: address, scope: isReadable ? .read : .none),
        key: "address " + address, isAnonymous: true)
    }
  }

  /// The token of a login. Wrong ones are counted as in a header.
  func logIn(_ secret: String, from address: String) throws(Refusal) -> Token {
    guard let token = valid(tokens.find(secret)) else { throw refusal(from: address) }
    return token
  }

  private func valid(_ token: Token?) -> Token? {
    guard let token, !token.isExpired(at: WallClock.system.nanoseconds) else { return nil }
    tokens.used(token.id)
    return token
  }

  private func refusal(from address: String) -> Refusal {
    switch failures.take("address " + address, now: WallClock.monotonic) {
    case .yes: Refusal(.tokenInvalid, caller: Self.stranger(address))
    case .no(let seconds, let isFirst):
      Refusal(
        .tooManyRequests(seconds: seconds, "Wrong tokens came from \(address)."),
        caller: Self.stranger(address), isRecorded: isFirst)
    }
  }

  private static func stranger(_ address: String) -> Caller {
    Caller(name: "anybody", source: address, scope: .none)
  }

  // MARK: - Whether

  func check(
    _ visitor: Visitor, _ endpoint: Endpoint, _ parameters: [String: String], _ head: HTTPRequest, door: Door
  ) throws(Refusal) {
    let caller = visitor.caller
    if let limiter = endpoint.writes ? writes : reads, let key = visitor.key {
      if case .no(let seconds, let isFirst) = limiter.take(key, now: WallClock.monotonic) {
        throw Refusal(
          .tooManyRequests(seconds: seconds, "\(caller.name) asks too often."), caller: caller,
          isRecorded: isFirst)
      }
    }
    if caller.scope < endpoint.scope {
      throw Refusal(refused(visitor, endpoint, head, door: door), caller: caller)
    }
    if visitor.hasCookie, endpoint.writes, !Self.isOfConsole(head) {
      throw Refusal(.consoleHeaderMissing, caller: caller)
    }
    if let namespace = parameters["namespace"], let allowed = caller.namespaces, !allowed.contains(namespace)
    {
      throw Refusal(.namespaceMissing(namespace, caller), caller: caller)
    }
  }

  private func refused(
    _ visitor: Visitor, _ endpoint: Endpoint, _ head: HTTPRequest, door: Door
  ) -> Problem {
    guard visitor.isAnonymous, case .port(let guardian, let isLoopback, _) = door else {
      return .scopeMissing(endpoint.scope, visitor.caller)
    }
    if !isLoopback || areTokensRequired || tokens.areThere { return .tokenRequired }
    return guardian.readOnly(head)
  }

  // MARK: - Parts of a request

  static func address(of channel: any Channel) -> String {
    channel.remoteAddress?.ipAddress ?? "an unknown address"
  }

  private static func bearer(_ head: HTTPRequest) -> String? {
    guard let field = head.headerFields[.authorization] else { return nil }
    let parts = field.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return field }
    return parts[1].trimmingSpaces()
  }

  static func cookie(_ head: HTTPRequest) -> String? {
    for field in head.headerFields[values: .cookie] {
      for part in field.split(separator: ";") {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2, pair[0].trimmingSpaces() == Sessions.cookie { return pair[1].trimmingSpaces() }
      }
    }
    return nil
  }

  /// A page of another site cannot send a header of its own without asking first, which nobody answers.
  private static func isOfConsole(_ head: HTTPRequest) -> Bool {
    head.headerFields.contains { $0.name.canonicalName == "x-selvedge-console" && $0.value == "1" }
  }

  /// Why a request goes no further, and who made it.
  struct Refusal: Error {
    let problem: Problem
    let caller: Caller
    /// Worth a line in the log of events; else it only repeats the one before.
    let isRecorded: Bool

    init(_ problem: Problem, caller: Caller, isRecorded: Bool = true) {
      self.problem = problem
      self.caller = caller
      self.isRecorded = isRecorded
    }
  }
}
