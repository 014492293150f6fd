// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

/// What an engine owes an answer for.
enum PendingRequest: Sendable {
  case write(PendingWrite)
  case call(PendingCall)
  case scan(PendingScan)

  /// Nil: of no device.
  var session: Session? {
    switch self {
    case .write(let write): write.session
    case .call(let call): call.session
    case .scan(let scan): scan.session
    }
  }

  /// When it is given up, monotonic nanoseconds.
  var deadline: Int64 {
    switch self {
    case .write(let write): write.deadline
    case .call(let call): call.deadline
    case .scan(let scan): scan.deadline
    }
  }

  /// Nobody will answer: what was done is unknown.
  func finish(_ status: MapperStatus, _ text: String) {
    switch self {
    case .write(let write): write.finish(status, text)
    case .call(let call): call.finish(status, text)
    case .scan(let scan): scan.finish(status, text)
    }
  }

  /// It was not answered in its time.
  func expire() {
    switch self {
    case .write(let write):
      write.finish(.timeout, "no answer from the mapper in \(write.session.writeLimit / 1_000_000) ms")
    case .call, .scan: finish(.timeout, "no answer from the mapper in time")
    }
  }
}
