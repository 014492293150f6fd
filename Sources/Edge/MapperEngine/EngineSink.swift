// SPDX-License-Identifier: Apache-2.0
package import CMapper

/// Where an engine's events go: frames to the host of a runner, or straight into a host in process.
///
/// Called from lane threads and from threads of drivers, several at once.
package protocol EngineSink: AnyObject, Sendable {
  /// Events are few and are never dropped.
  func send(_ event: EngineEvent)

  /// Takes a batch; `samples` and what they point to are read before it returns.
  ///
  /// - Parameter mayWait: a lane waits a while for a slow host, a driver's own thread never.
  /// - Returns: false when the batch was dropped, because the host is behind.
  func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, session: UInt32, arrival: Int64, mayWait: Bool
  ) -> Bool
}
