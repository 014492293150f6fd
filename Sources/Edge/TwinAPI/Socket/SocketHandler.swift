// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOWebSocket
internal import Synchronization

/// The frames of one WebSocket.
///
/// Messages wait for their reader in a list of at most `waiting`; when it is full the connection is not read, so that a
/// client that asks faster than it is answered waits itself. Lives on the channel's event loop.
final class SocketHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundIn = NIOAny

  static let largestMessage = Limits.body
  private static let waiting = 16
  private static let closingTime = TimeAmount.seconds(1)
  /// Beats without a sign of life after which the client counts as gone.
  private static let patience = 3

  private let output: StreamHandler
  private var messages: [ByteBuffer] = []
  private var reader: CheckedContinuation<ByteBuffer?, Never>?
  private var writers: [CheckedContinuation<Void, Never>] = []
  private var isReadHeld = false
  private var silentBeats = 0
  private var isClosing = false
  private(set) var isOver = false
  private var context: ChannelHandlerContext?

  init(output: StreamHandler) { self.output = output }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  // MARK: For the session

  /// Resumes `reader` with the next message; nil: the socket is over. One reader at a time.
  func next(_ reader: CheckedContinuation<ByteBuffer?, Never>) {
    if !messages.isEmpty {
      reader.resume(returning: messages.removeFirst())
      if isReadHeld, messages.count < Self.waiting {
        isReadHeld = false
        context?.read()
      }
    } else if isOver {
      reader.resume(returning: nil)
    } else {
      self.reader = reader
    }
  }

  /// Resumes once the connection takes more, or is over.
  func whenWritable(_ writer: CheckedContinuation<Void, Never>) {
    if output.isWritable || isOver { writer.resume() } else { writers.append(writer) }
  }

  func becameWritable() {
    let all = writers
    writers = []
    for writer in all { writer.resume() }
  }

  func send(_ frame: ByteBuffer) {
    guard !isClosing else { return }
    output.write(frame)
    output.flush()
  }

  /// Says why, then waits until the client has closed too, so that it can read what was said; not for long.
  func close(_ code: WebSocketErrorCode, _ reason: String) {
    if !isClosing {
      isClosing = true
      output.write(SocketFrame.close(code, reason))
      output.flush()
      context?.eventLoop.assumeIsolated().scheduleTask(in: Self.closingTime) { [output] in output.close() }
    }
    end()
  }

  /// Asks whether the client is still there.
  func beat() {
    guard !isClosing else { return }
    silentBeats += 1
    guard silentBeats <= Self.patience else { return close(.goingAway, "no answer to pings") }
    if output.isWritable { send(SocketFrame.frame(.ping, ByteBuffer())) }
  }

  /// Nothing more comes.
  func end() {
    guard !isOver else { return }
    isOver = true
    messages = []
    reader?.resume(returning: nil)
    reader = nil
    becameWritable()
  }

  // MARK: Frames

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    silentBeats = 0
    guard !isClosing else {
      if frame.opcode == .connectionClose { output.close() }
      return
    }
    switch frame.opcode {
    case .text: take(frame.unmaskedData)
    case .binary: close(.unacceptableData, "messages are text")
    case .ping:
      // Whoever asks without reading gets no answers to pile up.
      if output.isWritable { send(SocketFrame.frame(.pong, frame.unmaskedData)) }
    case .pong: break
    case .connectionClose:
      var content = frame.unmaskedData
      close(content.readWebSocketErrorCode() ?? .normalClosure, "")
      output.close()
    default: close(.protocolError, "an unknown kind of frame")
    }
  }

  private func take(_ message: ByteBuffer) {
    guard !isOver else { return }
    if let reader {
      self.reader = nil
      reader.resume(returning: message)
    } else {
      messages.append(message)
    }
  }

  func read(context: ChannelHandlerContext) {
    if messages.count < Self.waiting { context.read() } else { isReadHeld = true }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength,
      NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge:
      close(.messageTooLarge, "at most \(Self.largestMessage) bytes a message")
    case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error: close(.protocolError, "\(error)")
    default:
      end()
      output.close()
    }
  }

  /// The client sends nothing more.
  func inputEnded() {
    end()
    output.close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }
}
