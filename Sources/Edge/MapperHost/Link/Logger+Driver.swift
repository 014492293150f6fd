// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import MapperEngine

extension Logger {
  /// A line of a driver or of its engine.
  ///
  /// - Parameter device: nil: it is of the library as a whole.
  func log(_ level: LogLevel, _ text: String, device: String?) {
    var metadata: Logger.Metadata = [:]
    if let device { metadata["device"] = "\(device)" }
    let level: Logger.Level =
      switch level {
      case .error: .error
      case .warning: .warning
      case .info: .info
      case .debug: .debug
      }
    log(level: level, "\(text)", metadata: metadata)
  }
}
