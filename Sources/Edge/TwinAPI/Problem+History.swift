// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes

extension Problem {
  init(_ error: HistoryError) {
    switch error {
    case .deviceNotFound(let device):
      self = .deviceNotFound(device)
    case .propertyNotFound(let device, let property):
      self = .propertyNotFound(property, of: device)
    case .busy:
      self = .busy("Too many queries of the history wait for the disk, or the agent stops.")
    case .storage(let reason):
      self.init(
        .internalServerError, "storage", "the history cannot be read", detail: "Nothing was read: \(reason)")
    }
  }

  static var noHistory: Problem {
    Problem(
      .notFound, "no-history", "this node keeps no history",
      detail: "The key modules.deviceTwin.history.enable of the configuration switches it on.")
  }
}
