// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NIOCore

extension IOError {
  var isAddressInUse: Bool { errnoCode == EADDRINUSE }
}
