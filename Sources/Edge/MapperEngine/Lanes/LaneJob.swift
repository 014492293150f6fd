// SPDX-License-Identifier: Apache-2.0

/// What a lane does besides polling. Jobs go ahead of polls, in the order in which they came.
enum LaneJob {
  case create(DeviceSession)
  case destroy(session: UInt32)
  case write(WriteRequest)
  case link(HostContext.LinkReport)
}
