// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Logging
internal import MapperEngine
internal import Synchronization

/// A scan, or the description of a device, that is under way.
///
/// The lock is held while an event is told: so that they come one at a time, and none after the end. That is sound
/// because what a listener can do here, cancelling, never calls back from within.
final class PendingScan: Sendable {
  /// Nil: of no device.
  let session: Session?
  /// When it is given up, monotonic nanoseconds.
  let deadline: Int64
  private let driver: String
  private let log: Logger
  private let onEvent: @Sendable (ScanEvent) -> Void
  private let isOver = Mutex(false)

  /// What a scan may take beyond its time limit, for a driver that looks at its deadline now and then.
  private static let grace: Int64 = 2_000_000_000

  init(
    driver: String, session: Session?, milliseconds: UInt32, log: Logger,
    onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) {
    self.driver = driver
    self.session = session
    self.log = log
    self.onEvent = onEvent
    deadline = WallClock.monotonic + Int64(milliseconds) * 1_000_000 + Self.grace
  }

  func found(_ item: FoundItem) {
    do throws(FoundProblem) {
      tell(.found(try FoundDevice(item, driver: driver) { log.warning("\($0)", metadata: metadata) }))
    } catch {
      log.warning("a found device was left out: \(error)", metadata: metadata)
    }
  }

  func progress(done: UInt32, total: UInt32, _ text: String) {
    tell(.progress(done: Int(done), total: Int(total), text: text))
  }

  func finish(_ status: MapperStatus, _ text: String) {
    isOver.withLock { isOver in
      guard !isOver else { return }
      isOver = true
      onEvent(.ended(status, text: text))
    }
  }

  private func tell(_ event: ScanEvent) {
    isOver.withLock { isOver in
      if !isOver { onEvent(event) }
    }
  }

  private var metadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["driver": "\(driver)"]
    if let session { metadata["device"] = "\(session.device)" }
    return metadata
  }
}
