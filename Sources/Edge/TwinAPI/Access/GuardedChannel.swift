// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// A connection with what comes before HTTP: TLS on a port that others reach, the peer's credentials on the unix socket.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
  typealias Value = Base.Value

  let base: Base
  let peers: PeerBook?
  let security: PortSecurity?

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    do {
      if let security { try channel.pipeline.syncOperations.addHandler(security.handler()) }
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
    guard let peers, let options = channel as? any SocketOptionProvider else {
      return base.setup(channel: channel, logger: logger)
    }
    let number = ObjectIdentifier(channel)
    let base = base
    let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
      level: .socket, name: .init(rawValue: SO_PEERCRED))
    return credentials.map { peers.opened(number, $0) }
      // Without credentials the connection is served, and may do nothing.
      .recover { logger.debug("no credentials of a peer: \($0)") }
      .flatMap {
        channel.closeFuture.whenComplete { _ in peers.closed(number) }
        return base.setup(channel: channel, logger: logger)
      }
  }

  func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
