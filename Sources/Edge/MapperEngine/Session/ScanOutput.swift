// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// Where a scan or a description puts what it finds: the object behind `mapper_sink`.
///
/// For the thread that runs the lane, for the length of one call.
final class ScanOutput {
  /// What is found beyond it is not taken.
  static let maximumItems = 10_000
  /// Nanoseconds from one progress event to the next.
  private static let progressInterval: Int64 = 200_000_000

  private let request: UInt64
  /// For the log: "a scan of modbus", "the description of default/pump-1".
  private let origin: String
  private let limit: Int
  private let host: HostContext
  private unowned let call: CallContext
  private var taken = 0
  /// Whether more was found than was taken.
  private(set) var isFull = false
  private var lastProgress: Int64 = .min / 2
  private var heldProgress: EngineEvent?

  init(request: UInt64, origin: String, limit: Int, host: HostContext, call: CallContext) {
    self.request = request
    self.origin = origin
    self.limit = limit
    self.host = host
    self.call = call
  }

  func found(_ foreign: UnsafeRawPointer) -> mapper_status {
    guard !call.isCancelled else { return MAPPER_CANCELLED }
    guard taken < limit else {
      isFull = true
      return MAPPER_CLOSED
    }
    do throws(MapperLoadError) {
      host.sink.send(.found(request: request, try FoundItem(foreign)))
    } catch {
      host.log("\(origin) found something that is left out: \(error)", level: .warning)
      return MAPPER_INVALID
    }
    taken += 1
    return stillWanted
  }

  /// Passes on what comes at least `progressInterval` after the one before, and holds back the latest.
  func progress(done: UInt32, total: UInt32, text: String) -> mapper_status {
    guard !call.isCancelled else { return MAPPER_CANCELLED }
    let event = EngineEvent.progress(request: request, done: done, total: total, text: text)
    let now = WallClock.monotonic
    if now - lastProgress >= Self.progressInterval {
      lastProgress = now
      heldProgress = nil
      host.sink.send(event)
    } else {
      heldProgress = event
    }
    return stillWanted
  }

  /// After the driver came back: the last progress always reaches the host.
  func finish() {
    if let heldProgress { host.sink.send(heldProgress) }
    heldProgress = nil
  }

  private var stillWanted: mapper_status {
    WallClock.monotonic < call.deadline ? MAPPER_OK : MAPPER_TIMEOUT
  }
}
