// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import Synchronization

/// One stream from begin to end, as the request that asked for it waits for it.
///
/// Sound as `@unchecked Sendable`: `stream`, `output` and `waiter` are touched on the channel's event loop only.
final class StreamSession: @unchecked Sendable {
  struct Gone: Error {}

  private let channel: any Channel
  private let pump: WatchPump
  private var stream: WatchStream?
  private var output: StreamHandler?
  private var waiter: CheckedContinuation<Void, any Error>?
  /// How it ended; nil: it has not.
  private var isGone: Bool?

  init(channel: any Channel, pump: WatchPump) {
    self.channel = channel
    self.pump = pump
  }

  /// Returns when the API ends the stream; throws when the client is gone.
  func run(filter: StreamFilter, start: StreamStart) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        channel.eventLoop.execute { self.begin(filter, start, continuation) }
      }
    } onCancel: {
      end(isGone: true)
    }
  }

  private func begin(
    _ filter: StreamFilter, _ start: StreamStart, _ continuation: CheckedContinuation<Void, any Error>
  ) {
    waiter = continuation
    do {
      let output = try StreamHandler.install(on: channel)
      self.output = output
      output.onGone = { [weak self] in self?.finish(isGone: true) }
      guard output.isActive else { return finish(isGone: true) }
      if let isGone { return finish(isGone: isGone) }
      let stream = WatchStream(form: .eventStream, filter: filter, start: start, output: output)
      self.stream = stream
      pump.join(stream)
    } catch {
      finish(isGone: true)
    }
  }

  /// From any thread.
  func end(isGone: Bool) { channel.eventLoop.execute { self.finish(isGone: isGone) } }

  private func finish(isGone: Bool) {
    self.isGone = self.isGone ?? isGone
    guard let waiter else { return }
    self.waiter = nil
    if let stream { pump.leave(stream) }
    stream = nil
    output?.remove()
    output = nil
    if isGone { waiter.resume(throwing: Gone()) } else { waiter.resume() }
  }
}
