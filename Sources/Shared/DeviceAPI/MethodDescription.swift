// SPDX-License-Identifier: Apache-2.0

/// A method that a driver offers for each of its devices (`mapper.methods/1`).
package struct MethodDescription: Sendable, Equatable {
  /// What an argument or a result is, as `ext/methods.h` lists it.
  package enum ValueType: String, Sendable, CaseIterable {
    /// Only of a result: there is none.
    case none
    case bool
    case int
    case uint
    case double
    case text
    /// Base64 in JSON.
    case bytes
  }

  package struct Argument: Sendable, Equatable {
    package var name: String
    package var type: ValueType

    package init(name: String, type: ValueType) {
      self.name = name
      self.type = type
    }
  }

  package var name: String
  /// One line for people, or empty.
  package var summary: String
  package var arguments: [Argument]
  package var result: ValueType
  /// Calling it twice does what calling it once does.
  package var isIdempotent: Bool
  package var changesState: Bool
  /// A caller has to confirm.
  package var needsConfirmation: Bool

  package init(
    name: String, summary: String = "", arguments: [Argument] = [], result: ValueType = .none,
    isIdempotent: Bool = false, changesState: Bool = false, needsConfirmation: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.arguments = arguments
    self.result = result
    self.isIdempotent = isIdempotent
    self.changesState = changesState
    self.needsConfirmation = needsConfirmation
  }
}
