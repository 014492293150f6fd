// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// Tells the registry when a client hangs up, also while nothing reads the connection.
///
/// The body's own means for that end the connection with the answer, and a program that calls methods calls
/// many of them.
final class HangUpHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let works: WorkRegistry

  init(_ works: WorkRegistry) { self.works = works }

  func handlerAdded(context: ChannelHandlerContext) { works.opened(ObjectIdentifier(context.channel)) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      works.ended(ObjectIdentifier(context.channel), isClosed: false)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    works.ended(ObjectIdentifier(context.channel), isClosed: true)
    context.fireChannelInactive()
  }
}
