// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The points of one reading that gave no value.
struct ReadFailures {
  var count = 0
  /// Of the first of them.
  var status = MapperStatus.ok
  var reason = ""
}
