// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// One WebSocket: requests are answered in their order, and the events of its watch come between the answers.
///
/// Sound as `@unchecked Sendable`: `output`, `handler` and `stream` are touched on the channel's event loop only.
final class SocketSession: @unchecked Sendable {
  struct Over: Error {}

  let handlers: Handlers
  let caller: Caller
  let channel: any Channel
  private let pump: WatchPump
  private var output: StreamHandler?
  private var handler: SocketHandler?
  private var stream: WatchStream?

  init(handlers: Handlers, call: Call) {
    self.handlers = handlers
    caller = call.caller
    channel = call.channel
    pump = handlers.watches.pump(
      on: channel.eventLoop, twins: handlers.twins, heartbeat: handlers.heartbeat)
  }

  // MARK: The event loop

  /// Before the answer to the handshake, so that no frame can come too early.
  func install() async throws {
    try await channel.eventLoop.submit {
      let output = try StreamHandler.install(on: self.channel)
      let handler = SocketHandler(output: output)
      let pipeline = self.channel.pipeline.syncOperations
      let all: [any ChannelHandler] = [
        ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: SocketHandler.largestMessage)),
        NIOWebSocketFrameAggregator(
          minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 1024,
          maxAccumulatedFrameSize: SocketHandler.largestMessage),
        handler,
      ]
      try pipeline.addHandlers(all, position: .after(output))
      output.onGone = { [weak self] in
        self?.handler?.inputEnded()
        self?.finish()
      }
      output.onWritable = { [weak handler] in handler?.becameWritable() }
      self.output = output
      self.handler = handler
      self.pump.beat(self) { [weak handler] in handler?.beat() }
    }.get()
  }

  /// From any thread.
  func stop() {
    channel.eventLoop.execute {
      self.handler?.close(.goingAway, "the agent stops")
      self.finish()
    }
  }

  private func finish() {
    if let stream { pump.leave(stream) }
    stream = nil
    pump.stopBeating(self)
    handler?.end()
    output?.onGone = { [weak handler] in handler?.inputEnded() }
    output?.onWritable = {}
  }

  private func join(_ filter: StreamFilter, _ start: StreamStart) {
    if let stream { pump.leave(stream) }
    stream = nil
    guard let output, let handler, !handler.isOver else { return }
    let new = WatchStream(form: .webSocket, filter: filter, start: start, output: output)
    stream = new
    pump.join(new)
    // The watch needs to know as well as the answers that wait.
    let catchUp = output.onWritable
    output.onWritable = { [weak handler] in
      handler?.becameWritable()
      catchUp()
    }
  }

  private func leave() {
    if let stream { pump.leave(stream) }
    stream = nil
    output?.onWritable = { [weak handler] in handler?.becameWritable() }
  }

  // MARK: The requests

  /// Serves the socket until it is over.
  func run() async throws {
    await withTaskCancellationHandler {
      while let message = await next() {
        let request = SocketRequest(Array(message.readableBytesView))
        let (answer, watch) = await request.answer(by: self)
        await send(answer, then: watch)
      }
    } onCancel: {
      stop()
    }
    channel.eventLoop.execute { self.finish() }
    // What the handler said last is on its way; it closes the connection.
    try? await channel.closeFuture.get()
    throw Over()
  }

  private func next() async -> ByteBuffer? {
    await withCheckedContinuation { continuation in
      channel.eventLoop.execute {
        if let handler = self.handler {
          handler.next(continuation)
        } else {
          continuation.resume(returning: nil)
        }
      }
    }
  }

  enum WatchChange: Sendable {
    case none
    case begin(StreamFilter, StreamStart)
    case end
  }

  /// Returns once the connection takes more: a client that does not read its answers gets no further ones.
  private func send(_ answer: [UInt8], then watch: WatchChange) async {
    await withCheckedContinuation { continuation in
      channel.eventLoop.execute {
        guard let handler = self.handler else { return continuation.resume() }
        handler.send(SocketFrame.text(answer))
        switch watch {
        case .none: break
        case .begin(let filter, let start): self.join(filter, start)
        case .end: self.leave()
        }
        handler.whenWritable(continuation)
      }
    }
  }
}
