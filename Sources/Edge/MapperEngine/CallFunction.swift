// SPDX-License-Identifier: Apache-2.0

/// Which function of a driver a thread is in, as the call board notes it.
package enum CallFunction: UInt32, Sendable {
  case create = 1
  case bind
  case open
  case read
  case write
  case close
  case destroy
  case subscribe
  case unsubscribe
  case load
  case unload
  case lane
  case call
  case scan
  case describe

  package var name: String { "\(self)" }
}
