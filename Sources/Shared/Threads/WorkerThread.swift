// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc
internal import Synchronization

/// A named OS thread, for work that blocks, which has no place on Swift's cooperative pool.
///
/// Every signal is blocked in it but those that a fault of its own raises: signals are the main thread's.
package final class WorkerThread: Sendable {
  /// The system has no thread left.
  package struct StartError: Error, CustomStringConvertible {
    package let name: String
    package let number: Int32
    package var description: String { "thread \(name) cannot be started: \(SystemError.text(number))" }
  }

  /// Nil once it was joined.
  private let thread: Mutex<pthread_t?>

  /// Starts the thread. `name` shows in tools, cut to 15 bytes.
  package init(
    _ name: String, stackBytes: Int = 512 << 10, _ body: @escaping @Sendable () -> Void
  ) throws(StartError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    let context = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let number = pthread_create(&thread, &attributes, runWorker, context.toOpaque())
    guard number == 0 else {
      context.release()
      throw StartError(name: name, number: number)
    }
    self.thread = Mutex(thread)
  }

  /// A thread that nobody joins gives its memory back by itself.
  deinit {
    if let thread = thread.withLock({ $0.take() }) { pthread_detach(thread) }
  }

  /// Waits for the end of the thread; at once when that was done before. Not from the thread itself.
  package func join() {
    if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
  }
}

private final class Start: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func runWorker(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
  sv_thread_prepare(start.name)
  start.body()
  return nil
}
