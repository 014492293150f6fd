// SPDX-License-Identifier: Apache-2.0

/// A search for devices of one driver (`mapper.discovery/1`).
package struct ScanCommand: Sendable, Equatable {
  /// Chosen by the host, comes back in `found`, `progress` and `scanned`; see `MethodRequest.request`.
  package var request: UInt64
  package var driver: String
  /// Checked against the scan schema; sorted by key in byte order, each key once.
  package var options: [Setting]
  /// Counts from the moment in which the engine takes the command.
  package var timeoutMilliseconds: UInt32

  package init(request: UInt64, driver: String, options: [Setting], timeoutMilliseconds: UInt32) {
    self.request = request
    self.driver = driver
    self.options = options
    self.timeoutMilliseconds = timeoutMilliseconds
  }
}

extension ScanCommand {
  func encode() -> [UInt8] {
    var writer = FrameWriter(.scan)
    writer.append(request)
    writer.append(driver)
    writer.append(options)
    writer.append(timeoutMilliseconds)
    return writer.finish()
  }

  init(reading reader: inout FrameReader) throws(Frame.Malformed) {
    request = try reader.integer()
    driver = try reader.text()
    options = try reader.settings()
    timeoutMilliseconds = try reader.integer()
  }
}
