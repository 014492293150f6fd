// SPDX-License-Identifier: Apache-2.0

/// A call of a method of a device (`mapper.methods/1`).
package struct MethodRequest: Sendable, Equatable {
  package var session: UInt32
  /// Chosen by the host, comes back in `called`. Calls, scans and descriptions share one set of numbers, and none
  /// is used twice with one engine.
  package var request: UInt64
  /// Place in the driver's `LibraryReport.Driver.methods`.
  package var method: UInt32
  /// Counts from the moment in which the engine takes the command: the wait for the line is part of it.
  package var timeoutMilliseconds: UInt32
  /// In the order and of the types of the method's arguments; texts without a NUL.
  package var arguments: [MethodValue]

  package init(
    session: UInt32, request: UInt64, method: UInt32, timeoutMilliseconds: UInt32, arguments: [MethodValue]
  ) {
    self.session = session
    self.request = request
    self.method = method
    self.timeoutMilliseconds = timeoutMilliseconds
    self.arguments = arguments
  }
}

extension MethodRequest {
  /// What `ext/methods.h` allows.
  package static let maximumArguments = 12

  func encode() -> [UInt8] {
    var writer = FrameWriter(.call, session: session)
    writer.append(request)
    writer.append(method)
    writer.append(timeoutMilliseconds)
    writer.append(arguments) { $0.append($1) }
    return writer.finish()
  }

  init(session: UInt32, reading reader: inout FrameReader) throws(Frame.Malformed) {
    self.session = session
    request = try reader.integer()
    method = try reader.integer()
    timeoutMilliseconds = try reader.integer()
    arguments = try reader.list(minimum: 1, maximum: Self.maximumArguments) {
      (reader) throws(Frame.Malformed) in
      try reader.methodValue()
    }
  }
}
