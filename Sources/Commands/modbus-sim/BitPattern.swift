// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// What discrete inputs show.
enum BitPattern: Equatable, ExpressibleByArgument {
  /// The same value always.
  case constant(Bool)
  /// On and off by turns, each period; neighbours opposite.
  case toggle

  init?(argument: String) {
    switch argument {
    case "constant", "constant:0": self = .constant(false)
    case "constant:1": self = .constant(true)
    case "toggle": self = .toggle
    default: return nil
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .constant(let value): "constant:\(value ? 1 : 0)"
    case .toggle: "toggle"
    }
  }

  func bit(at address: Int, _ moment: Moment) -> Bool {
    switch self {
    case .constant(let value): value
    case .toggle: (moment.tick + address) % 2 == 1
    }
  }
}
