// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Makes SIGTERM and SIGINT readable on a descriptor, to be polled beside sockets.
enum StopSignal {
  // Set once, before the handler that reads it is installed.
  fileprivate nonisolated(unsafe) static var writeEnd: Int32 = -1

  /// The descriptor that becomes readable. Call once.
  static func install() throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure.system("pipe") }
    writeEnd = ends[1]
    signal(SIGTERM, noteStopSignal)
    signal(SIGINT, noteStopSignal)
    return ends[0]
  }
}

private func noteStopSignal(_ number: Int32) {
  var byte: UInt8 = 1
  _ = write(StopSignal.writeEnd, &byte, 1)
}
