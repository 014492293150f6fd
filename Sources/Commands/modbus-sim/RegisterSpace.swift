// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The four kinds of data of a unit, each with addresses of its own from 0 on.
enum RegisterSpace: String, CaseIterable, ExpressibleByArgument {
  case coil
  case discrete
  case input
  case holding

  var isBits: Bool { self == .coil || self == .discrete }
  /// Whether a client can write it.
  var isWritable: Bool { self == .coil || self == .holding }
}
