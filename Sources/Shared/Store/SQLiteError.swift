// SPDX-License-Identifier: Apache-2.0

/// What SQLite refused, with the statement and the file.
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A result code: the low 8 bits are the class, the rest says more.
  package struct Code: RawRepresentable, Sendable, Hashable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    private init(_ rawValue: Int32) { self.rawValue = rawValue }

    package static let error = Code(1)
    package static let busy = Code(5)
    package static let locked = Code(6)
    package static let noMemory = Code(7)
    package static let readOnly = Code(8)
    package static let inputOutput = Code(10)
    package static let corrupt = Code(11)
    package static let full = Code(13)
    package static let cannotOpen = Code(14)
    package static let constraint = Code(19)
    package static let mismatch = Code(20)
    package static let misuse = Code(21)
    package static let notADatabase = Code(26)

    package var primary: Code { Code(rawValue & 0xFF) }

    /// A primary code matches all its extended ones; an extended one only itself.
    package static func ~= (pattern: Code, code: Code) -> Bool {
      pattern == code || (pattern == pattern.primary && pattern == code.primary)
    }
  }

  package let code: Code
  /// SQLite's words.
  package let message: String
  /// The statement, or what was done when there was none.
  package let statement: String
  package let path: String
  /// The system's errno where a file could not be opened; else 0.
  package let systemError: Int32

  package init(code: Code, message: String, statement: String, path: String, systemError: Int32 = 0) {
    self.code = code
    self.message = message
    self.statement = statement
    self.path = path
    self.systemError = systemError
  }

  package var description: String { "\(path): \(message) (SQLite \(code.rawValue)) in: \(statement)" }
}
