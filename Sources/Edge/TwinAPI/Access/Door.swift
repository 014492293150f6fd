// SPDX-License-Identifier: Apache-2.0

/// One of the ways into the API.
enum Door: Sendable {
  /// The kernel says who comes.
  case socket(PeerBook)
  /// A token says who comes. Without any, a loopback port may be read.
  case port(RequestGuard, isLoopback: Bool, isSecure: Bool)
}
