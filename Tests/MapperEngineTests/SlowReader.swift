// SPDX-License-Identifier: Apache-2.0
import CShims
import DeviceAPI
import Synchronization
import Threads

@testable import MapperEngine

/// Reads a runner's frames, with a rest after each lot, so that the socket's buffer is full most of the time.
final class SlowReader: Sendable {
  struct Seen: Sendable {
    var bound: Set<UInt32> = []
    var unbound: Set<UInt32> = []
    var samples = 0
    /// Samples of a session that has ended.
    var late = 0
    var fault: String?
    var isAtEnd = false
  }

  private let descriptor: Int32
  private let state = Mutex(Seen())
  private let thread = Mutex<WorkerThread?>(nil)

  init(descriptor: Int32) { self.descriptor = descriptor }

  var seen: Seen { state.withLock { $0 } }

  func start() throws {
    let thread = try WorkerThread("slow-reader") { [self] in read() }
    self.thread.withLock { $0 = thread }
  }

  func join() { thread.withLock { $0?.join() } }

  func waits(_ condition: (Seen) -> Bool) -> Bool {
    let deadline = WallClock.monotonic + 30_000_000_000
    while WallClock.monotonic < deadline {
      if condition(seen) { return true }
      sv_sleep_ms(1)
    }
    return false
  }

  private func read() {
    var input = FrameInput(descriptor: descriptor)
    defer { state.withLock { $0.isAtEnd = true } }
    while input.fill() {
      do throws(Frame.Malformed) {
        while try input.next({ (frame, header) throws(Frame.Malformed) in try take(frame, header) }) != nil {}
      } catch {
        state.withLock { $0.fault = error.description }
        return
      }
      sv_sleep_ms(1)
    }
  }

  private func take(_ frame: UnsafeRawBufferPointer, _ header: Frame.Header) throws(Frame.Malformed) {
    guard header.kind != Frame.Kind.samples.rawValue else {
      var samples: [Sample] = []
      _ = try SampleFrame.decode(
        frame, header: header, mapping: [.init(property: 0, type: .int)], into: &samples)
      return state.withLock { seen in
        seen.samples += samples.count
        if seen.unbound.contains(header.session) { seen.late += samples.count }
      }
    }
    switch try EngineEvent(frame: frame, header: header) {
    case .bound(let outcome): state.withLock { _ = $0.bound.insert(outcome.session) }
    case .unbound(let session): state.withLock { _ = $0.unbound.insert(session) }
    default: break
    }
  }
}
