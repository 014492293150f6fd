// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What somebody waits for.
enum HistoryJob: Sendable {
  case query(HistoryQuery, CheckedContinuation<Result<HistoryAnswer, HistoryError>, Never>)
  case extent(DeviceName, CheckedContinuation<Result<[HistoryExtent], HistoryError>, Never>)
  /// Saves everything now, and tells whether that went well.
  case flush(CheckedContinuation<Bool, Never>)

  func refuse(_ error: HistoryError) {
    switch self {
    case .query(_, let continuation): continuation.resume(returning: .failure(error))
    case .extent(_, let continuation): continuation.resume(returning: .failure(error))
    case .flush(let continuation): continuation.resume(returning: false)
    }
  }
}
