// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import Glibc
internal import Synchronization

/// What a driver reaches through its `mapper_call`, with an eye on how it uses it. Used for one call after the
/// other, and never freed, since a driver may wrongly keep the pointer.
///
/// Sound as `@unchecked Sendable`: the thread that makes the calls owns it; `cancel` and the notes of misuse
/// work on atomics and a lock.
final class ProbeCall: @unchecked Sendable {
  private(set) var deadline: Int64 = 0
  private(set) var failure: String?
  private(set) var itemFailures: [UInt32: String] = [:]
  /// What a scan or a description gave to the sink of this call.
  let sink = ProbeSink()
  /// `alloc` has no memory.
  var isStarved = false

  private var blocks: [UnsafeMutableRawPointer] = []
  private var thread = pthread_self()
  private let isRunning = Atomic(false)
  private let cancelled = Atomic(false)
  /// When `cancel` was last called; monotonic, ns; 0: it was not.
  private let cancelledAt = Atomic<Int64>(0)
  /// Made at once: a driver that asks for it only when it has to wait would seem to leave one open.
  private let descriptor = Atomic<Int32>(sv_eventfd())
  private let misuses = Mutex<[String]>([])

  var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  /// Calls of devices that are gone, to be used again: each has a descriptor.
  private static let idle = Mutex<[ProbeCall]>([])

  static func make() -> ProbeCall {
    if let call = idle.withLock({ $0.popLast() }) { return call }
    let call = ProbeCall()
    _ = Unmanaged.passRetained(call)
    return call
  }

  /// The device is gone; what it noted stays readable until a new device has the call.
  func giveBack() { Self.idle.withLock { $0.append(self) } }

  static func from(_ handle: OpaquePointer) -> ProbeCall {
    Unmanaged<ProbeCall>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  /// - Parameter isCancelled: before it begins.
  func begin(milliseconds: Int, isCancelled: Bool = false) {
    free()
    failure = nil
    itemFailures = [:]
    sink.clear()
    thread = pthread_self()
    deadline = sv_monotonic_ns() + Int64(milliseconds) * 1_000_000
    cancelled.store(false, ordering: .sequentiallyConsistent)
    cancelledAt.store(0, ordering: .sequentiallyConsistent)
    let descriptor = descriptor.load(ordering: .sequentiallyConsistent)
    if descriptor >= 0 { sv_eventfd_clear(descriptor) }
    if isCancelled { cancel() }
    isRunning.store(true, ordering: .sequentiallyConsistent)
  }

  /// The results stay until the next `begin`.
  func end() { isRunning.store(false, ordering: .sequentiallyConsistent) }

  /// Any thread.
  func cancel() {
    cancelledAt.store(sv_monotonic_ns(), ordering: .sequentiallyConsistent)
    cancelled.store(true, ordering: .sequentiallyConsistent)
    let descriptor = descriptor.load(ordering: .sequentiallyConsistent)
    if descriptor >= 0 { sv_eventfd_raise(descriptor) }
  }

  /// How long ago the call was cancelled; 0: it was not.
  var millisecondsSinceCancel: Double {
    let moment = cancelledAt.load(ordering: .sequentiallyConsistent)
    return moment == 0 ? 0 : Double(sv_monotonic_ns() - moment) / 1e6
  }

  /// What the driver did with the call that it must not.
  var misuse: [String] { misuses.withLock { $0 } }

  private func free() {
    for block in blocks { Glibc.free(block) }
    blocks = []
  }

  /// Whether the call may be used here and now.
  func admit(_ function: String) -> Bool {
    guard isRunning.load(ordering: .sequentiallyConsistent) else {
      misuses.withLock { $0.append("\(function) after the call had returned") }
      return false
    }
    guard pthread_equal(thread, pthread_self()) != 0 else {
      misuses.withLock { $0.append("\(function) from another thread than that of the call") }
      return false
    }
    return true
  }

  // ---- what the host's table offers ----

  func isCancelled() -> Bool {
    admit("cancelled") && cancelled.load(ordering: .sequentiallyConsistent)
  }

  func cancelDescriptor() -> Int32 {
    guard admit("cancel_fd") else { return -1 }
    return descriptor.load(ordering: .sequentiallyConsistent)
  }

  func deadlineNanoseconds() -> Int64 { admit("deadline_ns") ? deadline : 0 }

  func allocate(_ size: Int, align: Int) -> UnsafeMutableRawPointer? {
    guard admit("alloc") else { return nil }
    guard align > 0, align & (align - 1) == 0 else {
      misuses.withLock { $0.append("alloc with align \(align), no power of two") }
      return nil
    }
    guard !isStarved, size >= 0, size <= 64 << 20 else { return nil }
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, max(align, MemoryLayout<UInt>.size), max(size, 1)) == 0, let block else {
      return nil
    }
    // A driver that trusts in zeroes is seen.
    memset(block, 0xA5, size)
    blocks.append(block)
    return block
  }

  func fail(_ status: mapper_status, _ text: String) -> mapper_status {
    if admit("fail") { failure = text }
    return status
  }

  func failItem(_ index: UInt32, _ status: mapper_status, _ text: String) -> mapper_status {
    if admit("fail_item") { itemFailures[index] = text }
    return status
  }
}
