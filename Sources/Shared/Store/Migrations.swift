// SPDX-License-Identifier: Apache-2.0

/// The numbered steps from an empty file to the schema of this program.
///
/// Step 1 is the first. A step that was ever released is never edited; a new one is added.
package struct Migrations: Sendable {
  /// The file was written by a later program, which may keep things that this one would damage.
  package struct TooNew: Error, CustomStringConvertible {
    package let path: String
    package let found: Int
    package let known: Int
    package var description: String {
      "\(path): its schema has version \(found), this program knows versions up to \(known); "
        + "use the program that wrote it, or move the file away"
    }
  }

  private let steps: [String]

  package init(_ steps: [String]) { self.steps = steps }

  package var latest: Int { steps.count }

  /// Brings the file to the latest version, each step in a transaction of its own.
  package func apply(to database: Database) throws {
    let found = try database.userVersion
    guard found <= latest else { throw TooNew(path: database.path, found: found, known: latest) }
    for (index, step) in steps.enumerated().dropFirst(found) {
      try database.transaction { () throws(SQLiteError) in
        try database.execute(step)
        try database.execute("PRAGMA user_version=\(index + 1)")
      }
    }
  }
}
