// SPDX-License-Identifier: Apache-2.0

/// What SO_PEERCRED tells of the process that connected: the kernel's `struct ucred`, which the C library hides from Swift.
struct PeerCredentials: Sendable {
  var processID: Int32 = 0
  var userID: UInt32 = .max
  var groupID: UInt32 = .max
}
