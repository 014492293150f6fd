// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Glibc
internal import Synchronization

/// What a driver reaches through its `mapper_call`. One for each lane, used for one call after the other.
///
/// Sound as `@unchecked Sendable`: only the thread that runs the lane touches it, but for `cancel`, which
/// works on atomics.
final class CallContext: @unchecked Sendable {
  private(set) var deadline: Int64 = 0
  var arena = Arena()
  /// What `fail` said; nil: nothing.
  var failure: String?
  /// Where the results of a scan or a description go, while one is under way.
  var scan: ScanOutput?
  /// What `fail_item` said, by place in the call's arrays.
  private(set) var itemFailures: [Int: String] = [:]

  private let cancelled = Atomic(false)
  /// An eventfd, made when a driver first asks for it.
  private let descriptor = Atomic<Int32>(-1)

  deinit {
    let descriptor = descriptor.load(ordering: .relaxed)
    if descriptor >= 0 { close(descriptor) }
  }

  var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func from(_ handle: OpaquePointer) -> CallContext {
    Unmanaged<CallContext>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  /// Makes it ready for the next call. The results of the one before are dead from here.
  func begin(deadline: Int64) {
    self.deadline = deadline
    arena.reset()
    failure = nil
    if !itemFailures.isEmpty { itemFailures.removeAll(keepingCapacity: true) }
  }

  /// Before a step of a session, which may make several calls: a cancellation of an earlier step is dead from here.
  func rearm() {
    if cancelled.exchange(false, ordering: .sequentiallyConsistent) {
      let descriptor = descriptor.load(ordering: .sequentiallyConsistent)
      if descriptor >= 0 { sv_eventfd_clear(descriptor) }
    }
  }

  var isCancelled: Bool { cancelled.load(ordering: .sequentiallyConsistent) }

  /// Any thread, while the call is known to be under way.
  func cancel() {
    cancelled.store(true, ordering: .sequentiallyConsistent)
    let descriptor = descriptor.load(ordering: .sequentiallyConsistent)
    if descriptor >= 0 { sv_eventfd_raise(descriptor) }
  }

  var cancelDescriptor: Int32 {
    let known = descriptor.load(ordering: .sequentiallyConsistent)
    if known >= 0 { return known }
    let new = sv_eventfd()
    guard new >= 0 else { return -1 }
    descriptor.store(new, ordering: .sequentiallyConsistent)
    // A cancel between the two found no descriptor to raise.
    if isCancelled { sv_eventfd_raise(new) }
    return new
  }

  /// Texts for more items than any call has are a fault of the driver.
  func failItem(_ index: Int, _ text: String) {
    guard itemFailures.count < 100_000 else { return }
    itemFailures[index] = text
  }
}
