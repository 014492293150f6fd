// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
package import Testing

/// Runs each test of a suite on a thread that is not one of Swift's pool: for tests that block, which others would wait
/// for. The pool has one thread a core.
package struct BlockingTests: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
  }
}

extension Trait where Self == BlockingTests {
  /// The tests block.
  package static var blocking: Self { Self() }
}

/// At most four threads, which end when there is nothing to do; what they have not begun waits in order.
private final class BlockingExecutor: TaskExecutor {
  static let shared = BlockingExecutor()
  private static let limit = 4

  private struct State {
    var jobs: [UnownedJob] = []
    var threads = 0
  }

  private let state = Mutex(State())

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let needsThread = state.withLock { state in
      state.jobs.append(job)
      guard state.threads < Self.limit else { return false }
      state.threads += 1
      return true
    }
    guard needsThread else { return }
    var thread = pthread_t()
    if pthread_create(&thread, nil, runJobs, Unmanaged.passUnretained(self).toOpaque()) == 0 {
      pthread_detach(thread)
    } else {
      run()
    }
  }

  /// Until there is nothing to do.
  fileprivate func run() {
    while true {
      let next = state.withLock { state -> UnownedJob? in
        guard !state.jobs.isEmpty else {
          state.threads -= 1
          return nil
        }
        return state.jobs.removeFirst()
      }
      guard let next else { return }
      next.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}

private func runJobs(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context { Unmanaged<BlockingExecutor>.fromOpaque(context).takeUnretainedValue().run() }
  return nil
}
