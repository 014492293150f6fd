// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// The way around HTTP's encoder, for bytes that many connections get alike: a stream writes them here, in front of
/// it, ready for the wire. Tells its owner when the connection takes more again, and when the client is gone.
///
/// Lives on the event loop of its channel, as its owner does.
final class StreamHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  typealias OutboundIn = NIOAny
  typealias OutboundOut = ByteBuffer

  private var context: ChannelHandlerContext?
  var onWritable: () -> Void = {}
  var onGone: () -> Void = {}

  /// On the channel's event loop.
  static func install(on channel: any Channel) throws -> StreamHandler {
    let handler = StreamHandler()
    let pipeline = channel.pipeline.syncOperations
    let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
    try pipeline.addHandler(handler, position: .before(encoder))
    return handler
  }

  func remove() {
    onWritable = {}
    onGone = {}
    if let context { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
  }

  /// False once the connection holds as much as it should: what waits then waits with its owner.
  var isWritable: Bool { context?.channel.isWritable ?? false }
  var isActive: Bool { context?.channel.isActive ?? false }

  func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }
  func flush() { context?.flush() }
  func close() { context?.close(promise: nil) }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { onWritable() }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { onGone() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    onGone()
    context.fireChannelInactive()
  }
}
