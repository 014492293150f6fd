// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization
internal import Threads

/// Posts to one server over one connection that is kept, one request at a time.
final class HTTPClient: Sendable {
  private static let connectLimit = TimeAmount.seconds(10)

  private let group: any EventLoopGroup
  private let authorities: String?
  private let channel = Mutex<(any Channel)?>(nil)

  init(group: any EventLoopGroup, authorities: String?) {
    self.group = group
    self.authorities = authorities
  }

  func post(_ request: HTTPRequest) async throws(PushFailure) -> HTTPAnswer {
    let kept = channel.withLock { $0.take() }
    if let kept, kept.isActive {
      // The server may just be about to close it: then once more, by a new one.
      if let answer = try? await exchange(request, on: kept) { return answer }
    }
    do {
      return try await exchange(request, on: connect(request.url))
    } catch {
      throw PushFailure(Self.text(error, request))
    }
  }

  func close() async {
    let kept = channel.withLock { $0.take() }
    try? await kept?.close()
  }

  private func exchange(_ request: HTTPRequest, on channel: any Channel) async throws -> HTTPAnswer {
    var headers: HTTPHeaders = [
      "Host": request.url.authority, "User-Agent": "selvedge/\(SelvedgeVersion.text)",
      "Content-Type": request.contentType, "Content-Length": String(request.body.count),
    ]
    if let authorization = request.authorization { headers.add(name: "Authorization", value: authorization) }
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: request.path, headers: headers)
    let answer = channel.eventLoop.makePromise(of: HTTPAnswer.self)
    let limit = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(request.timeout))) {
      answer.fail(TimedOut())
      channel.close(promise: nil)
    }
    defer { limit.cancel() }
    let body = ByteBuffer(bytes: request.body)
    channel.writeAndFlush(HTTPExchange(head: head, body: body, answer: answer)).whenFailure {
      answer.fail($0)
    }
    do {
      let result = try await answer.futureResult.get()
      if channel.isActive { self.channel.withLock { $0 = channel } }
      return result
    } catch {
      channel.close(promise: nil)
      throw error
    }
  }

  private func connect(_ url: ServerURL) async throws -> any Channel {
    let context = url.usesTLS ? try await secureContext() : nil
    let bootstrap = ClientBootstrap(group: group).connectTimeout(Self.connectLimit)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context {
            try pipeline.addHandler(
              NIOSSLClientHandler(context: context, serverHostname: Self.name(url.host)))
          }
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(HTTPExchangeHandler())
        }
      }
    return try await bootstrap.connect(host: url.host, port: url.port).get()
  }

  /// Nil for an address, which has no place in the handshake: the certificate is compared with the peer's then.
  private static func name(_ host: String) -> String? {
    let isAddress = host.contains(":") || host.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    return isAddress ? nil : host
  }

  /// Reads the certificates as they are now, on a thread of its own since the disk may take its time.
  private func secureContext() async throws -> NIOSSLContext {
    let authorities = authorities
    return try await withCheckedThrowingContinuation { continuation in
      do throws(WorkerThread.StartError) {
        _ = try WorkerThread("push-tls") {
          continuation.resume(
            with: Result {
              var configuration = TLSConfiguration.makeClientConfiguration()
              if let authorities { configuration.trustRoots = .file(authorities) }
              return try NIOSSLContext(configuration: configuration)
            })
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  private struct TimedOut: Error {}

  /// For people.
  private static func text(_ error: any Error, _ request: HTTPRequest) -> String {
    switch error {
    case is TimedOut: return "no answer within \(request.timeout) ms"
    case ChannelError.eof: return "the server closed the connection without an answer"
    case ChannelError.connectTimeout: return "no connection within 10 s"
    case let error as IOError: return SystemError.text(error.errnoCode)
    case let error as NIOConnectionError:
      if let dns = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
        return "host \(error.host): \(dns)"
      }
      if let first = error.connectionErrors.first { return text(first.error, request) }
      return "no connection to \(error.host)"
    default: return "\(error)"
    }
  }
}
