// SPDX-License-Identifier: Apache-2.0

/// What a lane does besides polling. Jobs go ahead of polls, in the order in which they came.
enum LaneJob {
  case create(DeviceSession)
  case destroy(session: UInt32)
  /// With its session, so that it is answered also when the session has ended meanwhile.
  case write(WriteRequest, DeviceSession)
  case work(LaneWork)
  case link(HostContext.LinkReport)
}
