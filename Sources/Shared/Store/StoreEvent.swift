// SPDX-License-Identifier: Apache-2.0

/// What an owner of a store has to know of its file.
package enum StoreEvent: Sendable {
  /// The file was damaged.
  case rebuilt(DamageReport)
  /// Writing fails: what is asked from now on is refused, and what is known is served from memory.
  case unwritable(SQLiteError)
  /// Writing works again. `misses`: what was not on disk when it stopped is not there now, so that the owner has to
  /// write all of it anew.
  case writable(misses: Bool)
}

/// A damaged file: it is kept under another name, and what could be read of it is in a new one.
package struct DamageReport: Sendable, CustomStringConvertible {
  package var path: String
  /// Where the damaged file is now.
  package var aside: String
  /// SQLite's words.
  package var problem: String
  package var rows: Int
  /// What could not be read, for people.
  package var losses: [String]

  package var description: String {
    let lost = losses.isEmpty ? "nothing is lost" : "lost: " + losses.prefix(5).joined(separator: "; ")
    return
      "\(path) was damaged (\(problem)); it is kept as \(aside), and \(rows) rows of it are in a new file; \(lost)"
  }
}
