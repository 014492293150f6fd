// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// A descriptor that any thread can make readable, to wake one that waits in `poll`.
package final class WakeUp: Sendable {
  package let descriptor: Int32

  package struct CreateError: Error, CustomStringConvertible {
    package let number: Int32
    package var description: String { "no event descriptor: \(SystemError.text(number))" }
  }

  package init() throws(CreateError) {
    descriptor = sv_eventfd()
    guard descriptor >= 0 else { throw CreateError(number: errno) }
  }

  deinit { close(descriptor) }

  package func raise() { sv_eventfd_raise(descriptor) }
  package func clear() { sv_eventfd_clear(descriptor) }
}
