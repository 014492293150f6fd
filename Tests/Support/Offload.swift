// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Runs a blocking call on a thread of its own, since Swift's pool has one thread a core.
package func offload<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
{
  try await withCheckedThrowingContinuation { continuation in
    let work = Work { continuation.resume(with: Swift.Result { try body() }) }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(work).toOpaque()
    guard pthread_create(&thread, nil, runWork, context) == 0 else {
      Unmanaged<Work>.fromOpaque(context).release()
      return continuation.resume(throwing: OutOfThreads())
    }
    pthread_detach(thread)
  }
}

package struct OutOfThreads: Error {}

private final class Work {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

private func runWork(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  // A write to somebody who has gone is an error, and no end of all tests.
  var pipe = sigset_t()
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &pipe, nil)
  if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
  return nil
}

/// Runs `body` on a thread of its own, at once: a server of a test must answer also while Swift's pool is busy.
package func onThread(_ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  let context = Unmanaged.passRetained(Work(body)).toOpaque()
  guard pthread_create(&thread, nil, runWork, context) == 0 else {
    return Unmanaged<Work>.fromOpaque(context).release()
  }
  pthread_detach(thread)
}
