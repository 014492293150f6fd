// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Synchronization

/// What a driver reaches through its `mapper_host`.
///
/// Sound as `@unchecked Sendable`: the C table is constant after init, everything else is a lock or immutable.
final class HostContext: @unchecked Sendable {
  /// What a driver says of a link by itself.
  struct LinkReport: Sendable {
    var session: UInt32
    var state: Int32
    var status: MapperStatus
    var text: String
  }

  let sink: any EngineSink
  let table: UnsafePointer<mapper_host_api>
  let scanSink: UnsafePointer<mapper_sink>
  let buffers = SampleBuffers()
  let pointLists = PointList.Pool()
  private let subscriptions = Mutex<[UInt64: Subscription]>([:])
  private let linkHandler = Mutex<(@Sendable (LinkReport) -> Void)?>(nil)
  private let logLimiter = Mutex(LogLimiter())
  private let nextSubscription = Atomic<UInt64>(1)

  init(sink: any EngineSink) {
    self.sink = sink
    let table = UnsafeMutablePointer<mapper_host_api>.allocate(capacity: 1)
    table.initialize(
      to: mapper_host_api(
        size: UInt32(MemoryLayout<mapper_host_api>.size), abi_minor: UInt32(MAPPER_ABI_MINOR), log: hostLog,
        report: hostReport, link: hostLink, cancelled: callCancelled, cancel_fd: callCancelDescriptor,
        deadline_ns: callDeadline, alloc: callAlloc, fail: callFail, fail_item: callFailItem, query: hostQuery
      ))
    self.table = UnsafePointer(table)
    let scanSink = UnsafeMutablePointer<mapper_sink>.allocate(capacity: 1)
    scanSink.initialize(
      to: mapper_sink(
        size: UInt32(MemoryLayout<mapper_sink>.size), reserved: 0, found: sinkFound, progress: sinkProgress))
    self.scanSink = UnsafePointer(scanSink)
  }

  /// The pointer that a library holds until the process ends, so the context is kept for as long.
  var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

  static func from(_ handle: OpaquePointer) -> HostContext {
    Unmanaged<HostContext>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  func onLink(_ handler: @escaping @Sendable (LinkReport) -> Void) { linkHandler.withLock { $0 = handler } }

  func link(_ report: LinkReport) {
    let handler = linkHandler.withLock { $0 }
    handler?(report)
  }

  func add(_ make: (UInt64) -> Subscription) -> Subscription {
    let subscription = make(nextSubscription.add(1, ordering: .relaxed).oldValue)
    subscriptions.withLock { $0[subscription.id] = subscription }
    return subscription
  }

  func remove(_ subscription: Subscription) {
    subscriptions.withLock { $0[subscription.id] = nil }
  }

  func subscription(_ id: UInt64) -> Subscription? { subscriptions.withLock { $0[id] } }

  func log(_ text: String, level: LogLevel) {
    switch logLimiter.withLock({ $0.admit(at: WallClock.monotonic) }) {
    case .pass: sink.send(.log(session: 0, level: level, text: text))
    case .passAfter(let dropped):
      sink.send(.log(session: 0, level: .warning, text: "\(dropped) log lines of the driver were left out"))
      sink.send(.log(session: 0, level: level, text: text))
    case .drop: break
    }
  }
}
