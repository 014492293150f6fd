// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// A request on its way into the pipeline, with who waits for the answer.
struct HTTPExchange: Sendable {
  let head: HTTPRequestHead
  let body: ByteBuffer
  let answer: EventLoopPromise<HTTPAnswer>
}

/// One exchange after the other on one connection; used on its event loop.
final class HTTPExchangeHandler: ChannelDuplexHandler {
  typealias OutboundIn = HTTPExchange
  typealias OutboundOut = HTTPClientRequestPart
  typealias InboundIn = HTTPClientResponsePart

  /// Of an answer's body; the rest is read and forgotten.
  private static let textLimit = 1_024

  private var waiting: EventLoopPromise<HTTPAnswer>?
  private var answer: HTTPAnswer?
  private var bytes: [UInt8] = []
  private var isKept = true

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let exchange = unwrapOutboundIn(data)
    waiting = exchange.answer
    context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // One of 100 to 199 comes before the answer.
      guard head.status.code >= 200 else { return }
      answer = HTTPAnswer(status: Int(head.status.code), text: "")
      isKept = head.isKeepAlive
      bytes = []
    case .body(let part):
      let room = max(Self.textLimit - bytes.count, 0)
      bytes.append(contentsOf: part.readableBytesView.prefix(room))
    case .end:
      guard var answer else { return }
      answer.text = String(decoding: bytes, as: UTF8.self)
      self.answer = nil
      waiting?.succeed(answer)
      waiting = nil
      if !isKept { context.close(promise: nil) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    waiting?.fail(ChannelError.eof)
    waiting = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    waiting?.fail(error)
    waiting = nil
    context.close(promise: nil)
  }
}
